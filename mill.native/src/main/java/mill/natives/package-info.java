/**
 * The metal: a poller over the operating system's own readiness call, and what can be registered
 * with it.
 *
 * <p>{@link mill.natives.Poller} polls, {@link mill.natives.Pollable} is whatever has a descriptor,
 * {@link mill.natives.ReadyEvents} receives what is ready. The sockets are in {@link
 * mill.natives.net}, off-heap memory in {@link mill.natives.memory}, and everything mill asks of an
 * operating system in {@link mill.natives.platform}.
 */
@NullMarked
package mill.natives;

import org.jspecify.annotations.NullMarked;
