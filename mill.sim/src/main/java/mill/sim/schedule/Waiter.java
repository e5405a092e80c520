package mill.sim.schedule;

/** A thread in the wait set of a monitor, which threads of other processes may signal too. */
record Waiter(Object lock, SimThread thread) {
  /** Whether it waits in this very monitor. */
  @SuppressWarnings("ReferenceEquality") // a monitor is an object, not a value
  boolean waitsIn(Object monitor) {
    return lock == monitor;
  }
}
