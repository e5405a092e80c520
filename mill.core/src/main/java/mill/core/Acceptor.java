package mill.core;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import mill.core.internal.ClassFolders;
import mill.core.internal.UncaughtExceptions;
import mill.core.internal.loop.AcceptHandle;
import mill.core.internal.loop.AcceptLimit;
import mill.core.internal.loop.AcceptSource;
import mill.core.internal.loop.SocketAcceptor;
import mill.natives.ErrnoException;
import mill.natives.net.StreamSocket;
import mill.natives.net.TcpListener;
import org.jspecify.annotations.Nullable;

/**
 * Accepts the connections of one listener, and pauses when the system has nothing left to make them
 * of, or as many are open as may be.
 *
 * <pre>
 *                 EMFILE, ENFILE, ENOBUFS, ENOMEM
 *               ┌─────────────────────────────────▶ EXHAUSTED ── BACK_OFF_NS ──┐
 *   ACCEPTING ──┤                                                              │
 *     │  ▲      └── as many are open as may be ──▶ FULL ── there is room ──────┤
 *     │  └─────────────────────────────────────────────────────────────────────┘
 *     └──▶ closed: any other error, close(), or the loop's end
 * </pre>
 *
 * <p>The listener is level-triggered. Without the pauses a connection that cannot be accepted would
 * be reported again at once, and the loop would spin.
 *
 * <p>Knows its loop only by the gate. Events and deliveries come one at a time; everything else on
 * any thread.
 */
final class Acceptor implements AcceptHandle {
  static {
    // What an accept without descriptors comes to, down to the handlers, must be there already.
    ClassFolders.load(Acceptor.class, TcpListener.class);
  }

  /** What its owner has asked for. */
  private enum End {
    NONE,
    CLOSED,
    DETACHED
  }

  /** How many connections one event takes, so that the others of the loop have their turn. */
  static final int ACCEPTS_PER_EVENT = 64;

  /** How long to wait for descriptors or memory: 40 futile attempts a second. */
  static final long BACK_OFF_NS = TimeUnit.MILLISECONDS.toNanos(25);

  /** What {@code accept(2)} reports when a connection waits and could be accepted later. */
  private static final Set<String> EXHAUSTED = Set.of("EMFILE", "ENFILE", "ENOBUFS", "ENOMEM");

  private final AcceptSource source;
  private final int backlog;
  private final AcceptLimit limit;
  private final SocketAcceptor handler;
  private final AcceptGate gate;
  private final SocketAddress address;
  private final Runnable left = this::left;
  private final AtomicInteger open = new AtomicInteger();
  private final AtomicLong pauses = new AtomicLong();
  private final AtomicReference<End> end = new AtomicReference<>(End.NONE);
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  // Raised after the gate was shut for a limit, lowered before it is opened: whoever makes room and
  // sees it lowered has come before the last look at the limit.
  private volatile boolean full;

  Acceptor(
      AcceptSource source, int backlog, AcceptLimit limit, SocketAcceptor handler, AcceptGate gate)
      throws IOException {
    this.source = source;
    this.backlog = backlog;
    this.limit = limit;
    this.handler = handler;
    this.gate = gate;
    address = source.address();
  }

  @Override
  public SocketAddress address() {
    return address;
  }

  @Override
  public boolean isOpen() {
    return end.get() == End.NONE && source.pollable().isOpen();
  }

  int open() {
    return open.get();
  }

  @Override
  public long pauses() {
    return pauses.get();
  }

  @Override
  public @Nullable Throwable failure() {
    return failure.get();
  }

  // ---- events

  /** Connections wait. */
  void acceptReady() throws IOException {
    for (int i = 0; i < ACCEPTS_PER_EVENT; i++) {
      if (!limit.enter()) {
        pauseWhileFull();
        return;
      }
      StreamSocket stream;
      try {
        stream = acceptOne();
      } catch (ErrnoException e) {
        if (!EXHAUSTED.contains(e.errnoName())) {
          throw e;
        }
        pause();
        return;
      } catch (ClosedChannelException e) {
        return; // closed on another thread, and not for an error of ours
      }
      if (stream == null) {
        return;
      }
      deliver(stream);
    }
  }

