package mill.core;

/**
 * Where handlers are called, and what was given to {@link Registration#execute}. In both modes the
 * callbacks of one registration never overlap and keep their order.
 */
public enum DispatchMode {
  /** On the loop's own thread: the default and the fast path. A handler must not block. */
  INLINE,

  /**
   * On the loop's worker threads. Handlers of different registrations run beside each other, and
   * beside the tasks and timers of the loop's thread.
   *
   * <p>The workers poll themselves: the one that has polled works on what that brought, so a quick
   * handler costs what it costs on the loop's thread. One that holds up its worker is noticed
   * within two milliseconds at most, and another worker polls then; while such handlers are usual,
   * another does at once. With one worker nothing is polled while a handler runs.
   */
  WORKERS
}
