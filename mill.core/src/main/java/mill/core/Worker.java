package mill.core;

import org.jspecify.annotations.Nullable;

/**
 * A thread of a {@link WorkerPool}, and what it works on. Under the pool's lock, but for the
 * thread.
 *
 * @param <T> what is worked on
 */
final class Worker<T> {
  final Thread thread;
  @Nullable T item;

  // Of IdleWorkers.
  boolean isIdle;
  @Nullable Worker<T> nextIdle;

  Worker(Thread thread) {
    this.thread = thread;
  }
}
