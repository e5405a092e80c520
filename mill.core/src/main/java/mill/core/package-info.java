/**
 * The reactor: an {@link mill.core.EventLoop} waits for what is registered with it and calls its
 * {@link mill.core.EventHandler}s.
 *
 * <h2>A first program</h2>
 *
 * <p>Eight types are enough for a server; the first three come from {@code mill.natives}:
 *
 * <ol>
 *   <li>{@link mill.natives.net.TcpStream}s, or any other {@link mill.natives.Pollable},
 *   <li>an {@link mill.natives.Interest}: what to wait for;
 *   <li>a {@link mill.natives.Readiness}, which says what can be done now;
 *   <li>the {@link mill.core.EventLoop}, which runs on a thread of yours,
 *   <li>a {@link mill.core.LoopListener} of it, which accepts connections,
 *   <li>an {@link mill.core.EventHandler}, which the loop calls with a readiness
 *   <li>and with the {@link mill.core.Registration}, which changes the interest, and cancels or
 *       closes;
 *   <li>and a {@link mill.core.Timeout}, for what is to happen later.
 * </ol>
 *
 * {@snippet class=mill.core.snippets.FirstProgramSnippets region=echo}
 *
 * <h2>More of a loop</h2>
 *
 * <p>A {@link mill.core.LoopConfig} sets a loop up; its {@link mill.core.DispatchMode} says whether
 * handlers run on the loop's thread or on workers. A {@link mill.core.Throttle} holds a
 * registration to the rate of one or more {@link mill.core.RateLimiter}s. {@link
 * mill.core.EventLoop#offload} brings the result of work that is done elsewhere back to the loop,
 * and {@link mill.core.EventLoop#shutdown} ends the loop gracefully, with a {@link
 * mill.core.ShutdownReport}.
 *
 * <h2>Several loops, and work beside them</h2>
 *
 * <p>An {@link mill.core.group.EventLoopGroup} runs several loops and shares the connections of a
 * server among them. A {@link mill.core.compute.ComputePool} takes the work that must not block a
 * loop.
 *
 * <h2>Watching it</h2>
 *
 * <p>{@link mill.core.EventLoop#metrics} tells, in a {@link mill.core.LoopMetrics}, what a loop has
 * done and what waits in it. {@link mill.core.LoopConfig.Builder#stallThreshold} lets a thread
 * watch the loop's, and a {@link mill.core.StallReport} names what holds it up. The JDK's flight
 * recorder has the events {@code mill.SlowTurn}, {@code mill.SlowHandler} and {@code
 * mill.RejectedTask}.
 */
@NullMarked
package mill.core;

import org.jspecify.annotations.NullMarked;
