package mill.core.group;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import mill.core.AcceptHandler;
import mill.core.EventLoop;
import mill.core.ListenerConfig;
import mill.core.LoopListener;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.natives.platform.Platform;
import org.jspecify.annotations.Nullable;

/**
 * An address that an {@link EventLoopGroup} accepts connections on. Any thread.
 *
 * <p>When the system has no descriptors or memory left for a connection, accepting pauses for some
 * milliseconds and is tried again; connections wait in the backlog meanwhile, and those that are
 * there are served.
 */
public final class GroupListener implements AutoCloseable {
  private static final String ALL_ENDED = "all loops of the group have ended";

  /** Where a group is to listen, and how. */
  record Place(Platform platform, SocketAddress address, int backlog, AcceptMode mode) {}

  private final Place place; // with the port and the mode that were chosen
  private final List<EventLoop> loops;
  private final LoopRotation acceptorLoops;
  private final ConnectionDistributor distributor;
  private final Consumer<GroupListener> forget;
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  private final Object lock = new Object();

  @GuardedBy("lock")
  private final List<Shard> shards = new ArrayList<>();

  @GuardedBy("lock")
  private boolean closing;

  @GuardedBy("lock")
  private int closed;

  private GroupListener(
      Place place,
      List<EventLoop> loops,
      LoopRotation acceptorLoops,
      ConnectionDistributor distributor,
      Consumer<GroupListener> forget) {
    this.place = place;
    this.loops = loops;
    this.acceptorLoops = acceptorLoops;
    this.distributor = distributor;
    this.forget = forget;
  }

  static GroupListener open(
      Place wanted,
      List<EventLoop> loops,
      LoopRotation acceptorLoops,
      ConnectionDistributor distributor,
      Consumer<GroupListener> forget)
      throws IOException {
    Platform platform = wanted.platform();
    List<Integer> living =
        IntStream.range(0, loops.size()).filter(i -> !loops.get(i).hasEnded()).boxed().toList();
    AcceptMode mode = wanted.mode().resolve(platform, living.size());
    List<Integer> places = mode == AcceptMode.SHARDED ? living : List.of(acceptorLoops.next());
    List<TcpListener> listeners =
        mode == AcceptMode.SHARDED
            ? TcpListener.bindShards(platform, wanted.address(), wanted.backlog(), places.size())
            : List.of(TcpListener.bind(platform, wanted.address(), wanted.backlog()));
    boolean started = false;
    try {
      var bound = new Place(platform, listeners.getFirst().localAddress(), wanted.backlog(), mode);
      var listener = new GroupListener(bound, loops, acceptorLoops, distributor, forget);
      listener.start(places, listeners);
      started = true;
      return listener;
    } finally {
      if (!started) {
        listeners.forEach(TcpListener::close);
      }
    }
  }

  private void start(List<Integer> places, List<TcpListener> listeners) throws IOException {
    synchronized (lock) {
      for (int i = 0; i < listeners.size(); i++) {
        var shard = new Shard(places.get(i));
        shards.add(shard);
        shard.start(listeners.get(i));
      }
    }
  }

  /** A listener of one loop, and what it does with its connections. */
  private final class Shard implements AcceptHandler {
    private int loop; // guarded by lock, and for SHARDED never changed
    private @Nullable LoopListener listener; // guarded by lock
    private long pausesBefore; // guarded by lock; of the listeners before this one

    Shard(int loop) {
      this.loop = loop;
    }

    void start(TcpListener bound) throws IOException {
      assert Thread.holdsLock(lock);
      var config = ListenerConfig.builder().backlog(place.backlog()).build();
      listener = loops.get(loop).listen(bound, config, this);
    }

    @Override
    public void onAccept(TcpStream stream) {
      deliver(stream, true);
    }

    private void deliver(TcpStream stream, boolean atOnce) {
      if (mode() == AcceptMode.HANDOFF) {
        distributor.handOff(stream, atOnce);
      } else {
        distributor.deliver(loop, stream, atOnce);
      }
    }

    @Override
    public void onFailure(SocketAddress address, Throwable error) {
      failure.compareAndSet(null, error);
      AcceptHandler.super.onFailure(address, error);
    }

    boolean isOpen() {
      assert Thread.holdsLock(lock);
      return listener != null && listener.isOpen();
    }

    long pauses() {
      assert Thread.holdsLock(lock);
      return pausesBefore + (listener == null ? 0 : listener.pauses());
    }

