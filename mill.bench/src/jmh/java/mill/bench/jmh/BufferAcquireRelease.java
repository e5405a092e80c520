package mill.bench.jmh;

import io.netty.buffer.AdaptiveByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import mill.natives.memory.BufferPool;
import mill.natives.memory.PooledBuffer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/**
 * Acquires a piece of off-heap memory and gives it back, on one thread, which is of Netty's kind
 * ({@link NettyThreads}). Nobody writes into it.
 *
 * <ul>
 *   <li>{@code mill}: {@link BufferPool} with the defaults.
 *   <li>{@code netty}: {@link PooledByteBufAllocator} with the defaults.
 *   <li>{@code nettyAdaptive}: {@link AdaptiveByteBufAllocator}, the default of Netty 4.2,
 *       likewise.
 *   <li>{@code nio}: {@link ByteBuffer#allocateDirect}, which clears the memory and leaves freeing
 *       it to the garbage collector.
 *   <li>{@code arena}: a confined {@link Arena} for each, which clears the memory too.
 * </ul>
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 3,
    jvmArgsAppend = {NettyThreads.EXECUTOR, NettyThreads.EXECUTOR_CLASS})
public class BufferAcquireRelease {
  /** The size. */
  @State(Scope.Thread)
  public static class Size {
    /** The bytes of each buffer. */
    @Param({"256", "4096", "65536"})
    public int bytes;
  }

  /** mill's pool. */
  @State(Scope.Thread)
  public static class Mill {
    private BufferPool pool;

    @Setup(Level.Trial)
    public void setUp() {
      pool = BufferPool.open();
    }

    @TearDown(Level.Trial)
    public void tearDown() {
      pool.close();
    }
  }

  /** Netty's pooled allocator. */
  @State(Scope.Thread)
  public static class Pooled {
    private PooledByteBufAllocator allocator;

    @Setup(Level.Trial)
    public void setUp() {
      ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
      allocator = new PooledByteBufAllocator(true);
    }

    @TearDown(Level.Trial)
    public void tearDown() {
      allocator.trimCurrentThreadCache();
    }
  }

  /** Netty's adaptive allocator. */
  @State(Scope.Thread)
  public static class Adaptive {
    private ByteBufAllocator allocator;

    @Setup(Level.Trial)
    public void setUp() {
      ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
      allocator = new AdaptiveByteBufAllocator(true);
    }
  }

  @Benchmark
  public void mill(Mill subject, Size size, Blackhole blackhole) {
    PooledBuffer buffer = subject.pool.acquire(size.bytes);
    blackhole.consume(buffer);
    buffer.release();
  }

  @Benchmark
  public void netty(Pooled subject, Size size, Blackhole blackhole) {
    ByteBuf buffer = subject.allocator.directBuffer(size.bytes);
    blackhole.consume(buffer);
    buffer.release();
  }

  @Benchmark
  public void nettyAdaptive(Adaptive subject, Size size, Blackhole blackhole) {
    ByteBuf buffer = subject.allocator.directBuffer(size.bytes);
    blackhole.consume(buffer);
    buffer.release();
  }

  @Benchmark
  public ByteBuffer nio(Size size) {
    return ByteBuffer.allocateDirect(size.bytes);
  }

  @Benchmark
  public void arena(Size size, Blackhole blackhole) {
    try (Arena arena = Arena.ofConfined()) {
      blackhole.consume(arena.allocate(size.bytes));
    }
  }
}
