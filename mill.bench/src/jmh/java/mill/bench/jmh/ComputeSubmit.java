package mill.bench.jmh;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.PriorityBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import mill.core.compute.ComputePool;
import mill.core.compute.ComputePoolConfig;
import mill.core.compute.TaskPriority;
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
 * Throughput of tiny tasks through a pool of two threads, as time for each task.
 *
 * <p>One invocation submits {@link #TASKS} tasks, their priorities one after the other, and sleeps
 * until the last one has run. With two processors the submitter and the workers share them.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class ComputeSubmit {
  /** How many tasks one invocation submits. */
  public static final int TASKS = 1000;

  private static final int WORKERS = 2;
  private static final int QUEUE_CAPACITY = 1 << 14;

  /** A task that counts; the subclasses are pools. */
  @State(Scope.Thread)
  public abstract static class Subject {
    private final AtomicInteger left = new AtomicInteger();
    private volatile Thread submitter;
    final Runnable task = this::count;

    abstract void submit(int number);

    final int batch() {
      submitter = Thread.currentThread();
      left.set(TASKS);
      for (int i = 0; i < TASKS; i++) {
        submit(i);
      }
      while (left.get() > 0) {
        LockSupport.park(this);
      }
      return left.get();
    }

    private void count() {
      if (left.decrementAndGet() == 0) {
        LockSupport.unpark(submitter);
      }
    }
  }

  /** mill's pool. */
  public static class Mill extends Subject {
    private final TaskPriority[] priorities = TaskPriority.values();
    private ComputePool pool;

    @Setup(Level.Trial)
    public void setUp() {
      pool =
          ComputePool.open(
              ComputePoolConfig.builder().threads(WORKERS).queueCapacity(QUEUE_CAPACITY).build());
    }

    @TearDown(Level.Trial)
    public void tearDown() {
      pool.close();
    }

    @Override
    void submit(int number) {
      pool.execute(priorities[number & 3], task);
    }
  }

  /** A pool of the JDK's. */
  public abstract static class Jdk extends Subject {
    ExecutorService pool;

    abstract ExecutorService open();

    @Setup(Level.Trial)
    public void setUp() {
      pool = open();
    }

    @TearDown(Level.Trial)
    public void tearDown() {
      pool.close();
    }

    @Override
    void submit(int number) {
      pool.execute(task);
    }
  }

  /**
   * With priorities, as one writes it on the JDK: a number keeps those of one priority in order.
   */
  public static class PriorityQueue extends Jdk {
    private record Prioritized(int priority, long number, Runnable task)
        implements Runnable, Comparable<Prioritized> {
      @Override
      public void run() {
        task.run();
      }

      @Override
      public int compareTo(Prioritized other) {
        int byPriority = Integer.compare(other.priority, priority);
        return byPriority != 0 ? byPriority : Long.compare(number, other.number);
      }
    }

    private long submitted;

    @Override
    ExecutorService open() {
      return new ThreadPoolExecutor(
          WORKERS, WORKERS, 0, TimeUnit.SECONDS, new PriorityBlockingQueue<>(QUEUE_CAPACITY));
    }

    @Override
    void submit(int number) {
      pool.execute(new Prioritized(number & 3, submitted++, task));
    }
  }

  /** Without priorities. */
  public static class LinkedQueue extends Jdk {
    @Override
    ExecutorService open() {
      return new ThreadPoolExecutor(
          WORKERS, WORKERS, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(QUEUE_CAPACITY));
    }
  }

  /** Without priorities and without an order. */
  public static class ForkJoin extends Jdk {
    @Override
    ExecutorService open() {
      return new ForkJoinPool(WORKERS);
    }
  }

  @Benchmark
  @OperationsPerInvocation(TASKS)
  public int mill(Mill subject) {
    return subject.batch();
  }

  @Benchmark
  @OperationsPerInvocation(TASKS)
  public int priorityQueue(PriorityQueue subject) {
    return subject.batch();
  }

  @Benchmark
  @OperationsPerInvocation(TASKS)
  public int linkedQueue(LinkedQueue subject) {
    return subject.batch();
  }

  @Benchmark
  @OperationsPerInvocation(TASKS)
  public int forkJoin(ForkJoin subject) {
    return subject.batch();
  }
}
