package mill.core;

/** What ended a {@link Registration}: the cause that came first. */
public enum CloseReason {
  /** {@link Registration#cancel()} or {@link Registration#close()} was called, by anybody. */
  CANCELLED,

  /** The pollable was closed, by anybody. */
  POLLABLE_CLOSED,

  /**
   * The handler threw, or the kernel refused to report any more. {@link EventHandler#onError} has
   * been told what, unless it was a {@link Throttle} that could not let its direction be reported
   * again: that goes to the loop thread's uncaught-exception handler.
   */
  FAILED,

  /** The loop was closed; or this is a listener's, and a shutdown of the loop has begun. */
  LOOP_CLOSED,

  /** The time of a shutdown was over, or the loop was closed in the middle of it. */
  SHUTDOWN_FORCED,

  /**
   * {@link EventLoop#register} has thrown: nothing was registered, and the pollable is open unless
   * it was closed before.
   */
  REFUSED;

  private static final CloseReason[] VALUES = values();

  /** The reason of a number. */
  static CloseReason of(int number) {
    return VALUES[number];
  }

  /** This reason's number, which takes three bits; for a word that has no room for more. */
  @SuppressWarnings("EnumOrdinal") // it never leaves the process
  int number() {
    return ordinal();
  }
}
