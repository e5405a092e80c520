package mill.core.internal;

import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import mill.natives.platform.Threads;

/** Waits that an interrupt does not end; it is passed on. Any thread. */
public final class Waits {
  private Waits() {}

  /**
   * Waits until a future is done, whatever its outcome.
   *
   * @param threads who wait
   * @param clock the time that they wait by
   * @param future the future
   * @param timeoutNs how long at most, or {@link Threads#FOREVER}
   * @return whether it is done
   */
  public static boolean await(
      Threads threads, LongSupplier clock, CompletableFuture<?> future, long timeoutNs) {
    boolean interrupted = false;
    long startNs = clock.getAsLong();
    long leftNs = timeoutNs;
    try {
      while (true) {
        try {
          return threads.await(future, leftNs);
        } catch (InterruptedException e) {
          interrupted = true;
        }
        if (timeoutNs != Threads.FOREVER) {
          leftNs = Math.max(0, timeoutNs - (clock.getAsLong() - startNs));
        }
      }
    } finally {
      restore(interrupted);
    }
  }

  /**
   * Waits until a thread has ended, which has nothing left to do but that.
   *
   * @param threads whose it is
   * @param ending the thread
   */
  public static void join(Threads threads, Thread ending) {
    boolean interrupted = false;
    boolean ended = false;
    try {
      while (!ended) {
        try {
          ended = threads.join(ending, Threads.FOREVER);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      restore(interrupted);
    }
  }

  private static void restore(boolean interrupted) {
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
