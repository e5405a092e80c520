package mill.core;

import org.jspecify.annotations.Nullable;

/**
 * What mill tells a flight recording. Says nothing of {@code jdk.jfr} itself, so that it can be
 * used where that module is missing; {@link Flight#events} tells whether it is.
 *
 * <p>A span is an event that has begun. All times are measured by the recorder, and the thresholds
 * are those of the recording. Any thread.
 */
interface FlightEvents {
  /** Begins a turn; null if no recording wants to know. */
  @Nullable Object beginTurn();

  void endTurn(Object span, String loop, int events, int timers, int results, int tasks);

  /** Whether a recording wants to know of handlers. */
  boolean timesHandlers();

  Object beginHandler();

  void endHandler(Object span, String loop, Registration registration);

  /**
   * Reports a task that was refused.
   *
   * @param executor who refused it: the name of a loop or of a pool
   * @param reason why
   * @param task what was refused
   */
  void taskRejected(String executor, String reason, Object task);
}
