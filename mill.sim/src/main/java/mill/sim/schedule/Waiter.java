package mill.sim.schedule;

/** A thread in the wait set of a monitor, which threads of other processes may signal too. */
record Waiter(Object lock, SimThread thread) {}
