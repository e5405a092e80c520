package mill.core.internal;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A fixed number of threads that work through items, first in first out. The queue grows as far as
 * there are items: the loop submits each registration at most once at a time, so its bound is that
 * of the registrations.
 *
 * <pre>
 *   working ──stop()──▶ works through what was submitted ──▶ ended
 *                                  │                           ▲
 *                                  └── drop() ─────────────────┘ only what runs is finished
 * </pre>
 *
 * <p>A monitor and a ring: an item that is submitted allocates nothing.
 *
 * @param <T> what is worked on
 */
public final class WorkerPool<T> {
  private static final long END_CHECK_MS = 1;

  /**
   * A thread, and what it works on.
   *
   * @param thread the thread
   * @param item the item
   * @param <T> what is worked on
   */
  public record Running<T>(Thread thread, T item) {}

  private final class Worker {
    final Thread thread;
    @Nullable T item; // guarded by the lock

    Worker(String name) {
      thread = Thread.ofPlatform().daemon().name(name).unstarted(() -> workUntilStopped(this));
    }
  }

  private final Consumer<T> work;
  private final List<Worker> workers = new ArrayList<>();
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final ArrayDeque<T> items = new ArrayDeque<>();

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
   * @param work what they do with an item; what it throws is reported and ends nothing
   */
  public WorkerPool(int workers, String name, Consumer<T> work) {
    this.work = work;
    for (int i = 0; i < workers; i++) {
      this.workers.add(new Worker(name + "-worker-" + i));
    }
  }

  /** Starts the threads. Once. */
  public void start() {
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
   * @param item what to work on
   */
  public void submit(T item) {
    synchronized (lock) {
      items.addLast(item);
      lock.notify();
    }
  }

  /**
   * Takes an item that no thread has taken. Any thread; for when the threads have ended.
   *
   * @return the oldest item, or null if there is none
   */
  public @Nullable T poll() {
    synchronized (lock) {
      return items.pollFirst();
    }
  }

  /** {@return whether the calling thread is one of the pool's} */
  public boolean isWorker() {
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
  public void stop() {
    synchronized (lock) {
      stopping = true;
      lock.notifyAll();
    }
  }

  /**
   * Lets the threads begin nothing any more: what waits, and what is submitted from now on, is left
   * to {@link #poll()}. After {@link #stop()}.
   */
  public void drop() {
    synchronized (lock) {
      dropping = true;
    }
  }

  /** Interrupts the threads that work, so that a handler that blocks has a chance to end. */
  public void interrupt() {
    synchronized (lock) { // or the interrupt could come to the next item
      for (Worker worker : workers) {
        if (worker.item != null) {
          worker.thread.interrupt();
        }
      }
    }
  }

  /** {@return what is worked on at this moment} Any thread. */
  public List<Running<T>> running() {
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
  @SuppressWarnings("WaitNotInLoop") // the caller has the loop, and does other things between
  public boolean awaitEnd() {
    boolean interrupted = false;
    boolean ended;
    synchronized (lock) {
      try {
        if (live > 0) {
          lock.wait(END_CHECK_MS);
        }
      } catch (InterruptedException e) {
        interrupted = true; // passed on below: the threads are to end all the same
      }
      ended = live == 0;
    }
    for (int i = 0; ended && i < workers.size(); i++) {
      interrupted |= join(workers.get(i).thread);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return ended;
  }

  // It has nothing left to do but to end. True if this was interrupted meanwhile.
  private static boolean join(Thread ending) {
    boolean interrupted = false;
    while (true) {
      try {
        ending.join();
        return interrupted;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
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
      while (items.isEmpty() || dropping) {
        if (stopping) {
          live--;
          lock.notifyAll();
          return null;
        }
        try {
          lock.wait();
        } catch (InterruptedException e) {
          // Means nothing to the pool; a handler that wanted it has had its chance.
        }
      }
      T item = items.removeFirst();
      worker.item = item;
      return item;
    }
  }
}
