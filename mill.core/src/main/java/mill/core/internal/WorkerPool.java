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
 * <p>A monitor and a ring: an item that is submitted allocates nothing.
 *
 * @param <T> what is worked on
 */
public final class WorkerPool<T> {
  private static final long END_CHECK_MS = 1;

  private final Consumer<T> work;
  private final List<Thread> threads = new ArrayList<>();
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final ArrayDeque<T> items = new ArrayDeque<>();

  @GuardedBy("lock")
  private boolean stopping;

  /**
   * Makes a pool; {@link #start()} starts it.
   *
   * @param workers how many threads
   * @param name what their names begin with
   * @param work what they do with an item; it does not throw
   */
  public WorkerPool(int workers, String name, Consumer<T> work) {
    this.work = work;
    for (int i = 0; i < workers; i++) {
      threads.add(
          Thread.ofPlatform()
              .daemon()
              .name(name + "-worker-" + i)
              .unstarted(this::workUntilStopped));
    }
  }

  /** Starts the threads. Once. */
  public void start() {
    threads.forEach(Thread::start);
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
    return threads.contains(Thread.currentThread());
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

  /** Interrupts the threads, so that a handler that blocks has a chance to end. */
  public void interrupt() {
    threads.forEach(Thread::interrupt);
  }

  /**
   * Waits a little for the threads to end.
   *
   * @return true if all have
   */
  public boolean awaitEnd() {
    boolean interrupted = false;
    boolean ended = true;
    for (Thread thread : threads) {
      try {
        if (thread.isAlive()) {
          thread.join(END_CHECK_MS);
        }
      } catch (InterruptedException e) {
        interrupted = true; // passed on below: the threads are to end all the same
      }
      ended &= !thread.isAlive();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return ended;
  }

  private void workUntilStopped() {
    T item;
    while ((item = next()) != null) {
      work.accept(item);
    }
  }

  private @Nullable T next() {
    synchronized (lock) {
      while (items.isEmpty()) {
        if (stopping) {
          return null;
        }
        try {
          lock.wait();
        } catch (InterruptedException e) {
          // Means nothing to the pool; a handler that wanted it has had its chance.
        }
      }
      return items.removeFirst();
    }
  }
}
