package mill.core.net;

import static java.util.Objects.requireNonNull;

import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import mill.core.EventLoop;
import mill.core.group.EventLoopGroup;
import mill.core.internal.Durations;

/**
 * Connections to servers that are kept and lent, so that not everybody who needs one has to make
 * one. Any thread.
 *
 * <p>Who asks first is served first; of the idle connections the one that was used last is lent, so
 * that those that are not needed grow old and are closed. While nobody has a connection the pool
 * watches it: it is closed as soon as its peer ends it, or sends what nobody has asked for.
 *
 * <p>The connections live on one loop, or on those of a group: who asks on a thread of one of these
 * gets one of that loop, everybody else one of the loop that has least to do. Each of the loops has
 * its share of the limits, and its own waiters.
 *
 * {@snippet class=mill.core.snippets.PoolSnippets region=lease}
 */
public final class ConnectionPool implements AutoCloseable {
  private final List<PoolPart> parts;
  private final AtomicInteger turns = new AtomicInteger();

  private ConnectionPool(List<EventLoop> loops, ConnectionPoolConfig config) {
    int used = config.loops(loops.size());
    var made = new ArrayList<PoolPart>();
    for (int i = 0; i < used; i++) {
      made.add(new PoolPart(this, LoopConnections.of(loops.get(i)), config.share(i, used)));
    }
    parts = List.copyOf(made);
    for (PoolPart part : parts) {
      part.home.add(part);
    }
  }

  /**
   * Makes a pool whose connections live on a loop.
   *
   * @param loop calls the handlers
   * @param config limits and times
   * @return the pool, still empty
   * @throws IllegalArgumentException if the loop has workers
   * @throws IllegalStateException if the loop has ended
   */
  public static ConnectionPool open(EventLoop loop, ConnectionPoolConfig config) {
    return new ConnectionPool(List.of(loop), config);
  }

  /**
   * Makes a pool whose connections live on the loops of a group, as many of them as there may be
   * connections.
   *
   * @param group its loops call the handlers
   * @param config limits and times of all loops together
   * @return the pool, still empty
   * @throws IllegalArgumentException if the loops have workers
   * @throws IllegalStateException if a loop has ended
   */
  public static ConnectionPool open(EventLoopGroup group, ConnectionPoolConfig config) {
    return new ConnectionPool(group.loops(), config);
  }

  /**
   * Asks for a connection: {@link #newLease}, and {@link Lease#request} at once.
   *
   * @param target as for {@link TcpClient#connect}
   * @param handler hears of the outcome
   * @return the lease
   */
  public Lease lease(SocketAddress target, ConnectionHandler handler) {
    Lease lease = newLease(target, handler);
    lease.request();
    return lease;
  }

  /**
   * Makes a lease that has not been asked for, for use again and again.
   *
   * @param target as for {@link TcpClient#connect}; equal ones share connections
   * @param handler hears of the outcome of each request, and is the handler of the connection for
   *     the time of the lease
   * @return the lease
   */
  public Lease newLease(SocketAddress target, ConnectionHandler handler) {
    return new Lease(this, requireNonNull(target, "target"), requireNonNull(handler, "handler"));
  }

  /** Where a request goes. */
  PoolPart choose() {
    int size = parts.size();
    PoolPart best = parts.getFirst();
    if (size == 1 || best.home.isHere()) {
      return best;
    }
    int first = Math.floorMod(turns.getAndIncrement(), size);
    best = parts.get(first);
    for (int i = 0; i < size; i++) {
      PoolPart part = parts.get((first + i) % size);
      if (part.home.isHere()) {
        return part;
      }
      if (part.counts.load() < best.counts.load()) {
        best = part;
      }
    }
    return best;
  }

  /**
   * Lends nothing any more: who waits is told {@link CloseCause.Kind#SHUTDOWN}, idle connections
   * are closed, leased ones as they come back. Those that have not come back in time are reset, and
   * told {@code SHUTDOWN} as well.
   *
   * @param timeout how long to wait; of several calls the shortest counts
   * @return completes when all connections have gone
   */
  public CompletionStage<PoolReport> drain(Duration timeout) {
    long timeNs = Math.max(0, Math.min(Durations.saturatedNs(timeout), Long.MAX_VALUE >> 2));
    CompletableFuture<PoolReport> all =
        CompletableFuture.completedFuture(new PoolReport(0, 0, 0, 0, 0));
    for (PoolPart part : parts) {
      all = all.thenCombine(part.drain().done, PoolReport::plus);
      part.drain().begin(timeNs);
    }
    return all.minimalCompletionStage();
  }

  /** Drains without waiting: also leased connections are reset. Does not wait for their end. */
  @Override
  public void close() {
    for (PoolPart part : parts) {
      part.drain().begin(0);
    }
  }

  /** {@return what there is, and what it has done} */
  public PoolMetrics metrics() {
    PoolMetrics all = parts.getFirst().counts.snapshot();
    for (int i = 1; i < parts.size(); i++) {
      all = all.plus(parts.get(i).counts.snapshot());
    }
    return all;
  }

  /** {@return what it has} */
  @Override
  public String toString() {
    return "ConnectionPool[%s]".formatted(metrics());
  }
}
