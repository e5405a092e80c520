package mill.core.compute;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.function.LongSupplier;
import mill.core.compute.ComputeTask.Outcome;
import mill.core.internal.Abandonable;
import mill.core.internal.TaskQueue.Offer;
import mill.core.internal.UncaughtExceptions;
import mill.natives.platform.Threads;
import org.jspecify.annotations.Nullable;

/**
 * The threads of a compute pool, what waits for them, and the counts of both. Any thread.
 *
 * <p>One monitor guards everything, and is held for some ten instructions; a contended monitor
 * allocates nothing, which a {@code ReentrantLock} does. A worker settles the task it has run and
 * takes the next one in the same critical section, so counts and queue never disagree. Idle workers
 * are a stack, whose top is woken, after the monitor was left, by whoever brings a task; with no
 * idle worker nobody is woken.
 */
final class PriorityWorkers {
  /** A timeout that never passes. */
  static final long FOREVER = Threads.FOREVER;

  private static final int PRIORITIES = TaskPriority.values().length;

  private final Object lock = new Object();
  private final String name;
  private final List<Worker> workers = new ArrayList<>();
  private final Threads threads;
  private final LongSupplier clock;
  private final long originNs;

  @GuardedBy("lock")
  private final PriorityTaskQueue queue;

  @GuardedBy("lock")
  private @Nullable Worker idle;

  @GuardedBy("lock")
  private @Nullable Worker waking; // woken, and not there yet

  @GuardedBy("lock")
  private boolean anyOwed;

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
  private long accepted;

  @GuardedBy("lock")
  private long rejected;

  @GuardedBy("lock")
  private long completed;

  @GuardedBy("lock")
  private long failed;

  @GuardedBy("lock")
  private long cancelled;

  @GuardedBy("lock")
  private int abandoned;

  @GuardedBy("lock")
  private int active;

  @GuardedBy("lock")
  private long totalExecutionNs;

  @GuardedBy("lock")
  private long maxExecutionNs;

  /** One thread and what it is doing. */
  private final class Worker implements Runnable {
    final Thread thread;
    @Nullable Worker nextIdle; // guarded by the lock, as are the next two
    boolean owed; // an unpark, whatever becomes of the one who should have done that
    boolean running;
    volatile boolean asleep;
    Outcome outcome = Outcome.COMPLETED; // of the last task; its own alone
    long executionNs; // of the last task; its own alone, as are the next two
    long endNs; // when that was over
    boolean rested = true; // since then

    Worker(ThreadFactory factory) {
      thread = requireNonNull(factory.newThread(this), "thread");
    }

    @Override
    public void run() {
      boolean more = true;
      while (more) {
        more = runNext();
      }
    }

    // A method of its own, so that no frame of a sleeping worker holds on to its last task.
    private boolean runNext() {
      Runnable task = next(this);
      if (task == null) {
        return false;
      }
      // While it is busy the end of one task is the begin of the next: one reading for each.
      long startNs = rested ? clock.getAsLong() : endNs;
      rested = false;
      outcome = runGuarded(task);
      endNs = clock.getAsLong();
      executionNs = endNs - startNs;
      return true;
    }

    private Outcome runGuarded(Runnable task) {
      try {
        task.run();
        return task instanceof ComputeTask<?> submitted ? submitted.outcome() : Outcome.COMPLETED;
      } catch (Throwable thrown) {
        UncaughtExceptions.report(thrown);
        return Outcome.FAILED;
      }
    }