    /**
     * Closes the listener, and takes what waits before if that is wanted.
     *
     * @return true if it was open
     */
    boolean close(boolean takesWaiting) {
      assert Thread.holdsLock(lock);
      if (!isOpen() || listener == null) {
        return false;
      }
      TcpListener bound = listener.detach();
      try {
        if (takesWaiting) {
          acceptWaiting(bound);
        }
      } finally {
        bound.close();
      }
      return true;
    }

    // Brought to the loops here, before they are shut down; as tasks, for it is the user's code
    // that takes them.
    private void acceptWaiting(TcpListener bound) {
      try {
        TcpStream stream;
        for (int i = 0; i <= place.backlog() && (stream = bound.accept()) != null; i++) {
          deliver(stream, false);
        }
      } catch (ClosedChannelException e) {
        // Closed by somebody else: nothing waits any more.
      } catch (IOException e) {
        System.getLogger("mill.core")
            .log(Level.DEBUG, () -> "connections that wait on " + bound + " are lost: " + e);
      }
    }

    /** Goes on with another loop, or with the next if that one ends just now. */
    void move() throws IOException {
      assert Thread.holdsLock(lock);
      for (int i = 0; i < loops.size(); i++) {
        loop = acceptorLoops.next();
        EventLoop other = loops.get(loop);
        try {
          if (!other.hasEnded()) {
            moveHere();
            return;
          }
        } catch (IllegalStateException e) {
          if (!other.hasEnded()) {
            throw e;
          }
        }
      }
      throw new IllegalStateException(ALL_ENDED);
    }

    /** Takes the listener along, or makes a new one if it was closed. */
    private void moveHere() throws IOException {
      assert Thread.holdsLock(lock);
      if (listener == null) {
        return;
      }
      long pausesSoFar = pauses();
      TcpListener bound = listener.detach(); // closed, if this has been tried with another loop
      try {
        start(bound);
      } catch (ClosedChannelException e) {
        start(TcpListener.bind(place.platform(), place.address(), place.backlog()));
      }
      pausesBefore = pausesSoFar;
    }
  }

  /** A loop of the group has ended by itself: nobody would accept for it any more. */
  void loopEnded(int ended) {
    synchronized (lock) {
      for (Shard shard : shards) {
        if (closing || shard.loop != ended) {
          continue;
        }
        if (mode() == AcceptMode.SHARDED) {
          closed += shard.close(false) ? 1 : 0;
          if (shards.stream().noneMatch(Shard::isOpen)) {
            shard.onFailure(place.address(), new IllegalStateException(ALL_ENDED));
          }
          continue;
        }
        try {
          shard.move();
        } catch (IOException | RuntimeException e) {
          closed += shard.close(false) ? 1 : 0;
          shard.onFailure(place.address(), e);
        }
      }
    }
  }

  /**
   * {@return where this listens, with the port that was chosen if that was left to the system} Any
   * thread.
   */
  public SocketAddress localAddress() {
    return place.address();
  }

  /**
   * {@return how connections come to the loops: {@link AcceptMode#SHARDED} or {@link
   * AcceptMode#HANDOFF}} Any thread.
   */
  public AcceptMode mode() {
    return place.mode();
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
    synchronized (lock) {
      return shards.stream().mapToLong(Shard::pauses).sum();
    }
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
   * Stops accepting, after what waits to be accepted has been; connections that were accepted live
   * on. A client that connects just between the two is reset by the system. A second call does
   * nothing.
   */
  @Override
  public void close() {
    closeListeners(true);
    forget.accept(this);
  }

  void closeListeners(boolean takesWaiting) {
    synchronized (lock) {
      boolean first = !closing;
      closing = true;
      for (Shard shard : shards) {
        closed += shard.close(takesWaiting && first) ? 1 : 0;
      }
    }
  }

  /**
   * Whether a loop's end has been dealt with: its shard is closed, or accepts on another loop. Any
   * thread.
   */
  boolean livesWithout(int loop) {
    synchronized (lock) {
      // The one listener of HANDOFF may be closed with its loop, and is then yet to be bound again.
      return shards.stream()
          .noneMatch(
              shard -> shard.loop == loop && (mode() == AcceptMode.HANDOFF || shard.isOpen()));
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
    return "GroupListener[" + place.address() + ", " + mode() + "]";
  }
}
