package mill.core;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Waiting in tests: bounded by a deadline, never by a sleep. */
public final class Await {
  /** How long a test waits for what must happen. Only a failing test waits so long. */
  public static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(30);

  /** How long a test waits for what must not happen. */
  public static final long MOMENT_NS = TimeUnit.MILLISECONDS.toNanos(20);

  private Await() {}

  public static void await(CountDownLatch latch) {
    if (!happensWithin(PATIENCE_NS, latch)) {
      throw new AssertionError("not within " + PATIENCE_NS + " ns: " + latch);
    }
  }

  /** Whether the latch opens in a moment; for asserting that it does not. */
  public static boolean happensInAMoment(CountDownLatch latch) {
    return happensWithin(MOMENT_NS, latch);
  }

  private static boolean happensWithin(long timeoutNs, CountDownLatch latch) {
    try {
      return latch.await(timeoutNs, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** Waits until a cancellation is over. */
  public static void done(CompletionStage<Void> stage) throws Exception {
    try {
      stage.toCompletableFuture().get(PATIENCE_NS, TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw new AssertionError("not within " + PATIENCE_NS + " ns", e);
    }
  }

  /** Waits for a stage's value. */
  public static <T> T outcomeOf(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().get(PATIENCE_NS, TimeUnit.NANOSECONDS);
    } catch (TimeoutException | InterruptedException | ExecutionException e) {
      throw new AssertionError("no value within " + PATIENCE_NS + " ns", e);
    }
  }

  public static boolean isDone(CompletionStage<Void> stage) {
    return stage.toCompletableFuture().isDone();
  }

  /** Waits until a thread is in a state: at a monitor, in a wait with a timeout. */
  public static void state(Thread thread, Thread.State wanted) {
    long start = System.nanoTime();
    while (thread.getState() != wanted) {
      if (System.nanoTime() - start > PATIENCE_NS) {
        throw new AssertionError("never " + wanted + ": " + thread);
      }
      Thread.onSpinWait();
    }
  }

  /** Starts work on a thread that does not keep a failing JVM alive. */
  public static <T> FutureTask<T> inBackground(String name, Callable<T> work) {
    var task = new FutureTask<>(work);
    Thread.ofPlatform().daemon().name(name).start(task);
    return task;
  }

  /** The outcome of work in the background; an exception of the work is this call's. */
  public static <T> T outcome(Future<T> task) throws Exception {
    try {
      return task.get(PATIENCE_NS, TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw new AssertionError("not within " + PATIENCE_NS + " ns", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Exception cause) {
        throw cause;
      }
      throw new AssertionError(e.getCause());
    }
  }
}
