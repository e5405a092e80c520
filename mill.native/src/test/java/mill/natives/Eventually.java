package mill.natives;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/** Waiting in tests: bounded by a deadline, never by a sleep. */
public final class Eventually {
  /** How long a test waits for what must happen. Only a failing test waits so long. */
  public static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(30);

  /** How long a test waits for what must not happen. */
  public static final long MOMENT_NS = TimeUnit.MILLISECONDS.toNanos(5);

  private Eventually() {}

  /** A condition that may fail with anything. */
  @FunctionalInterface
  public interface Condition {
    boolean holds() throws Exception;
  }

  @SuppressWarnings("ThreadPriorityCheck") // yields so as to leave a small machine to the others
  public static void eventually(String what, Condition condition) throws Exception {
    long start = System.nanoTime();
    while (!condition.holds()) {
      if (System.nanoTime() - start > PATIENCE_NS) {
        throw new AssertionError("not within " + PATIENCE_NS + " ns: " + what);
      }
      Thread.yield();
    }
  }

  /** Starts work on a thread that does not keep a failing JVM alive. */
  public static <T> FutureTask<T> inBackground(String name, Callable<T> work) {
    var task = new FutureTask<>(work);
    Thread.ofPlatform().daemon().name(name).start(task);
    return task;
  }

  /** The outcome of work in the background; an exception of the work is this call's. */
  public static <T> T outcome(FutureTask<T> task) throws Exception {
    try {
      return task.get(PATIENCE_NS, TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Exception cause) {
        throw cause;
      }
      throw new AssertionError(e.getCause());
    }
  }
}
