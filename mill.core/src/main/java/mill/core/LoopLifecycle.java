package mill.core;

import com.google.errorprone.annotations.concurrent.GuardedBy;
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

  private final Object lock = new Object();

  @GuardedBy("lock")
  private Phase phase = Phase.NEW;

  @GuardedBy("lock")
  private boolean shutDown;

  @GuardedBy("lock")
  private boolean closeAtEnd;

  @GuardedBy("lock")
  private boolean released;

  private volatile @Nullable Thread thread;

  boolean isLoopThread() {
    return Thread.currentThread() == thread;
  }

  Phase phase() {
    synchronized (lock) {
      return phase;
    }
  }

  /**
   * Makes the calling thread the loop's own; false if the loop has run already, or was shut down
   * before it could.
   *
   * @throws IllegalStateException if it runs now, or is closed
   */
  boolean begin() {
    synchronized (lock) {
      switch (phase) {
        case RUNNING -> throw new IllegalStateException("the loop is running already");
        case ENDED -> {
          return false;
        }
        case CLOSED -> {
          if (!shutDown) {
            throw new IllegalStateException("the loop is closed");
          }
          return false;
        }
        case NEW -> {
          phase = Phase.RUNNING;
          thread = Thread.currentThread();
        }
      }
      return true;
    }
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
      shutDown = true;
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
      lock.notifyAll();
    }
  }

  void awaitRelease() {
    boolean interrupted = false;
    synchronized (lock) {
      while (!released) {
        try {
          lock.wait();
        } catch (InterruptedException e) {
          interrupted = true; // passed on below: what close() promises holds when it returns
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
