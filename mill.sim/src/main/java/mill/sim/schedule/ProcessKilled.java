package mill.sim.schedule;

/** Unwinds a thread whose process was killed. Not to be caught. */
@SuppressWarnings("serial")
final class ProcessKilled extends Error {
  ProcessKilled(String process) {
    super("process " + process + " of the simulation has been killed", null, false, false);
  }
}
