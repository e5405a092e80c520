package mill.core.internal.loop;

/** How many connections may be open; perhaps of several listeners together. Any thread. */
public interface AcceptLimit {
  /** A time that nobody knows. */
  long UNKNOWN = Long.MAX_VALUE;

  /** {@return true if there was room, and one place of it is taken now} */
  boolean enter();

  /**
   * {@return in how many nanoseconds there is room, 0 if there is; {@link #UNKNOWN} if somebody has
   * to leave first, which {@link AcceptHandle#look} then tells}
   */
  long roomInNs();

  /** Gives a place back. */
  void leave();
}
