/**
 * Time, turns and chance of a simulated world.
 *
 * <p>{@link mill.sim.schedule.World} owns the virtual clock, what happens when, and whose turn it
 * is: of its {@link mill.sim.schedule.SimThread}s one runs at a time, and hands over by a seeded
 * choice at the places that {@link mill.sim.schedule.World#handOver} is called from. {@link
 * mill.sim.schedule.SimThreads} is what mill sees of that.
 */
@NullMarked
package mill.sim.schedule;

import org.jspecify.annotations.NullMarked;
