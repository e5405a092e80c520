package mill.core.net;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import mill.core.internal.loop.AcceptHandle;
import mill.core.internal.loop.AcceptSource;
import mill.core.internal.loop.TcpSource;
import mill.core.internal.loop.UnixSource;
import mill.natives.net.TcpListener;
import mill.natives.net.UnixListener;
import mill.natives.platform.Platform;
import org.jspecify.annotations.Nullable;

/**
 * The sockets that a server listens with: one on each of its loops where the system spreads
 * connections over them, else one on one of them. Any thread.
 *
 * <p>When a loop ends, and others go on, the one socket moves to another; of several, the loop's
 * own is closed, so that the system spreads over the others.
 */
final class ServerListeners {
  private static final String ALL_ENDED = "all loops of the server have ended";

  private final TcpServer server;
  private final List<ServerPart> parts;
  private final BooleanSupplier isToEnd;
  private final Object lock = new Object();

  // Changed holding the lock, read without.
  private final CopyOnWriteArrayList<ServerListener> all = new CopyOnWriteArrayList<>();
  private volatile long pausesBefore; // of those that are here no more

  @GuardedBy("lock")
  private boolean closed;

  /**
   * Makes it, without sockets.
   *
   * @param isToEnd whether the loops are to end, all of them: nothing moves then
   */
  ServerListeners(TcpServer server, List<ServerPart> parts, BooleanSupplier isToEnd) {
    this.server = server;
    this.parts = parts;
    this.isToEnd = isToEnd;
  }

  /**
   * Listens from now on.
   *
   * @return where
   * @throws IOException if the kernel refuses; nothing stays open
   */
  SocketAddress start(SocketAddress wanted) throws IOException {
    List<AcceptSource> sources = sources(wanted);
    boolean done = false;
    try {
      SocketAddress address = sources.getFirst().address();
      boolean staysHere = sources.size() == parts.size();
      synchronized (lock) {
        for (int i = 0; i < sources.size(); i++) {
          start(sources.get(i), parts.get(i), staysHere);
        }
      }
      done = true;
      return address;
    } finally {
      if (!done) {
        sources.forEach(source -> source.pollable().close());
      }
    }
  }

  private List<AcceptSource> sources(SocketAddress wanted) throws IOException {
    Platform platform = parts.getFirst().home.seam.platform();
    int backlog = TcpListener.DEFAULT_BACKLOG;
    if (!(wanted instanceof InetSocketAddress)) {
      return List.of(new UnixSource(UnixListener.bind(platform, wanted, backlog)));
    }
    if (parts.size() == 1 || !platform.balancesListeners()) {
      return List.of(new TcpSource(TcpListener.bind(platform, wanted, backlog)));
    }
    return TcpListener.bindShards(platform, wanted, backlog, parts.size()).stream()
        .<AcceptSource>map(TcpSource::new)
        .toList();
  }

  private void start(AcceptSource source, ServerPart part, boolean staysHere) throws IOException {
    all.add(ServerListener.start(server, part.home, source, staysHere));
  }

  // ---- while they listen

  /** There may be room again. */
  void look() {
    for (ServerListener one : all) {
      one.handle().look();
    }
  }

  /** How many listen. */
  int open() {
    return (int) all.stream().map(ServerListener::handle).filter(AcceptHandle::isOpen).count();
  }

  /** How often accepting paused because the system was out of descriptors or memory. */
  long pauses() {
    return pausesBefore + all.stream().mapToLong(one -> one.handle().pauses()).sum();
  }

  /** A loop takes nothing over any more. On its thread, or on the one that closes it. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // holding the lock
  void loopEnds(LoopConnections home) {
    synchronized (lock) {
      if (closed || isToEnd.getAsBoolean()) {
        return; // they end with their loops
      }
      for (ServerListener one : all) {
        if (one.home().equals(home)) {
          all.remove(one);
          pausesBefore += one.handle().pauses();
          move(one);
        }
      }
      if (open() == 0) {
        server.failed(new IllegalStateException(ALL_ENDED));
      }
    }
  }

  /**
   * Whether the one socket moves on when a loop ends, and connections go to other loops. Any
   * thread.
   */
  boolean othersTakeOver(LoopConnections home) {
    synchronized (lock) {
      return !closed
          && !isToEnd.getAsBoolean()
          && all.stream().noneMatch(ServerListener::staysHere)
          && parts.stream().anyMatch(part -> !part.hasEnded() && !part.home.equals(home));
    }
  }

  private void move(ServerListener from) {
    AcceptSource source = from.detach();
    ServerPart next = from.staysHere() ? null : nextPart();
    try {
      if (next == null) {
        source.pollable().close();
      } else {
        start(source, next, false);
      }
    } catch (IOException | RuntimeException e) {
      server.failed(e); // and the source is closed
    }
  }

  private @Nullable ServerPart nextPart() {
    for (ServerPart part : parts) {
      if (!part.hasEnded()) {
        return part;
      }
    }
    return null;
  }

  /** Takes what waits, as far as the limits allow, and listens no more. */
  void close() {
    synchronized (lock) {
      closed = true;
    }
    for (ServerListener one : all) {
      one.handle().close();
    }
  }
}
