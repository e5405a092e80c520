package mill.core;

/**
 * What mill tells a flight recording. Says nothing of {@code jdk.jfr} itself, so that it can be
 * used where that module is missing; {@link Flight#events} tells whether it is.
 *
 * <p>A span is an event that can begin and end again and again, in one thread at a time, without
 * garbage. All times are measured by the recorder, and the thresholds are those of the recording.
 */
interface FlightEvents {
  /** Whether a recording wants to know of turns. */
  boolean timesTurns();

  /** Whether a recording wants to know of handlers. */
  boolean timesHandlers();

  Object newTurn();

  Object newHandler();

  void begin(Object span);

  void endTurn(Object span, String loop, int events, int timers, int results, int tasks);

  void endHandler(Object span, String loop, Registration registration);

  /**
   * Reports a task that was refused. Any thread.
   *
   * @param executor who refused it: the name of a loop or of a pool
   * @param reason why
   * @param task what was refused
   */
  void taskRejected(String executor, String reason, Object task);
}
