/** Simulated networks for tests. */
@NullMarked
package mill.sim;

import org.jspecify.annotations.NullMarked;
