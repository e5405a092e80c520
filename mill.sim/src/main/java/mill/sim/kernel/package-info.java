/**
 * The kernels of the simulated hosts, and the network between them: what {@link
 * mill.natives.platform.Platform} asks for, in plain Java, as Linux does it.
 *
 * <p>One thread at a time is in here: nothing is locked.
 */
@NullMarked
package mill.sim.kernel;

import org.jspecify.annotations.NullMarked;
