package mill.core;

/** What a fixed rate does with the runs that a loop which was held up has missed. */
public enum MissedRuns {
  /**
   * Each is run, one after the other, until the timer has caught up: as many runs as periods, as
   * with a {@code ScheduledThreadPoolExecutor}.
   */
  CATCH_UP,

  /**
   * One is run for all that were missed; the next is due at the next multiple of the period, as
   * with Go's {@code time.Ticker}.
   */
  SKIP
}
