package mill.bench.jmh;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.pool.AbstractChannelPoolHandler;
import io.netty.channel.pool.FixedChannelPool;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GenericFutureListener;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import mill.core.net.CloseCause;
import mill.core.net.Connection;
import mill.core.net.ConnectionHandler;
import mill.core.net.ConnectionPool;
import mill.core.net.ConnectionPoolConfig;
import mill.core.net.Lease;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A connection leased from a pool and given back, on the thread of the loop that has the pool, one
 * after the other. What a handler hears of it is part of the cost: {@code onOpen} and {@code
 * onClosed} of mill, a listener of Netty's futures. {@link PoolLeaseShared} asks from outside.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class PoolLease {
  /** How many leases one invocation takes, one after the other. */
  public static final int LEASES = 10_000;

  static final int CONNECTIONS = 8;

  /** Waits for what happens on another thread. */
  abstract static class Waiter {
    private final Thread owner = Thread.currentThread();
    private volatile boolean happened;

    final void happens() {
      happened = true;
      LockSupport.unpark(owner);
    }

    final void await() {
      while (!happened) {
        LockSupport.park(this);
      }
      happened = false;
    }
  }

  /** mill's pool of one loop. */
  @State(Scope.Benchmark)
  public static class MillPool {
    private MillLoop loop;
    private SilentServer server;
    ConnectionPool pool;
    SocketAddress target;

    @Setup(Level.Trial)
    public void setUp() throws Exception {
      server = new SilentServer();
      target = server.address();
      loop = new MillLoop();
      pool =
          ConnectionPool.open(
              loop.loop(),
              ConnectionPoolConfig.defaults().maxConnections(CONNECTIONS, CONNECTIONS));
      loop.start();
    }

    @TearDown(Level.Trial)
    public void tearDown() throws Exception {
      pool.close();
      loop.close();
      server.close();
    }

    void execute(Runnable task) {
      loop.loop().execute(task);
    }
  }

  /** Netty's pool of the same size on one loop. */
  @State(Scope.Benchmark)
  public static class NettyPool {
    private NettyLoop loop;
    private SilentServer server;
    FixedChannelPool pool;

    @Setup(Level.Trial)
    public void setUp() throws Exception {
      server = new SilentServer();
      loop = new NettyLoop();
      var to =
          new Bootstrap()
              .group(loop.group())
              .channel(EpollSocketChannel.class)
              .remoteAddress(server.address());
      pool =
          new FixedChannelPool(
              to,
              new AbstractChannelPoolHandler() {
                @Override
                public void channelCreated(Channel channel) {}
              },
              CONNECTIONS);
    }

    @TearDown(Level.Trial)
    public void tearDown() throws Exception {
      pool.close();
      loop.close();
      server.close();
    }

    EventLoop loop() {
      return loop.group().next();
    }
  }

  /** Takes leases one after the other. */
  @State(Scope.Thread)
  public static class MillBatch extends Waiter implements ConnectionHandler {
    private final Runnable begin = this::begin;
    private Lease lease;
    private int left;

    @Setup(Level.Trial)
    public void setUp(MillPool pool) {
      lease = pool.pool.newLease(pool.target, this);
    }

    private void begin() {
      left = LEASES;
      lease.request();
    }

    @Override
    public void onOpen(Connection connection) {
      lease.release();
    }

    @Override
    public void onFrame(Connection c, MemorySegment memory, long offset, long length) {}

    @Override
    public void onClosed(Connection connection, CloseCause cause) {
      if (!cause.opened()) {
        throw new IllegalStateException("no lease: " + cause);
      }
      if (--left > 0) {
        lease.request();
      } else {
        happens();
      }
    }
  }

  /** The same with Netty's futures. */
  @State(Scope.Thread)
  public static class NettyBatch extends Waiter {
    private final GenericFutureListener<Future<Channel>> leased = this::leased;
    private final GenericFutureListener<Future<Void>> released = this::released;
    private final Runnable begin = this::begin;
    private NettyPool pool;
    private int left;

    @Setup(Level.Trial)
    public void setUp(NettyPool from) {
      pool = from;
    }

    private void begin() {
      left = LEASES;
      pool.pool.acquire().addListener(leased);
    }

    private void leased(Future<Channel> future) {
      pool.pool.release(future.getNow()).addListener(released);
    }

    private void released(Future<Void> future) {
      if (!future.isSuccess()) {
        throw new IllegalStateException("not given back", future.cause());
      }
      if (--left > 0) {
        pool.pool.acquire().addListener(leased);
      } else {
        happens();
      }
    }
  }

  @Benchmark
  @OperationsPerInvocation(LEASES)
  public void mill(MillPool pool, MillBatch batch) {
    pool.execute(batch.begin);
    batch.await();
  }

  @Benchmark
  @OperationsPerInvocation(LEASES)
  public void netty(NettyPool pool, NettyBatch batch) {
    pool.loop().execute(batch.begin);
    batch.await();
  }
}
