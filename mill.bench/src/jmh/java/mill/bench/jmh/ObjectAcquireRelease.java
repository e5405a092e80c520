package mill.bench.jmh;

import io.netty.util.Recycler;
import java.util.concurrent.TimeUnit;
import mill.natives.memory.ObjectPool;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/**
 * Acquires an object with a kilobyte of state and gives it back, on one thread, which is of Netty's
 * kind ({@link NettyThreads}).
 *
 * <p>{@code mill}: {@link ObjectPool}, which any thread may use and which notices a double release.
 * {@code netty}: {@link Recycler}, which keeps a pool for each thread. {@code garbage}: a new
 * object each time, left to the garbage collector.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 3,
    jvmArgsAppend = {NettyThreads.EXECUTOR, NettyThreads.EXECUTOR_CLASS})
public class ObjectAcquireRelease {
  private static final class Parser {
    private final Recycler.Handle<Parser> handle;
    private final byte[] state = new byte[1024];
    private int length;

    private Parser(Recycler.Handle<Parser> handle) {
      this.handle = handle;
    }

    private void reset() {
      length = 0;
    }

    private int add(int value) {
      state[length] = (byte) value;
      length++;
      return length;
    }
  }

  /** mill's pool. */
  @State(Scope.Thread)
  public static class Mill {
    private final ObjectPool<Parser> pool =
        ObjectPool.of(64, () -> new Parser(null), Parser::reset);
  }

  /** Netty's pool. */
  @State(Scope.Thread)
  public static class Netty {
    private final Recycler<Parser> pool =
        new Recycler<>() {
          @Override
          protected Parser newObject(Handle<Parser> handle) {
            return new Parser(handle);
          }
        };
  }

  @Benchmark
  public int mill(Mill subject, Blackhole blackhole) {
    Parser parser = subject.pool.acquire();
    blackhole.consume(parser);
    int length = parser.add(1);
    subject.pool.release(parser);
    return length;
  }

  @Benchmark
  public int netty(Netty subject, Blackhole blackhole) {
    Parser parser = subject.pool.get();
    blackhole.consume(parser);
    int length = parser.add(1);
    parser.reset();
    parser.handle.recycle(parser);
    return length;
  }

  @Benchmark
  public int garbage(Blackhole blackhole) {
    Parser parser = new Parser(null);
    blackhole.consume(parser);
    return parser.add(1);
  }
}
