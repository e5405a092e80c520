package mill.core;

import static java.util.Objects.requireNonNull;

import org.jspecify.annotations.Nullable;

/**
 * The workers of a {@link WorkerPool} that have nothing to do, the one that has worked last on top,
 * and apart from them the one that watches who leads. Under the pool's lock.
 *
 * @param <T> what is worked on
 */
final class IdleWorkers<T> {
  private @Nullable Worker<T> top;
  private @Nullable Worker<T> watcher; // not among these
  private boolean watcherSleeps; // without end: in the last tick there were no items

  /** Whether there is none besides the watcher. */
  boolean isEmpty() {
    return top == null;
  }

  boolean hasWatcher() {
    return watcher != null;
  }

  boolean isWatcher(Worker<T> worker) {
    return watcher == worker;
  }

  /** Whether there is a watcher, and it sleeps without end. */
  boolean watcherSleeps() {
    return watcherSleeps;
  }

  /** It has nothing to do. */
  void add(Worker<T> worker) {
    worker.isIdle = true;
    worker.nextIdle = top;
    top = worker;
  }

  /** It watches, while there is nothing else to do. */
  void watch(Worker<T> worker, boolean sleeps) {
    watcher = worker;
    watcherSleeps = sleeps;
  }

  /** It sleeps no more, whoever has ended that. */
  void awake(Worker<T> worker) {
    if (isWatcher(worker)) {
      takeWatcher();
    } else if (worker.isIdle) { // woken for no reason
      remove(worker);
    }
  }

  private void remove(Worker<T> worker) {
    worker.isIdle = false;
    Worker<T> before = top;
    if (before == worker) {
      top = worker.nextIdle;
    } else {
      while (before != null && before.nextIdle != worker) {
        before = before.nextIdle;
      }
      requireNonNull(before).nextIdle = worker.nextIdle;
    }
    worker.nextIdle = null;
  }

  /** Takes one, to wake it; the watcher last of all. */
  @Nullable Worker<T> take() {
    Worker<T> taken = top;
    if (taken == null) {
      return takeWatcher();
    }
    taken.isIdle = false;
    top = taken.nextIdle;
    taken.nextIdle = null;
    return taken;
  }

  @Nullable Worker<T> takeWatcher() {
    Worker<T> taken = watcher;
    watcher = null;
    watcherSleeps = false;
    return taken;
  }
}
