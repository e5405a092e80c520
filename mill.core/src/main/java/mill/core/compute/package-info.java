/**
 * Work that must not block an event loop: a {@link mill.core.compute.ComputePool} with four
 * priorities. Knows nothing of loops; whatever takes an executor takes it.
 */
@NullMarked
package mill.core.compute;

import org.jspecify.annotations.NullMarked;
