package mill.core.internal;

/** Reports what nothing else would report. */
public final class UncaughtExceptions {
  private UncaughtExceptions() {}

  /**
   * Hands what was thrown to the current thread's uncaught-exception handler, which is the user's
   * and may throw as well. Never throws: the thread is to go on.
   *
   * @param thrown what was thrown
   */
  public static void report(Throwable thrown) {
    Thread current = Thread.currentThread();
    try {
      current.getUncaughtExceptionHandler().uncaughtException(current, thrown);
    } catch (Throwable second) {
      log(thrown, second);
    }
  }

  private static void log(Throwable thrown, Throwable second) {
    try {
      // A third one to carry both: the two may be the same.
      var both = new IllegalStateException("the uncaught-exception handler threw", second);
      both.addSuppressed(thrown);
      System.getLogger("mill.core")
          .log(System.Logger.Level.ERROR, "the uncaught-exception handler threw as well", both);
    } catch (Throwable third) {
      // The logger is the user's too, or memory is short. There is nobody left to tell, and the
      // thread must live.
    }
  }
}
