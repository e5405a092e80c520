package mill.bench.jmh;

import java.io.IOException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The time from {@code execute(task)} on a loop that sleeps to the task having run on the loop's
 * thread.
 *
 * <p>Before each invocation, outside of what is measured, the loop is left alone for {@link
 * #SETTLE_NS} so that it really sleeps in the kernel. The benchmark's thread then waits by
 * spinning, the same for all, so that one wake-up is measured and not two: this one needs two
 * processors that are free.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class WakeUp {
  private static final long SETTLE_NS = 50_000;

  /** A task that tells when it has run; the subclasses are loops. */
  @State(Scope.Thread)
  public abstract static class Subject {
    private final Runnable task = this::answer;
    private Executor loop;
    private long asked; // handed over with the task
    private volatile long answered;

    abstract Executor start() throws Exception;

    abstract void stop() throws Exception;

    @Setup(Level.Trial)
    public void setUp() throws Exception {
      loop = start();
    }

    @Setup(Level.Invocation)
    public void settle() {
      long end = System.nanoTime() + SETTLE_NS;
      while (System.nanoTime() - end < 0) {
        Thread.onSpinWait();
      }
    }

    @TearDown(Level.Trial)
    public void tearDown() throws Exception {
      stop();
    }

    final long ping() {
      long question = asked + 1;
      asked = question;
      loop.execute(task);
      while (answered != question) {
        Thread.onSpinWait();
      }
      return question;
    }

    private void answer() {
      answered = asked;
    }
  }

  /** mill's loop. */
  public static class Mill extends Subject {
    private MillLoop loop;

    @Override
    Executor start() throws IOException {
      loop = new MillLoop();
      loop.start();
      return loop.loop();
    }

    @Override
    void stop() throws InterruptedException {
      loop.close();
    }
  }

  /** A loop around a selector. */
  public static class Nio extends Subject {
    private NioLoop loop;

    @Override
    Executor start() throws IOException {
      loop = new NioLoop();
      loop.start();
      return loop;
    }

    @Override
    void stop() throws IOException, InterruptedException {
      loop.close();
    }
  }

  /** Netty's loop. */
  public static class Netty extends Subject {
    private NettyLoop loop;

    @Override
    Executor start() {
      loop = new NettyLoop();
      return loop.loop();
    }

    @Override
    void stop() throws InterruptedException {
      loop.close();
    }
  }

  @Benchmark
  public long mill(Mill subject) {
    return subject.ping();
  }

  @Benchmark
  public long nio(Nio subject) {
    return subject.ping();
  }

  @Benchmark
  public long netty(Netty subject) {
    return subject.ping();
  }
}
