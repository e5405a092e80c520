package mill.core.compute;

import mill.natives.platform.Threads;
import org.jspecify.annotations.Nullable;

/**
 * The workers of a pool that have nothing to do: a stack, whose top is woken by whoever brings a
 * task.
 *
 * <p>One worker is on its way at a time, and takes the next one along if more tasks wait by then:
 * most small tasks are done before a second worker would be there. It is chosen with the pool's
 * lock held, and woken after that was left.
 */
final class IdleWorkers {
  private final Object lock;
  private final ComputeWorker[] all;
  private final Threads threads;

  // Guarded by the lock.
  private @Nullable ComputeWorker top;
  private @Nullable ComputeWorker waking; // chosen, and not there yet
  boolean anyOwed;

  /**
   * Makes an empty stack.
   *
   * @param lock the pool's
   * @param all all workers of the pool
   * @param threads wakes them
   */
  IdleWorkers(Object lock, ComputeWorker[] all, Threads threads) {
    this.lock = lock;
    this.all = all;
    this.threads = threads;
  }

  /** Adds a worker, which then {@linkplain ComputeWorker#sleep sleeps}. With the lock. */
  void push(ComputeWorker worker) {
    assert Thread.holdsLock(lock);
    worker.asleep = true;
    worker.nextIdle = top;
    top = worker;
  }

  /** Notes that a worker is there, if it was on its way. With the lock. */
  void arrived(ComputeWorker worker) {
    if (waking == worker) {
      waking = null;
    }
  }

  /**
   * {@return the worker to be woken, or null if none is idle or one is on its way} With the lock.
   */
  @Nullable ComputeWorker choose() {
    assert Thread.holdsLock(lock);
    if (waking != null || top == null) {
      return null;
    }
    waking = pop();
    return waking;
  }

  private @Nullable ComputeWorker pop() {
    ComputeWorker popped = top;
    if (popped != null) {
      top = popped.nextIdle;
      popped.nextIdle = null;
      popped.asleep = false;
    }
    return popped;
  }

  /** {@return whether a worker is to be woken whose waking went wrong} With the lock. */
  boolean anyOwed() {
    return anyOwed;
  }

  /** Wakes the worker that was chosen. Without the lock. */
  void wake(ComputeWorker chosen) {
    boolean awake = false;
    try {
      threads.unpark(chosen.thread);
      awake = true;
    } finally {
      if (!awake) { // the stack has overflowed, and it is on no list any more
        synchronized (lock) {
          chosen.owed = true;
          anyOwed = true;
        }
      }
    }
  }

  /** Chooses all of them, for {@link #wakeOwed} to wake. With the lock. */
  void chooseAll() {
    ComputeWorker asleep;
    while ((asleep = pop()) != null) {
      asleep.owed = true;
    }
  }

  /**
   * Wakes those that are owed it. One that is awake already, or idle once more, is not harmed by
   * that. Without the lock.
   */
  void wakeOwed() {
    for (ComputeWorker worker : all) {
      if (isOwed(worker)) {
        threads.unpark(worker.thread);
        synchronized (lock) {
          worker.owed = false;
        }
      }
    }
    synchronized (lock) {
      anyOwed = false;
      for (ComputeWorker worker : all) {
        anyOwed |= worker.owed;
      }
    }
  }

  private boolean isOwed(ComputeWorker worker) {
    synchronized (lock) {
      return worker.owed;
    }
  }
}
