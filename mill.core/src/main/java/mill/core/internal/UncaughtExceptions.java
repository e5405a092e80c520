package mill.core.internal;

import java.lang.System.Logger.Level;
import java.lang.Thread.UncaughtExceptionHandler;
import mill.natives.CurrentPlatform;

/** Reports what nothing else would report. */
public final class UncaughtExceptions {
  private UncaughtExceptions() {}

  /**
   * Hands what was thrown to the current thread's uncaught-exception handler, which is the user's
   * and may throw as well. Never throws: the thread is to go on. Where nobody has set such a
   * handler, the JVM prints a stack as if the thread had died of it; a warning before it says that
   * it has not.
   *
   * @param thrown what was thrown
   */
  @SuppressWarnings("ReferenceEquality") // whether it is the very group, which nobody has replaced
  public static void report(Throwable thrown) {
    Thread current = Thread.currentThread();
    try {
      CurrentPlatform.threads().threw(thrown);
      UncaughtExceptionHandler handler = current.getUncaughtExceptionHandler();
      if (Thread.getDefaultUncaughtExceptionHandler() == null
          && handler.equals(current.getThreadGroup())) {
        warn(current, thrown);
      }
      handler.uncaughtException(current, thrown);
    } catch (Throwable second) {
      log(thrown, second);
    }
  }

  /**
   * Lets one exception go with another. Never throws.
   *
   * @param suppressed what was thrown besides
   * @param thrown what carries it
   */
  @SuppressWarnings("ReferenceEquality") // whether it is the very same
  public static void suppress(Throwable suppressed, Throwable thrown) {
    if (suppressed == thrown) {
      return; // nothing suppresses itself: that would be thrown
    }
    try {
      thrown.addSuppressed(suppressed);
    } catch (Throwable third) {
      // Memory is short: the one that carries it is reported all the same.
    }
  }

  private static void warn(Thread current, Throwable thrown) {
    try {
      System.getLogger("mill.core")
          .log(
              Level.WARNING,
              "thread {0} goes on, although a callback or task has thrown what follows: {1}",
              current.getName(),
              thrown.getClass().getName());
    } catch (Throwable second) {
      // The logger is the user's: what was thrown is told all the same.
    }
  }

  private static void log(Throwable thrown, Throwable second) {
    try {
      // A third one to carry both: the two may be the same.
      var both = new IllegalStateException("the uncaught-exception handler threw", second);
      both.addSuppressed(thrown);
      System.getLogger("mill.core")
          .log(Level.ERROR, "the uncaught-exception handler threw as well", both);
    } catch (Throwable third) {
      // The logger is the user's too, or memory is short. There is nobody left to tell, and the
      // thread must live.
    }
  }
}