    void sleep() {
      rested = true;
      while (asleep) {
        threads.park(PriorityWorkers.this, FOREVER);
        Thread.interrupted(); // means nothing to a worker without a task, and would keep it awake
      }
    }
  }

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
    for (int i = 0; i < config.threads(); i++) {
      workers.add(new Worker(factory));
    }
  }

  /** Starts the threads. Once. If one cannot be started, those that were end again. */
  void start() {
    int started = 0;
    synchronized (lock) {
      live = workers.size();
    }
    try {
      for (Worker worker : workers) {
        worker.thread.start();
        started++;
      }
    } finally {
      if (started < workers.size()) {
        synchronized (lock) {
          live -= workers.size() - started;
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
    Worker woken;
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
      accepted++;
      woken = wakeIdle();
      owed = anyOwed;
    }
    wake(woken);
    if (owed) {
      wakeOwed();
    }
    return Offer.ACCEPTED;
  }

  /**
   * Takes an idle worker, to be woken; null while another is on its way, which takes the next one
   * if more tasks wait by then: most small tasks are done before a second worker would be there.
   */
  @GuardedBy("lock")
  private @Nullable Worker wakeIdle() {
    assert Thread.holdsLock(lock);
    if (waking != null) {
      return null;
    }
    waking = takeIdle();
    return waking;
  }

  private void wake(@Nullable Worker woken) {
    if (woken != null) {
      boolean awake = false;
      try {
        threads.unpark(woken.thread);
        awake = true;
      } finally {
        if (!awake) { // the stack has overflowed, and it is on no list any more
          synchronized (lock) {
            woken.owed = true;
            anyOwed = true;
          }
        }
      }
    }
  }

  @GuardedBy("lock")
  private @Nullable Worker takeIdle() {
    assert Thread.holdsLock(lock);
    Worker taken = idle;
    if (taken != null) {
      idle = taken.nextIdle;
      taken.nextIdle = null;
      taken.asleep = false;
    }
    return taken;
  }

  // One that is awake already, or idle once more, is not harmed by that.
  private void wakeOwed() {
    for (Worker worker : workers) {
      if (isOwed(worker)) {
        threads.unpark(worker.thread);
        synchronized (lock) {
          worker.owed = false;
        }
      }
    }
    synchronized (lock) {
      anyOwed = false;
      for (Worker worker : workers) {
        anyOwed |= worker.owed;
      }
    }
  }

  private boolean isOwed(Worker worker) {
    synchronized (lock) {
      return worker.owed;
    }
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
      Worker asleep;
      while ((asleep = takeIdle()) != null) {
        asleep.owed = true;
      }
      threads.signalAll(lock);
    }
    wakeOwed();
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
          cancelled++;
        } else {
          submitted.add(withFuture);
          abandoned++;
        }
      }
      for (Worker worker : workers) {
        if (worker.running && worker.thread != Thread.currentThread()) {
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
    return workers.stream().anyMatch(worker -> worker.thread == current);
  }

  /** {@return the counts of one moment} */
  ComputeMetrics metrics() {
    synchronized (lock) {
      return new ComputeMetrics(
          accepted + rejected,
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
          ended() - endedAtClose, abandoned, abandonedRunnables, active);
    }
  }

  private @Nullable Runnable next(Worker worker) {
    while (true) {
      Runnable task;
      Worker helper = null;
      synchronized (lock) {
        settle(worker);
        if (waking == worker) {
          waking = null;
        }
        task = queue.poll();
        if (task != null) {
          active++;
          worker.running = true;
          helper = queue.isEmpty() ? null : wakeIdle();
        } else if (closed) {
          if (--live == 0) {
            threads.signalAll(lock);
          }
          return null;
        } else {
          worker.asleep = true;
          worker.nextIdle = idle;
          idle = worker;
        }
      }
      if (task != null) {
        wake(helper);
        return task;
      }
      worker.sleep();
    }
  }

  @GuardedBy("lock")
  private void settle(Worker worker) {
    assert Thread.holdsLock(lock);
    // Under the lock: an interrupt by abandon() is never taken from the task that it is meant for.
    Thread.interrupted();
    if (!worker.running) {
      return;
    }
    worker.running = false;
    active--;
    switch (worker.outcome) {
      case COMPLETED -> completed++;
      case FAILED -> failed++;
      case CANCELLED -> {
        cancelled++;
        return;
      }
    }
    totalExecutionNs += worker.executionNs;
    maxExecutionNs = Math.max(maxExecutionNs, worker.executionNs);
  }

  @SuppressWarnings("EnumOrdinal") // their order is what priorities are about
  private static int level(TaskPriority priority) {
    return priority.ordinal();
  }

  @GuardedBy("lock")
  private long ended() {
    assert Thread.holdsLock(lock);
    return completed + failed + cancelled;
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
    for (Worker worker : workers) {
      threads.join(worker.thread, FOREVER);
    }
  }
}
