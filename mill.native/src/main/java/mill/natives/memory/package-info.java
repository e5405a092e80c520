/**
 * Off-heap buffers and reusable objects: {@link mill.natives.memory.BufferPool} and {@link
 * mill.natives.memory.ObjectPool}.
 *
 * <p>Every off-heap byte has one owner: a slab belongs to its pool, a {@link
 * mill.natives.memory.PooledBuffer} to whoever acquired it, until that owner releases it. There is
 * no reference counting.
 *
 * <pre>
 *   acquire ─▶ this thread's magazine ─▶ the depot (lock): free buffers ─▶ a new slab, up to the cap
 *                                                     ─▶ other threads' magazines ─▶ an empty slab
 *                                                        of another size ─▶ exhausted
 * </pre>
 */
@NullMarked
package mill.natives.memory;

import org.jspecify.annotations.NullMarked;
