package mill.core.internal.timer;

/** What a timer asks of the timers that it is one of. Any thread. */
interface TimerEngine {
  /**
   * Schedules a timer, whether it is scheduled or not.
   *
   * @return true if it was scheduled before
   */
  boolean arm(TimerNode timer, long delayNs);

  /**
   * Cancels a timer.
   *
   * @return true if it was scheduled
   */
  boolean cancel(TimerNode timer);

  /** {@return nanoseconds since these timers were made} */
  long nowNs();
}
