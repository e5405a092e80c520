package mill.core.compute;

import static java.util.Objects.requireNonNull;

import java.util.concurrent.ThreadFactory;
import java.util.function.LongSupplier;
import mill.core.compute.ComputeTask.Outcome;
import mill.core.internal.UncaughtExceptions;
import mill.natives.platform.Threads;
import org.jspecify.annotations.Nullable;

/**
 * A thread of a compute pool, what it is doing and what it has done.
 *
 * <p>Its counts are its own, for the other workers and the submitters would otherwise pass their
 * cache line round with every task. They change with the pool's lock held, so whoever holds that
 * sees the counts of all workers at one moment.
 */
final class ComputeWorker implements Runnable {
  /** Two workers that contend with each task need some 300 ns for each. */
  private static final long TINY_NS = 500;

  /** Where its tasks come from. */
  interface Source {
    /**
     * Counts the task that a worker has run, and gives it the next one, which it waits for.
     *
     * @param worker the worker, on its own thread
     * @return the task, or null if the thread is to end
     */
    @Nullable Runnable next(ComputeWorker worker);
  }

  final Thread thread;
  private final Source source;
  private final Threads threads;
  private final LongSupplier clock;

  // The pool's lock, of IdleWorkers.
  @Nullable ComputeWorker nextIdle;
  boolean owed; // an unpark, whatever becomes of the one who should have done that
  volatile boolean asleep; // lowered under the lock, and seen without it

  // The pool's lock.
  private boolean running;
  private long completed;
  private long failed;
  private long cancelled;
  private long totalExecutionNs;
  private long maxExecutionNs;

  // Its own alone.
  private Outcome outcome = Outcome.COMPLETED; // of the last task, as are the next two
  private long executionNs;
  private long endNs;
  private boolean rested = true; // since then

  /**
   * Makes the thread, without starting it.
   *
   * @param source where its tasks come from
   * @param factory makes the thread
   * @param threads lets it wait
   * @param clock tells the time that tasks take, in nanoseconds
   */
  ComputeWorker(Source source, ThreadFactory factory, Threads threads, LongSupplier clock) {
    this.source = source;
    this.threads = threads;
    this.clock = clock;
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
    Runnable task = source.next(this);
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

  /**
   * {@return whether its last task took less time than it takes to contend for the lock} Its own
   * thread.
   */
  boolean hasTinyTasks() {
    return executionNs < TINY_NS;
  }

  /** Says that the time until its next task begins is no task's. Its own thread. */
  void rest() {
    rested = true;
  }

  /** Waits until it is taken from the idle ones. Its own thread. */
  void sleep() {
    rested = true;
    while (asleep) {
      threads.park(source, Threads.FOREVER);
      Thread.interrupted(); // means nothing to a worker without a task, and would keep it awake
    }
  }

  /** Says that it has a task. Its own thread, with the lock. */
  void begin() {
    running = true;
  }

  /** Counts the task that it has run, if it has run one. Its own thread, with the lock. */
  void settle() {
    // Under the lock: an interrupt by abandon() is never taken from the task that it is meant for.
    Thread.interrupted();
    if (!running) {
      return;
    }
    running = false;
    switch (outcome) {
      case COMPLETED -> completed++;
      case FAILED -> failed++;
      case CANCELLED -> {
        cancelled++;
        return;
      }
    }
    totalExecutionNs += executionNs;
    maxExecutionNs = Math.max(maxExecutionNs, executionNs);
  }

  /** {@return whether a task of its is running} With the lock. */
  boolean isRunning() {
    return running;
  }

  /** {@return how many tasks it has run that returned} With the lock. */
  long completed() {
    return completed;
  }

  /** {@return how many tasks it has run that threw} With the lock. */
  long failed() {
    return failed;
  }

  /** {@return how many tasks it has dropped since their future was done} With the lock. */
  long cancelled() {
    return cancelled;
  }

  /** {@return how long its tasks have run together, in nanoseconds} With the lock. */
  long totalExecutionNs() {
    return totalExecutionNs;
  }

  /** {@return how long the longest of its tasks has run, in nanoseconds} With the lock. */
  long maxExecutionNs() {
    return maxExecutionNs;
  }
}
