package mill.sim;

/** Sets a simulation up: its hosts, what runs on them, what befalls them. */
@FunctionalInterface
public interface Scenario {
  /**
   * Sets one up, before its time begins. Called once a seed, on the thread that runs the seeds; for
   * a seed that fails a second time.
   *
   * @param sim the simulation, empty; of no use when the seed is over
   * @throws Exception fails the seed
   */
  void set(Simulation sim) throws Exception;
}
