package mill.core;

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

  private Phase phase = Phase.NEW;
  private boolean closeAtEnd;
  private boolean released;
  private volatile @Nullable Thread thread;

  boolean isLoopThread() {
    return Thread.currentThread() == thread;
  }

  synchronized Phase phase() {
    return phase;
  }

  /**
   * Makes the calling thread the loop's own; false if the loop has run already.
   *
   * @throws IllegalStateException if it runs now, or is closed
   */
  synchronized boolean begin() {
    return switch (phase) {
      case RUNNING -> throw new IllegalStateException("the loop is running already");
      case CLOSED -> throw new IllegalStateException("the loop is closed");
      case ENDED -> false;
      case NEW -> {
        phase = Phase.RUNNING;
        thread = Thread.currentThread();
        yield true;
      }
    };
  }

  /** The loop does not run any more; true if its thread is to release now. */
  synchronized boolean end() {
    phase = closeAtEnd ? Phase.CLOSED : Phase.ENDED;
    if (!closeAtEnd) {
      thread = null;
    }
    return closeAtEnd;
  }

  /** Lets a running loop release as it ends; true if it runs. */
  synchronized boolean closeAtEnd() {
    closeAtEnd |= phase == Phase.RUNNING;
    return phase == Phase.RUNNING;
  }

  /** Begins to close; true if the caller is to release now. */
  synchronized boolean beginClose() {
    if (closeAtEnd() || phase == Phase.CLOSED) {
      return false;
    }
    phase = Phase.CLOSED;
    thread = Thread.currentThread();
    return true;
  }

  synchronized void released() {
    thread = null;
    released = true;
    notifyAll();
  }

  synchronized void awaitRelease() {
    boolean interrupted = false;
    while (!released) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true; // passed on below: what close() promises holds when it returns
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
