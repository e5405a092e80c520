package mill.core;

/**
 * Where handlers are called, and what was given to {@link Registration#execute}. In both modes the
 * callbacks of one registration never overlap and keep their order.
 */
public enum DispatchMode {
  /** On the loop's own thread: the default and the fast path. A handler must not block. */
  INLINE,

  /**
   * On the loop's worker threads. Handlers of different registrations run beside each other. A
   * level-triggered registration is taken out of the kernel's set while its handler runs and put
   * back after it, which costs a system call for each event.
   */
  WORKERS
}
