/**
 * Work that must not block an event loop: a {@link mill.core.compute.ComputePool} with four
 * priorities.
 *
 * <p>It knows nothing of loops: it is an {@link java.util.concurrent.Executor}, which {@link
 * mill.core.EventLoop#offload} takes as any other. A {@link mill.core.compute.TaskPriority} says
 * how much a task matters, a {@link mill.core.compute.ComputePoolConfig} sets the pool up, a {@link
 * mill.core.compute.ComputeMetrics} tells what it does, and a {@link
 * mill.core.compute.ComputeShutdownReport} how it ended.
 */
@NullMarked
package mill.core.compute;

import org.jspecify.annotations.NullMarked;
