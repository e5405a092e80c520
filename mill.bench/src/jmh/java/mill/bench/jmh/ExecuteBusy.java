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
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Throughput of {@code execute} from another thread on a loop that is busy with I/O, as time for
 * each task.
 *
 * <p>A pipe that is always ready keeps the loop from sleeping, so no task needs a wake-up. One
 * invocation submits {@link #TASKS} tasks and waits, spinning, until the last one has run: it needs
 * two processors that are free. mill's queue is bounded (16,384 by default), the others' are not; a
 * batch fits into all of them.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class ExecuteBusy {
  /** How many tasks one invocation submits. */
  public static final int TASKS = 1000;

  /** Counts on the loop's thread, far from what the submitting thread reads meanwhile. */
  private static final class Count implements Runnable {
    private static final int PLACE = 16;

    private final long[] counted = new long[2 * PLACE];
    private volatile long batchesDone;

    @Override
    public void run() {
      long count = ++counted[PLACE];
      if (count % TASKS == 0) {
        batchesDone = count / TASKS;
      }
    }
  }

  /** A task that counts; the subclasses are loops. */
  @State(Scope.Thread)
  public abstract static class Subject {
    private final Count count = new Count();
    private Executor loop;
    private long submitted;
    ReadyPipes pipes;

    abstract Executor start() throws Exception;

    abstract void stop() throws Exception;

    @Setup(Level.Trial)
    public void setUp() throws Exception {
      pipes = new ReadyPipes(1, null);
      loop = start();
    }

    @TearDown(Level.Trial)
    public void tearDown() throws Exception {
      stop();
      pipes.close();
    }

    final long batch() {
      Runnable task = count;
      Executor to = loop;
      for (int i = 0; i < TASKS; i++) {
        to.execute(task);
      }
      submitted += TASKS;
      long batches = submitted / TASKS;
      while (count.batchesDone != batches) {
        Thread.onSpinWait();
      }
      return batches;
    }
  }

  /** mill's loop. */
  public static class Mill extends Subject {
    private MillLoop loop;

    @Override
    Executor start() throws IOException {
      loop = new MillLoop();
      pipes.register(loop.loop());
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
      pipes.register(loop);
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
    Executor start() throws Exception {
      loop = new NettyLoop();
      pipes.register(loop.loop());
      return loop.loop();
    }

    @Override
    void stop() throws InterruptedException {
      loop.close();
    }
  }

  @Benchmark
  @OperationsPerInvocation(TASKS)
  public long mill(Mill subject) {
    return subject.batch();
  }

  @Benchmark
  @OperationsPerInvocation(TASKS)
  public long nio(Nio subject) {
    return subject.batch();
  }

  @Benchmark
  @OperationsPerInvocation(TASKS)
  public long netty(Netty subject) {
    return subject.batch();
  }
}
