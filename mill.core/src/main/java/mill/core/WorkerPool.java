package mill.core;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import mill.core.internal.UncaughtExceptions;
import mill.core.internal.Waits;
import mill.natives.platform.Threads;
import org.jspecify.annotations.Nullable;

/**
 * A fixed number of threads that work through items, first in first out.
 *
 * <pre>
 *   working ──stop()──▶ works through what was submitted ──▶ ended
 *                                  │                           ▲
 *                                  └── drop() ─────────────────┘ only what runs is finished
 * </pre>
 *
 * <p>A monitor, and a list through the items themselves: each is in it at most once, so its bound
 * is theirs, and nothing is allocated. So nothing is lost either when memory is short: an item that
 * was marked as submitted, and is not, would never be worked on.
 *
 * @param <T> what is worked on
 */
final class WorkerPool<T extends SerialCalls> {
  private static final long END_CHECK_NS = 1_000_000;

  /**
   * A thread, and what it works on.
   *
   * @param thread the thread
   * @param item the item
   * @param <T> what is worked on
   */
  record Running<T>(Thread thread, T item) {}

  private final class Worker {
    final Thread thread;
    @Nullable T item; // guarded by the lock

    Worker(String name) {
      thread = threads.unstarted(name, true, () -> workUntilStopped(this));
    }
  }

  private final Threads threads;
  private final Consumer<T> work;
  private final List<Worker> workers = new ArrayList<>();
  private final Object lock = new Object();

  @GuardedBy("lock")
  private @Nullable T first;

  @GuardedBy("lock")
  private @Nullable T last;

  @GuardedBy("lock")
  private boolean stopping;

  @GuardedBy("lock")
  private boolean dropping;

  @GuardedBy("lock")
  private int live;

  /**
   * Makes a pool; {@link #start()} starts it.
   *
   * @param workers how many threads
   * @param name what their names begin with
   * @param threads makes them, and lets them wait
   * @param work what they do with an item; what it throws is reported and ends nothing
   */
  WorkerPool(int workers, String name, Threads threads, Consumer<T> work) {
    this.threads = threads;
    this.work = work;
    for (int i = 0; i < workers; i++) {
      this.workers.add(new Worker(name + "-worker-" + i));
    }
  }

  /** Starts the threads. Once. */
  void start() {
    for (Worker worker : workers) {
      boolean started = false;
      countLive(1);
      try {
        worker.thread.start();
        started = true;
      } finally {
        if (!started) { // the system gives no more threads
          countLive(-1);
        }
      }
    }
  }

  private void countLive(int change) {
    synchronized (lock) {
      live += change;
    }
  }

  /**
   * Hands an item to one of the threads. Any thread; also one of their own, after {@link #stop()}.
   *
   * @param item what to work on, not submitted just now
   */
  void submit(T item) {
    synchronized (lock) {
      T before = last;
      last = item;
      if (before == null) {
        first = item;
      } else {
        before.next = item;
      }
      threads.signal(lock);
    }
  }

  /**
   * Takes an item that no thread has taken. Any thread; for when the threads have ended.
   *
   * @return the oldest item, or null if there is none
   */
  @Nullable T poll() {
    synchronized (lock) {
      return take();
    }
  }

  @GuardedBy("lock")
  @SuppressWarnings("unchecked") // only submit() links them
  private @Nullable T take() {
    assert Thread.holdsLock(lock);
    T taken = first;
    if (taken != null) {
      first = (T) taken.next;
      taken.next = null;
      if (first == null) {
        last = null;
      }
    }
    return taken;
  }

  /** {@return whether the calling thread is one of the pool's} */
  boolean isWorker() {
    Thread current = Thread.currentThread();
    for (Worker worker : workers) {
      if (worker.thread == current) {
        return true;
      }
    }
    return false;
  }

  /**
   * Lets the threads end when they have worked through what has been submitted. Does not wait for
   * that.
   */
  void stop() {
    synchronized (lock) {
      stopping = true;
      threads.signalAll(lock);
    }
  }

  /**
   * Lets the threads begin nothing any more: what waits, and what is submitted from now on, is left
   * to {@link #poll()}. After {@link #stop()}.
   */
  void drop() {
    synchronized (lock) {
      dropping = true;
    }
  }

  /** Interrupts the threads that work, so that a handler that blocks has a chance to end. */
  void interrupt() {
    synchronized (lock) { // or the interrupt could come to the next item
      for (Worker worker : workers) {
        if (worker.item != null) {
          worker.thread.interrupt();
        }
      }
    }
  }

  /** {@return what is worked on at this moment} Any thread. */
  List<Running<T>> running() {
    var running = new ArrayList<Running<T>>();
    synchronized (lock) {
      for (Worker worker : workers) {
        T item = worker.item;
        if (item != null) {
          running.add(new Running<>(worker.thread, item));
        }
      }
    }
    return running;
  }

  /**
   * Waits a little for the threads to end. After {@link #stop()}.
   *
   * @return true if all have
   */
  boolean awaitEnd() {
    boolean interrupted = false;
    boolean ended;
    synchronized (lock) {
      try {
        if (live > 0) {
          threads.await(lock, END_CHECK_NS);
        }
      } catch (InterruptedException e) {
        interrupted = true; // passed on below: the threads are to end all the same
      }
      ended = live == 0;
    }
    for (int i = 0; ended && i < workers.size(); i++) {
      Waits.join(threads, workers.get(i).thread); // it has nothing left to do but to end
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return ended;
  }

  private void workUntilStopped(Worker worker) {
    T item;
    while ((item = next(worker)) != null) {
      try {
        work.accept(item);
      } catch (Throwable thrown) { // the others' callbacks still want a worker
        UncaughtExceptions.report(thrown);
      }
    }
  }

  private @Nullable T next(Worker worker) {
    synchronized (lock) {
      worker.item = null;
      // What one handler leaves is not the next one's.
      Thread.interrupted();
      T item;
      while (dropping || (item = take()) == null) {
        if (stopping) {
          live--;
          threads.signalAll(lock);
          return null;
        }
        try {
          threads.await(lock, Threads.FOREVER);
        } catch (InterruptedException e) {
          // Means nothing to the pool; a handler that wanted it has had its chance.
        }
      }
      worker.item = item;
      return item;
    }
  }
}
