package mill.core.compute;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.function.LongSupplier;
import mill.core.internal.Abandonable;
import mill.core.internal.TaskQueue.Offer;
import mill.natives.platform.Threads;
import org.jspecify.annotations.Nullable;

/**
 * The threads of a compute pool, what waits for them, and the counts of both. Any thread.
 *
 * <p>One monitor guards everything, and is held for some ten instructions; a contended monitor
 * allocates nothing, which a {@code ReentrantLock} does. A worker settles the task it has run and
 * takes the next one in the same critical section, so counts and queue never disagree. What has
 * been accepted is no count of its own: it is what waits, runs or has ended.
 */
final class PriorityWorkers implements ComputeWorker.Source {
  /** A timeout that never passes. */
  static final long FOREVER = Threads.FOREVER;

  private static final int PRIORITIES = TaskPriority.values().length;

  private final Object lock = new Object();
  private final String name;
  private final Crossing crossing = new Crossing();
  private final ComputeWorker[] workers;
  private final Threads threads;
  private final LongSupplier clock;
  private final long originNs;

  // With the lock, but for what says otherwise.
  private final IdleWorkers idle;

  @GuardedBy("lock")
  private final PriorityTaskQueue queue;

  // None of these changes while tasks come and go: what does is the queue's or a worker's. So the
  // line that they share with the references above stays in everybody's cache.
  @GuardedBy("lock")
  private int live;

  @GuardedBy("lock")
  private boolean closed;

  // Since originNs.
  @GuardedBy("lock")
  private long deadlineNs = FOREVER;

  @GuardedBy("lock")
  private long endedAtClose;

  @GuardedBy("lock")
  private final List<Runnable> abandonedRunnables = new ArrayList<>();

  @GuardedBy("lock")
  private long rejected;

  @GuardedBy("lock")
  private long cancelledAtEnd; // found by abandon()

  @GuardedBy("lock")
  private int abandoned;

  /**
   * Makes the threads; {@link #start()} starts them.
   *
   * @param config how many threads, and the queue's bounds
   * @param factory makes a thread, without starting it
   * @param threads lets them wait
   * @param clock tells the time that they wait by, in nanoseconds
   */
  PriorityWorkers(
      ComputePoolConfig config, ThreadFactory factory, Threads threads, LongSupplier clock) {
    this.threads = threads;
    this.clock = clock;
    originNs = clock.getAsLong();
    name = config.name();
    queue = new PriorityTaskQueue(PRIORITIES, config.queueCapacity(), config.ageingLimit());
    workers = new ComputeWorker[config.threads()];
    Arrays.setAll(workers, _ -> new ComputeWorker(this, factory, threads, clock));
    idle = new IdleWorkers(lock, workers, threads);
  }

  /** Starts the threads. Once. If one cannot be started, those that were end again. */
  void start() {
    int started = 0;
    synchronized (lock) {
      live = workers.length;
    }
    try {
      for (ComputeWorker worker : workers) {
        worker.thread.start();
        started++;
      }
    } finally {
      if (started < workers.length) {
        synchronized (lock) {
          live -= workers.length - started;
        }
        close(0);
      }
    }
  }

  /**
   * Appends a task.
   *
   * @param priority its priority
   * @param task the task
   * @return what became of it
   */
  Offer offer(TaskPriority priority, Runnable task) {
    ComputeWorker chosen;
    boolean owed;
    synchronized (lock) {
      if (closed) {
        rejected++;
        return Offer.CLOSED;
      }
      if (!queue.offer(level(priority), task)) {
        rejected++;
        return Offer.FULL;
      }
      owed = idle.anyOwed();
      chosen = idle.choose(); // nothing is called after it: that might overflow the stack
    }
    if (chosen != null) {
      // As IdleWorkers.wake does, but here: the call of that might overflow, too.
      boolean awake = false;
      try {
        threads.unpark(chosen.thread);
        awake = true;
      } finally {
        if (!awake) {
          synchronized (lock) {
            chosen.owed = true;
            idle.anyOwed = true;
          }
        }
      }
    }
    if (owed) {
      idle.wakeOwed();
    }
    return Offer.ACCEPTED;
  }

  /**
   * Refuses all further tasks, and lets the threads end when they have worked through the accepted
   * ones. Called again it can shorten the time, never lengthen it.
   *
   * @param timeoutNs how long that may take, in nanoseconds, or {@link #FOREVER}
   */
  void close(long timeoutNs) {
    synchronized (lock) {
      if (!closed) {
        closed = true;
        endedAtClose = ended();
      }
      long nowNs = clock.getAsLong() - originNs;
      deadlineNs = Math.min(deadlineNs, timeoutNs > FOREVER - nowNs ? FOREVER : nowNs + timeoutNs);
      idle.chooseAll();
      threads.signalAll(lock);
    }
    idle.wakeOwed();
  }

  /**
   * Waits until the threads have ended or the time that {@link #close} gave them has passed.
   *
   * @return true if all have ended
   * @throws InterruptedException if the calling thread is interrupted
   */
  boolean awaitDrained() throws InterruptedException {
    synchronized (lock) {
      while (live > 0) {
        long remainingNs = remainingNs(deadlineNs);
        if (remainingNs <= 0) {
          return false;
        }
        await(remainingNs);
      }
    }
    joinAll();
    return true;
  }

