/** A module outside of mill's build: it needs mill.sim, and nothing else. */
module external.sim {
  requires mill.sim;
}
