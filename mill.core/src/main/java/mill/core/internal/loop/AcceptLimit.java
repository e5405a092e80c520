package mill.core.internal.loop;

/** How many connections may be open; perhaps of several listeners together. Any thread. */
public interface AcceptLimit {
  /** {@return true if there was room, and one place of it is taken now} */
  boolean enter();

  /** {@return whether there is room} */
  boolean hasRoom();

  /** Gives a place back. */
  void leave();
}
