package mill.core.group;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import mill.core.EventLoop;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.natives.platform.Platform;

/**
 * An address that an {@link EventLoopGroup} accepts connections on. Any thread.
 *
 * <p>When the system has no descriptors or memory left for a connection, accepting pauses for some
 * milliseconds and is tried again; connections wait in the backlog meanwhile, and those that are
 * there are served.
 */
public final class GroupListener implements AutoCloseable {
  private final AcceptMode mode;
  private final SocketAddress localAddress;
  private final ConnectionDistributor distributor;
  private final Consumer<GroupListener> forget;
  private final AtomicLong pauses = new AtomicLong();
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  private final Object lock = new Object();

  @GuardedBy("lock")
  private final List<Acceptor> acceptors = new ArrayList<>();

  @GuardedBy("lock")
  private int closed;

  private GroupListener(
      AcceptMode mode,
      SocketAddress localAddress,
      ConnectionDistributor distributor,
      Consumer<GroupListener> forget) {
    this.mode = mode;
    this.localAddress = localAddress;
    this.distributor = distributor;
    this.forget = forget;
  }

  static GroupListener open(
      List<EventLoop> loops,
      Platform platform,
      SocketAddress address,
      int backlog,
      AcceptMode wanted,
      StreamAcceptor acceptor,
      Consumer<GroupListener> forget)
      throws IOException {
    AcceptMode mode = wanted.resolve(platform, loops.size());
    List<TcpListener> listeners =
        mode == AcceptMode.SHARDED
            ? bindShards(platform, address, backlog, loops.size())
            : List.of(TcpListener.bind(platform, address, backlog));
    boolean started = false;
    try {
      SocketAddress local = listeners.getFirst().localAddress();
      var listener =
          new GroupListener(mode, local, new ConnectionDistributor(loops, acceptor), forget);
      listener.start(loops, listeners);
      started = true;
      return listener;
    } finally {
      if (!started) {
        listeners.forEach(TcpListener::close);
      }
    }
  }

  // The first one may choose the port, the others join it.
  private static List<TcpListener> bindShards(
      Platform platform, SocketAddress address, int backlog, int count) throws IOException {
    var listeners = new ArrayList<TcpListener>(count);
    boolean bound = false;
    try {
      listeners.add(TcpListener.bindShared(platform, address, backlog));
      SocketAddress local = listeners.getFirst().localAddress();
      while (listeners.size() < count) {
        listeners.add(TcpListener.bindShared(platform, local, backlog));
      }
      bound = true;
      return listeners;
    } finally {
      if (!bound) {
        listeners.forEach(TcpListener::close);
      }
    }
  }

  private void start(List<EventLoop> loops, List<TcpListener> listeners) throws IOException {
    synchronized (lock) {
      for (int i = 0; i < listeners.size(); i++) {
        acceptors.add(Acceptor.start(loops.get(i), listeners.get(i), new Shard(i, loops.size())));
      }
    }
  }

  /** What one acceptor does with its connections. Its calls never overlap. */
  private final class Shard implements Acceptor.Target {
    private final int loops;
    private int next;

    Shard(int first, int loops) {
      this.loops = loops;
      next = first;
    }

    @Override
    public void accepted(TcpStream stream) {
      int loop = next;
      if (mode == AcceptMode.HANDOFF) {
        next = (loop + 1) % loops;
      }
      distributor.deliver(loop, stream);
    }

    @Override
    public void paused() {
      pauses.incrementAndGet();
    }

    @Override
    public void failed(Throwable error) {
      failure.compareAndSet(null, error);
      System.getLogger("mill.core")
          .log(Level.ERROR, "accepting on " + localAddress + " has ended", error);
    }
  }

  /**
   * {@return where this listens, with the port that was chosen if that was left to the system} Any
   * thread.
   */
  public SocketAddress localAddress() {
    return localAddress;
  }

  /**
   * {@return how connections come to the loops: {@link AcceptMode#SHARDED} or {@link
   * AcceptMode#HANDOFF}} Any thread.
   */
  public AcceptMode mode() {
    return mode;
  }

  /**
   * Counts the connections that {@link StreamAcceptor#onAccept} was called for on one loop.
   *
   * @param loop the loop's place in {@link EventLoopGroup#loops()}
   * @return the number of connections
   * @throws IndexOutOfBoundsException if there is no such loop
   */
  public long accepted(int loop) {
    return distributor.accepted(loop);
  }

  /**
   * {@return how many connections were closed at once, since no loop took them: all had as many
   * tasks waiting as {@link mill.core.LoopConfig#taskQueueCapacity()} allows, or had ended} Any
   * thread.
   */
  public long refused() {
    return distributor.refused();
  }

  /**
   * {@return how often accepting paused because the system was out of descriptors or memory} Any
   * thread.
   */
  public long pauses() {
    return pauses.get();
  }

  /**
   * {@return why accepting ended, if it was not {@link #close} that ended it: the first error,
   * which has been logged as well; or empty} Any thread.
   *
   * <p>With {@link AcceptMode#SHARDED} the listeners of the other loops go on; close this to end
   * them too.
   */
  public Optional<Throwable> failure() {
    return Optional.ofNullable(failure.get());
  }

  /**
   * Stops accepting; connections that were accepted live on. Those that wait in the backlog are
   * reset by the system. A second call does nothing.
   */
  @Override
  public void close() {
    closeListeners();
    forget.accept(this);
  }

  void closeListeners() {
    synchronized (lock) {
      for (Acceptor acceptor : acceptors) {
        if (acceptor.close()) {
          closed++;
        }
      }
    }
  }

  /** How many sockets {@link #closeListeners} has closed. */
  int closed() {
    synchronized (lock) {
      return closed;
    }
  }

  /** {@return address and mode} Any thread. */
  @Override
  public String toString() {
    return "GroupListener[" + localAddress + ", " + mode + "]";
  }
}