  /**
   * Waits until the threads have ended.
   *
   * @param timeoutNs how long at most, in nanoseconds, or {@link #FOREVER}
   * @return true if all have ended
   * @throws InterruptedException if the calling thread is interrupted
   */
  boolean awaitEnd(long timeoutNs) throws InterruptedException {
    synchronized (lock) {
      long nowNs = clock.getAsLong() - originNs;
      long untilNs = timeoutNs > FOREVER - nowNs ? FOREVER : nowNs + timeoutNs;
      while (live > 0) {
        long remainingNs = remainingNs(untilNs);
        if (remainingNs <= 0) {
          return false;
        }
        await(remainingNs);
      }
    }
    joinAll();
    return true;
  }

  /**
   * Gives up what waits, fails its futures, and interrupts what runs, except on the calling thread.
   * After {@link #close}.
   */
  void abandon() {
    List<Abandonable> submitted = new ArrayList<>();
    synchronized (lock) {
      Runnable task;
      while ((task = queue.pollHighest()) != null) {
        if (!(task instanceof Abandonable withFuture)) {
          abandonedRunnables.add(task);
          abandoned++;
        } else if (withFuture.isDone()) {
          cancelledAtEnd++;
        } else {
          submitted.add(withFuture);
          abandoned++;
        }
      }
      for (ComputeWorker worker : workers) {
        if (worker.isRunning() && worker.thread != Thread.currentThread()) {
          worker.thread.interrupt();
        }
      }
    }
    String reason = "the task was waiting when the time of the shutdown of pool " + name + " ended";
    submitted.forEach(task -> task.abandon(reason));
  }

  /** {@return whether the calling thread is one of these} */
  boolean isWorker() {
    Thread current = Thread.currentThread();
    return Arrays.stream(workers).anyMatch(worker -> worker.thread == current);
  }

  /** {@return the counts of one moment} */
  ComputeMetrics metrics() {
    synchronized (lock) {
      long completed = 0;
      long failed = 0;
      long cancelled = cancelledAtEnd;
      long totalExecutionNs = 0;
      long maxExecutionNs = 0;
      for (ComputeWorker worker : workers) {
        completed += worker.completed();
        failed += worker.failed();
        cancelled += worker.cancelled();
        totalExecutionNs += worker.totalExecutionNs();
        maxExecutionNs = Math.max(maxExecutionNs, worker.maxExecutionNs());
      }
      int active = active();
      return new ComputeMetrics(
          rejected + queue.size() + active + completed + failed + cancelled + abandoned,
          rejected,
          completed,
          failed,
          cancelled,
          abandoned,
          active,
          queue.size(level(TaskPriority.LOW)),
          queue.size(level(TaskPriority.NORMAL)),
          queue.size(level(TaskPriority.HIGH)),
          queue.size(level(TaskPriority.CRITICAL)),
          totalExecutionNs,
          maxExecutionNs);
    }
  }

  /** {@return how closing went, up to now} */
  ComputeShutdownReport report() {
    synchronized (lock) {
      return new ComputeShutdownReport(
          ended() - endedAtClose, abandoned, abandonedRunnables, active());
    }
  }

  @Override
  public @Nullable Runnable next(ComputeWorker worker) {
    while (true) {
      Runnable task;
      ComputeWorker chosen = null;
      if (worker.hasTinyTasks() && crossing.giveWay()) {
        worker.rest();
      }
      crossing.enter();
      synchronized (lock) {
        worker.settle();
        idle.arrived(worker);
        task = queue.poll();
        if (task != null) {
          worker.begin();
          chosen = queue.isEmpty() ? null : idle.choose();
        } else if (closed) {
          if (--live == 0) {
            threads.signalAll(lock);
          }
          return null;
        } else {
          idle.push(worker);
        }
      }
      crossing.leave();
      if (chosen != null) {
        idle.wake(chosen);
      }
      if (task != null) {
        return task;
      }
      worker.sleep();
    }
  }

  @SuppressWarnings("EnumOrdinal") // their order is what priorities are about
  private static int level(TaskPriority priority) {
    return priority.ordinal();
  }

  @GuardedBy("lock")
  private long ended() {
    assert Thread.holdsLock(lock);
    long ended = cancelledAtEnd;
    for (ComputeWorker worker : workers) {
      ended += worker.completed() + worker.failed() + worker.cancelled();
    }
    return ended;
  }

  @GuardedBy("lock")
  private int active() {
    assert Thread.holdsLock(lock);
    int active = 0;
    for (ComputeWorker worker : workers) {
      if (worker.isRunning()) {
        active++;
      }
    }
    return active;
  }

  private long remainingNs(long untilNs) {
    return untilNs == FOREVER ? FOREVER : untilNs - (clock.getAsLong() - originNs);
  }

  @GuardedBy("lock")
  private void await(long timeoutNs) throws InterruptedException {
    assert Thread.holdsLock(lock);
    threads.await(lock, timeoutNs);
  }

  // They have nothing left to do but to end.
  private void joinAll() throws InterruptedException {
    for (ComputeWorker worker : workers) {
      threads.join(worker.thread, FOREVER);
    }
  }
}
