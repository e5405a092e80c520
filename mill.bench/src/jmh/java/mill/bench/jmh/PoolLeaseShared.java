package mill.bench.jmh;

import io.netty.channel.Channel;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GenericFutureListener;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import mill.core.net.CloseCause;
import mill.core.net.Connection;
import mill.core.net.ConnectionHandler;
import mill.core.net.Lease;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The pools of {@link PoolLease}, asked by eight threads that are not their loop's: each waits for
 * its connection, gives it back, and waits until it is back.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Threads(8)
@Fork(3)
public class PoolLeaseShared {
  /** One thread's lease of mill. */
  @State(Scope.Thread)
  public static class MillUser extends PoolLease.Waiter implements ConnectionHandler {
    private Lease lease;

    @Setup(Level.Trial)
    public void setUp(PoolLease.MillPool pool) {
      lease = pool.pool.newLease(pool.target, this);
    }

    @Override
    public void onOpen(Connection connection) {
      happens();
    }

    @Override
    public void onFrame(Connection c, MemorySegment memory, long offset, long length) {}

    @Override
    public void onClosed(Connection connection, CloseCause cause) {
      happens();
    }
  }

  /** One thread's use of Netty's pool. */
  @State(Scope.Thread)
  public static class NettyUser extends PoolLease.Waiter {
    private final GenericFutureListener<Future<Object>> listener = future -> happens();
  }

  @Benchmark
  public void mill(MillUser user) {
    user.lease.request();
    user.await();
    user.lease.release();
    user.await();
  }

  @Benchmark
  public Channel netty(PoolLease.NettyPool pool, NettyUser user) {
    Future<Channel> leased = pool.pool.acquire();
    leased.addListener(user.listener);
    user.await();
    Channel channel = leased.getNow();
    pool.pool.release(channel).addListener(user.listener);
    user.await();
    return channel;
  }
}
