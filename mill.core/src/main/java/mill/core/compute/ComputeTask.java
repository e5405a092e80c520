package mill.core.compute;

import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import mill.core.internal.Abandonable;
import mill.core.internal.PlatformFuture;
import org.jspecify.annotations.Nullable;

/**
 * A task with a future. What the work throws is the future's.
 *
 * @param <T> what the work returns
 */
final class ComputeTask<T extends @Nullable Object> implements Abandonable {
  /** What became of a task that a worker has taken. */
  enum Outcome {
    COMPLETED,
    FAILED,
    /** The future was done before, so it did not run. */
    CANCELLED
  }

  private final Callable<T> work;
  private final CompletableFuture<T> future = new PlatformFuture<>();
  private Outcome outcome = Outcome.CANCELLED; // the worker's alone

  /**
   * Makes a task.
   *
   * @param work what to run
   */
  ComputeTask(Callable<T> work) {
    this.work = work;
  }

  /** {@return the future of what the work returns} */
  CompletableFuture<T> future() {
    return future;
  }

  /** Runs the work and completes the future, unless the future is done already. */
  @Override
  public void run() {
    if (future.isDone()) {
      return;
    }
    T result;
    try {
      result = work.call();
    } catch (Throwable thrown) {
      outcome = Outcome.FAILED;
      future.completeExceptionally(thrown);
      return;
    }
    outcome = Outcome.COMPLETED;
    future.complete(result);
  }

  /** What became of it. The worker that ran it. */
  Outcome outcome() {
    return outcome;
  }

  @Override
  public boolean isDone() {
    return future.isDone();
  }

  @Override
  public void abandon(String reason) {
    future.completeExceptionally(new CancellationException(reason));
  }
}
