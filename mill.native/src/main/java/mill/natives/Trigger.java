package mill.natives;

/** How often the kernel reports a descriptor that stays ready. Any thread. */
public enum Trigger {
  /**
   * At every poll while it is ready: the default, and the one that forgives a handler that leaves
   * data unread.
   */
  LEVEL,

  /**
   * Once per change. The handler must read or write until {@code WOULD_BLOCK}, or it hears nothing
   * more ({@code EPOLLET}, {@code EV_CLEAR}).
   */
  EDGE,

  /**
   * Once, then not again until the interest is set anew ({@code EPOLLONESHOT}, {@code
   * EV_DISPATCH}).
   */
  ONESHOT
}
