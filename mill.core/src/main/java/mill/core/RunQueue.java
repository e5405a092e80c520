package mill.core;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Brings registrations what they are to hear besides events, that they are closed and what was
 * given to {@link Registration#execute}, to the thread that calls them.
 *
 * <pre>
 *   NOBODY ──begin()──▶ LOOP or WORKERS ──takeOver()──▶ LOOP ──end()──▶ NOBODY
 *     │                                                  ▲
 *     └────────────────── takeOver(): closed ────────────┘
 * </pre>
 *
 * <p>Who takes from it: inline the loop's thread, between two callbacks; otherwise the workers. As
 * the loop ends it is the thread that ends it. While nobody does, whoever closes a registration
 * tells its handler; tasks wait until the loop runs or is closed.
 *
 * <p>A list through the registrations themselves: each is in it at most once, so its bound is
 * theirs, and nothing is allocated.
 *
 * @param <T> what is called
 */
final class RunQueue<T extends SerialCalls> {
  private enum Taker {
    NOBODY,
    LOOP,
    WORKERS
  }

  private final @Nullable WorkerPool<T> workers;
  private final Runnable wake;
  private final Consumer<T> before;
  private final Object lock = new Object();

  @GuardedBy("lock")
  private Taker taker = Taker.NOBODY;

  @GuardedBy("lock")
  private boolean telling; // a thread that has closed one is at it, while nobody takes

  @GuardedBy("lock")
  private @Nullable T last;

  private volatile @Nullable T first; // written holding the lock
  private volatile boolean ended;

  /**
   * Makes it.
   *
   * @param workers who calls the handlers, or null for the loop
   * @param wake wakes the loop if it sleeps
   * @param before told of each registration that the loop calls next
   */
  RunQueue(@Nullable WorkerPool<T> workers, Runnable wake, Consumer<T> before) {
    this.workers = workers;
    this.wake = wake;
    this.before = before;
  }

  // ---- any thread

  /**
   * The registration has ended and left the loop: its handler is to hear it. Once for each; no
   * locks held.
   */
  void closed(T registration) {
    boolean tells = false;
    synchronized (lock) {
      boolean mine = registration.schedule(SerialCalls.CLOSING);
      if (taker == Taker.NOBODY) {
        append(registration); // its tasks, if any, have waited elsewhere
        tells = !telling;
        telling = true;
      } else if (mine) {
        hand(registration);
      }
    }
    if (tells) {
      tellAll();
    } else {
      wake.run();
    }
  }

  /** The registration has tasks to run. */
  void hasTasks(T registration) {
    if (registration.note(SerialCalls.TASKS)) {
      return; // who has it already looks again
    }
    synchronized (lock) {
      if (taker == Taker.NOBODY) {
        return; // until begin(), or until it is closed
      }
      if (registration.schedule(SerialCalls.TASKS)) {
        hand(registration);
      }
    }
    wake.run();
  }

  /** {@return whether nothing waits for the loop} */
  boolean isEmpty() {
    return first == null;
  }

  /** {@return whether the loop has run and runs no more, or was closed} */
  boolean hasEnded() {
    return ended;
  }

  // By turns, so that no handler is called inside another's call: a handler that closes others
  // while nobody takes has them told when it has returned. One thread at a time.
  private void tellAll() {
    boolean over = false;
    try {
      T next;
      while ((next = takeToTell()) != null) {
        boolean more = true;
        while (more) { // a task that came too late to run is looked for once more
          more = next.runCalls();
        }
      }
      over = true;
    } finally {
      if (!over) { // memory is short: the next one goes on with it
        stopTelling();
      }
    }
  }

  private void stopTelling() {
    synchronized (lock) {
      telling = false;
    }
  }

  private @Nullable T takeToTell() {
    synchronized (lock) {
      if (taker != Taker.NOBODY || first == null) {
        telling = false;
        return null; // what is left is the loop's by now
      }
      return take();
    }
  }

  // ---- the thread that runs the loop, ends it, or closes one that does not run

  /**
   * The loop begins to turn.
   *
   * @param registered asked afterwards: whose tasks have waited for this
   */
  void begin(Iterable<T> registered) {
    synchronized (lock) {
      taker = workers == null ? Taker.LOOP : Taker.WORKERS;
      if (workers != null) {
        T next;
        while ((next = take()) != null) {
          workers.submit(next);
        }
      }
    }
    for (T registration : registered) {
      if (registration.hasTasks()) {
        hasTasks(registration);
      }
    }
  }

  /**
   * Calls what waits now; what comes meanwhile waits for the next time.
   *
   * @return true if there was anything
   */
  @SuppressWarnings("ReferenceEquality") // whether it is the very same
  boolean run() {
    if (first == null) {
      return false;
    }
    T end;
    synchronized (lock) {
      end = last;
    }
    T next;
    do {
      next = takeNext();
      if (next == null) {
        break;
      }
      before.accept(next);
      if (next.runCalls()) {
        again(next);
      }
    } while (next != end);
    return true;
  }

  /** Calls what waits, until nothing does. When no more tasks are accepted. */
  void runAll() {
    boolean any = true;
    while (any) {
      any = run();
    }
  }

  /** No worker runs any more, or there is none: what is left is the calling thread's. */
  void takeOver() {
    synchronized (lock) {
      taker = Taker.LOOP;
      T left;
      while (workers != null && (left = workers.poll()) != null) {
        append(left);
      }
    }
  }

  /** Calls what is left; nobody takes any more. */
  void end() {
    while (!isOver()) {
      run();
    }
  }

  private boolean isOver() {
    synchronized (lock) {
      if (first != null) {
        return false;
      }
      taker = Taker.NOBODY;
      ended = true;
      return true;
    }
  }

  // ---- the list

  private void again(T registration) {
    synchronized (lock) {
      append(registration);
    }
  }

  private @Nullable T takeNext() {
    synchronized (lock) {
      return take();
    }
  }

  @GuardedBy("lock")
  private void hand(T registration) {
    assert Thread.holdsLock(lock);
    if (taker == Taker.WORKERS && workers != null) {
      workers.submit(registration);
    } else {
      append(registration);
    }
  }

  @GuardedBy("lock")
  private void append(T registration) {
    assert Thread.holdsLock(lock);
    T before = last;
    last = registration;
    if (before == null) {
      first = registration;
    } else {
      before.next = registration;
    }
  }

  @GuardedBy("lock")
  @SuppressWarnings("unchecked") // only append() links them
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
}
