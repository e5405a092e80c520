/**
 * A simulated network under unchanged mill: hosts, faults and time drawn from a seed, in one JVM,
 * the same each time.
 *
 * <p>For tests. Needs no native access: nothing here calls native code.
 */
module mill.sim {
  requires transitive mill.core;
  requires static org.jspecify;

  exports mill.sim;
  exports mill.sim.fault;
}
