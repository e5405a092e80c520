package mill.core.group;

import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import mill.core.EventLoop;
import mill.core.internal.UncaughtExceptions;
import mill.natives.net.TcpStream;

/**
 * Brings accepted connections to the loops of a group, and counts them. Whatever happens, a
 * connection is either the {@link StreamAcceptor}'s or closed. Any thread.
 */
final class ConnectionDistributor {
  private final List<EventLoop> loops;
  private final LoopRotation handOffs;
  private final StreamAcceptor acceptor;
  private final AtomicLongArray accepted;
  private final AtomicLong refused = new AtomicLong();

  /**
   * Makes it.
   *
   * @param handOffs whose turn it is, for all listeners of the group together: one counter for each
   *     would give every first connection to the same loop
   */
  ConnectionDistributor(List<EventLoop> loops, LoopRotation handOffs, StreamAcceptor acceptor) {
    this.loops = loops;
    this.handOffs = handOffs;
    this.acceptor = acceptor;
    accepted = new AtomicLongArray(loops.size());
  }

  /**
   * Gives a connection to the loop whose turn it is, or to the next one that takes it.
   *
   * @param atOnce as for {@link #deliver}
   */
  void handOff(TcpStream stream, boolean atOnce) {
    deliver(handOffs.next(), stream, atOnce);
  }

  /**
   * Gives a connection to a loop, or to the next one that takes it.
   *
   * @param atOnce whether the calling thread may be a loop's that takes it here and now; otherwise
   *     it is brought as a task
   */
  void deliver(int first, TcpStream stream, boolean atOnce) {
    boolean delivered = false;
    try {
      for (int i = 0; i < loops.size() && !delivered; i++) {
        delivered = tryDeliver((first + i) % loops.size(), stream, atOnce);
      }
    } finally {
      if (!delivered) {
        refused.incrementAndGet();
        stream.close();
      }
    }
  }

  long accepted(int loop) {
    return accepted.get(loop);
  }

  long refused() {
    return refused.get();
  }

  private boolean tryDeliver(int index, TcpStream stream, boolean atOnce) {
    EventLoop loop = loops.get(index);
    if (atOnce && loop.isLoopThread()) {
      take(index, stream);
      return true;
    }
    try {
      loop.execute(() -> take(index, stream));
      return true;
    } catch (RejectedExecutionException e) {
      return false; // as many tasks wait as it allows, or it has ended
    }
  }

  private void take(int index, TcpStream stream) {
    accepted.incrementAndGet(index);
    EventLoop loop = loops.get(index);
    try {
      acceptor.onAccept(loop, stream);
    } catch (Throwable thrown) {
      fail(loop, stream, thrown);
    }
  }

  // Nothing may leave this: it would end accepting.
  private void fail(EventLoop loop, TcpStream stream, Throwable thrown) {
    try {
      stream.close();
    } catch (RuntimeException e) {
      thrown.addSuppressed(e);
    }
    try {
      acceptor.onError(loop, stream, thrown);
    } catch (Throwable second) {
      UncaughtExceptions.report(second);
    }
  }
}
