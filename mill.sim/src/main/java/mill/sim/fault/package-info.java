/** The names of what can go wrong in a simulation. */
@NullMarked
package mill.sim.fault;

import org.jspecify.annotations.NullMarked;
