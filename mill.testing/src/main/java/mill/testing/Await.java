package mill.testing;

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
  /** How long a test may take, in seconds; where all is slower, the build says so. */
  public static final long TEST_TIMEOUT_S = Long.getLong("mill.test.timeout", 20);

  /**
   * How long a test waits for what must happen: half of its time, so that the wait fails in its own
   * words before JUnit loses patience. Only a failing test waits so long.
   */
  public static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(TEST_TIMEOUT_S) / 2;

  /** How long a test waits for what must not happen. */
  public static final long MOMENT_NS = TimeUnit.MILLISECONDS.toNanos(10);

  private Await() {}

  /** A condition that may fail with anything. */
  @FunctionalInterface
  public interface Condition {
    boolean holds() throws Exception;
  }

  /** Asks again and again. */
  @SuppressWarnings("ThreadPriorityCheck") // yields so as to leave a small machine to the others
  public static void eventually(String what, Condition condition) throws Exception {
    long start = System.nanoTime();
    while (!condition.holds()) {
      requirePatience(start, what);
      Thread.yield();
    }
  }

  /** Fails if patience is at its end: for loops that wait in their own way. */
  public static void requirePatience(long startNs, String what) {
    if (System.nanoTime() - startNs > PATIENCE_NS) {
      throw hung(what, null);
    }
  }

  /** The failure of a wait of one's own, when the stacks of all threads have been shown. */
  public static HangError hung(String what, Throwable cause) {
    return hung(what, PATIENCE_NS, cause);
  }

  static HangError hung(String what, long patienceNs, Throwable cause) {
    String message = "not within " + TimeUnit.NANOSECONDS.toSeconds(patienceNs) + " s: " + what;
    HangWatch.show(message);
    return new HangError(message, cause);
  }

  public static void await(CountDownLatch latch) {
    if (!happensWithin(PATIENCE_NS, latch)) {
      throw hung(latch.toString(), null);
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
      throw hung(stage.toString(), e);
    }
  }

  /** Waits for a stage's value. */
  public static <T> T outcomeOf(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().get(PATIENCE_NS, TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw hung(stage.toString(), e);
    } catch (InterruptedException | ExecutionException e) {
      throw new AssertionError("no value: " + stage, e);
    }
  }

  public static boolean isDone(CompletionStage<Void> stage) {
    return stage.toCompletableFuture().isDone();
  }

  /** Waits until a thread is in a state: at a monitor, in a wait with a timeout. */
  public static void state(Thread thread, Thread.State wanted) {
    long start = System.nanoTime();
    while (thread.getState() != wanted) {
      requirePatience(start, thread + " " + wanted);
      Thread.onSpinWait();
    }
  }

  /** Starts work on a thread that does not keep a failing JVM alive. */
  public static <T> FutureTask<T> inBackground(String name, Callable<T> work) {
    var task =
        new FutureTask<>(work) {
          @Override
          public String toString() {
            return "the outcome of \"" + name + "\"";
          }
        };
    Thread.ofPlatform().daemon().name(name).start(task);
    return task;
  }

  /** The outcome of work in the background; an exception of the work is this call's. */
  public static <T> T outcome(Future<T> task) throws Exception {
    try {
      return task.get(PATIENCE_NS, TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw hung(task.toString(), e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Exception cause) {
        throw cause;
      }
      throw new AssertionError(e.getCause());
    }
  }
}