  /** The listener has been closed for an error. */
  void failed(Throwable error) {
    if (!failure.compareAndSet(null, error)) {
      return;
    }
    try {
      handler.onFailure(address, error);
    } catch (Throwable second) {
      UncaughtExceptions.report(second);
    }
  }

  /** The time of a pause is over, or there is room. The loop's thread. */
  void resume() {
    try {
      full = false;
      gate.setOpen(true);
    } catch (ClosedChannelException | IllegalStateException e) {
      // closed on another thread meanwhile: there is nothing to resume
    } catch (IOException e) {
      gate.close();
      failed(e);
    }
  }

  /** Accepts one for the place that was taken; null, and the place is free, if none. */
  private @Nullable StreamSocket acceptOne() throws IOException {
    StreamSocket stream = null;
    try {
      stream = source.accept();
    } finally {
      if (stream == null) {
        giveBackPlace();
      }
    }
    if (stream != null) {
      open.incrementAndGet();
      stream.onClose(left);
    }
    return stream;
  }

  private void deliver(StreamSocket stream) {
    try {
      handler.onAccept(stream);
    } catch (Throwable thrown) {
      fail(stream, thrown);
    }
  }

  // Nothing may leave this: it would end accepting.
  private void fail(StreamSocket stream, Throwable thrown) {
    try {
      stream.close();
    } catch (RuntimeException e) {
      UncaughtExceptions.suppress(e, thrown);
    }
    try {
      handler.onError(stream, thrown);
    } catch (Throwable second) {
      UncaughtExceptions.report(second);
    }
  }

  // ---- pauses

  private void pause() throws IOException {
    if (shut()) {
      pauses.incrementAndGet();
      resumeAfter(BACK_OFF_NS);
    }
  }

  private void pauseWhileFull() throws IOException {
    if (shut()) {
      full = true;
      resumeWithRoom();
    }
  }

  private void resumeWithRoom() {
    long inNs = limit.roomInNs();
    if (inNs != AcceptLimit.UNKNOWN) {
      resumeAfter(inNs);
    }
  }

  private boolean shut() throws IOException {
    try {
      gate.setOpen(false);
      return true;
    } catch (ClosedChannelException | IllegalStateException e) {
      return false; // closed on another thread meanwhile
    }
  }

  private void resumeAfter(long delayNs) {
    try {
      gate.resumeAfter(delayNs);
    } catch (RejectedExecutionException e) {
      // The loop is at its end, and accepts no more.
    }
  }

  // ---- the limit

  /** A connection was closed, on whatever thread that was. */
  private void left() {
    open.decrementAndGet();
    giveBackPlace();
  }

  @Override
  public void look() {
    if (full) {
      resumeWithRoom();
    }
  }

  private void giveBackPlace() {
    limit.leave();
    look();
  }

  // ---- the end

  @Override
  public void close() {
    boolean first = end.compareAndSet(End.NONE, End.CLOSED);
    if (end.get() == End.DETACHED) {
      return; // it is somebody else's
    }
    try {
      if (first && !gate.hasEnded()) {
        hand(takeWaiting());
      }
    } finally {
      gate.close();
    }
  }

  @Override
  public void detach() {
    if (end.compareAndSet(End.NONE, End.DETACHED)) {
      gate.detach();
    }
  }

  private void hand(List<StreamSocket> waiting) {
    if (waiting.isEmpty()) {
      return;
    }
    handler.handsOver();
    try {
      gate.deliver(() -> {
        try {
          waiting.forEach(this::deliver);
        } finally {
          handler.hasHandedOver();
        }
      });
    } catch (RejectedExecutionException e) {
      waiting.forEach(StreamSocket::close); // the loop has ended just now, and nobody takes them
      handler.hasHandedOver();
    }
  }

  // The system resets what a listener leaves in its queue. On Linux one more than the backlog
  // waits there.
  private List<StreamSocket> takeWaiting() {
    var waiting = new ArrayList<StreamSocket>();
    try {
      while (waiting.size() <= backlog && limit.enter()) {
        StreamSocket stream = acceptOne();
        if (stream == null) {
          break;
        }
        waiting.add(stream);
      }
    } catch (ClosedChannelException e) {
      // Closed by somebody else: nothing waits any more.
    } catch (IOException e) {
      System.getLogger("mill.core")
          .log(Level.DEBUG, () -> "connections that wait on " + address + " are lost: " + e);
    }
    return waiting;
  }
}
