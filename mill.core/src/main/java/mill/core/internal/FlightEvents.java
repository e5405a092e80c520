package mill.core.internal;

/**
 * What mill tells a flight recording. Says nothing of {@code jdk.jfr} itself, so that it can be
 * used where that module is missing; {@link FlightRecording#events} tells whether it is.
 *
 * <p>A span is an event that can begin and end again and again, in one thread at a time, without
 * garbage. All times are measured by the recorder, and the thresholds are those of the recording.
 */
public interface FlightEvents {
  /** {@return whether a recording wants to know of turns} Any thread. */
  boolean timesTurns();

  /** {@return whether a recording wants to know of handlers} Any thread. */
  boolean timesHandlers();

  /** {@return a span for turns} */
  Object newTurn();

  /** {@return a span for handlers} */
  Object newHandler();

  /**
   * Begins a span. The thread that ends it.
   *
   * @param span a span of either kind
   */
  void begin(Object span);

  /**
   * Ends the span of a turn, and records it if it was slow. The thread that began it.
   *
   * @param span the span
   * @param loop the loop's name
   * @param events how many events the poll brought
   * @param timers how many timers were run
   * @param results how many results of offloaded work were delivered
   * @param tasks how many tasks were executed
   */
  void endTurn(Object span, String loop, int events, int timers, int results, int tasks);

  /**
   * Ends the span of a handler, and records it if it was slow. The thread that began it.
   *
   * @param span the span
   * @param loop the loop's name
   * @param pollable what was ready; asked for its text only if the handler was slow
   * @param handler who was called
   */
  void endHandler(Object span, String loop, Object pollable, Object handler);

  /**
   * Reports a task that was refused. Any thread.
   *
   * @param executor who refused it: the name of a loop or of a pool
   * @param reason why
   * @param task what was refused
   */
  void taskRejected(String executor, String reason, Object task);
}
