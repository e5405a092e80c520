package mill.sim.kernel;

/** What becomes of a connection. */
public enum Fate {
  /** Nothing happens to it. */
  NONE,
  /** Nobody listens, as far as the other side can tell. */
  REFUSED,
  /** Both ends are reset. */
  RESET,
  /** Both ends hear that the other sends no more, and what they send is answered by a reset. */
  ENDED
}
