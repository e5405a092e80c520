package mill.core;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import mill.natives.platform.Platform;
import org.jspecify.annotations.Nullable;

/**
 * The phases of a loop, and the thread that is its own. Any thread.
 *
 * <pre>
 *         begin()             end()               beginClose()
 *   NEW ─────────▶ RUNNING ──────────▶ ENDED ─────────────────▶ CLOSED ──▶ released
 *    │                │                                           ▲
 *    │                └── beginClose(), end() ────────────────────┤
 *    └───────────────────── beginClose() ─────────────────────────┘
 * </pre>
 *
 * <p>Whoever is told to release does it, once, and says so; the others wait for that.
 */
final class LoopLifecycle {
  /** Where a loop is in its life. */
  enum Phase {
    NEW,
    RUNNING,
    ENDED,
    CLOSED
  }

  private final Platform platform;
  private final Object lock = new Object();

  @GuardedBy("lock")
  private Phase phase = Phase.NEW;

  @GuardedBy("lock")
  private boolean closeAtEnd;

  @GuardedBy("lock")
  private boolean released;

  private volatile @Nullable Thread thread;
  private volatile boolean stopping;

  /**
   * Makes it.
   *
   * @param platform whose threads wait here, and whose clock they wait by
   */
  LoopLifecycle(Platform platform) {
    this.platform = platform;
  }

  boolean isLoopThread() {
    return Thread.currentThread() == thread;
  }

  Phase phase() {
    synchronized (lock) {
      return phase;
    }
  }

  /** The thread that is the loop's own at this moment, or null. Any thread. */
  @Nullable Thread thread() {
    return thread;
  }

  /**
   * Makes the calling thread the loop's own; false if the loop has run already, or was closed or
   * shut down before it could.
   *
   * @throws IllegalStateException if it runs now, or the thread must not wait in a poller
   */
  boolean begin() {
    synchronized (lock) {
      if (phase == Phase.RUNNING) {
        throw new IllegalStateException("the loop is running already");
      }
      if (phase != Phase.NEW) {
        return false;
      }
      if (!platform.threads().mayPoll(Thread.currentThread())) {
        throw new IllegalStateException(
            "a loop waits in the kernel and would hold a virtual thread's carrier all that time:"
                + " run it on a platform thread, Thread.ofPlatform().start(...) for instance");
      }
      phase = Phase.RUNNING;
      thread = Thread.currentThread();
      return true;
    }
  }

  /** Lets no more turns begin. Whoever calls this wakes the loop afterwards. */
  void stop() {
    stopping = true;
  }

  /** Whether the turn under way, if any, is the last. Any thread. */
  boolean isStopping() {
    return stopping;
  }

  /** The loop does not run any more; true if its thread is to release now. */
  boolean end() {
    synchronized (lock) {
      phase = closeAtEnd ? Phase.CLOSED : Phase.ENDED;
      if (!closeAtEnd) {
        thread = null;
      }
      return closeAtEnd;
    }
  }

  /**
   * Lets a running loop release as it ends; true if it runs. Otherwise the caller has to close it.
   *
   * @param first done before, while the loop cannot end
   */
  boolean beginShutdown(Runnable first) {
    synchronized (lock) {
      first.run();
      return closeAtEnd();
    }
  }

  /** Begins to close; true if the caller is to release now. */
  boolean beginClose() {
    synchronized (lock) {
      if (closeAtEnd() || phase == Phase.CLOSED) {
        return false;
      }
      phase = Phase.CLOSED;
      thread = Thread.currentThread();
      return true;
    }
  }

  @GuardedBy("lock")
  private boolean closeAtEnd() {
    assert Thread.holdsLock(lock);
    closeAtEnd |= phase == Phase.RUNNING;
    return phase == Phase.RUNNING;
  }

  /** Everything has been given back. */
  void released() {
    synchronized (lock) {
      thread = null;
      released = true;
      platform.threads().signalAll(lock);
    }
  }

  boolean isReleased() {
    synchronized (lock) {
      return released;
    }
  }

  /**
   * Waits until everything has been given back. An interrupt does not end the wait; it is passed
   * on.
   *
   * @param timeoutNs how long at most
   * @return false if that was not enough
   */
  boolean awaitRelease(long timeoutNs) {
    boolean interrupted = false;
    long startNs = platform.nanoTime();
    try {
      synchronized (lock) {
        long leftNs = timeoutNs;
        while (!released && leftNs > 0) {
          try {
            platform.threads().await(lock, leftNs);
          } catch (InterruptedException e) {
            interrupted = true; // what close() promises holds when it returns
          }
          leftNs = timeoutNs - (platform.nanoTime() - startNs);
        }
        return released;
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
