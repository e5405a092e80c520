/**
 * Non-blocking sockets and pipes over off-heap memory.
 *
 * <p>What they have in common:
 *
 * <ul>
 *   <li>Nothing blocks. A transfer returns a byte count, or one of {@link
 *       mill.natives.net.IoStatus}: {@code WOULD_BLOCK} when nothing can move now, {@code
 *       END_OF_STREAM} when nothing ever will. Failures are {@link mill.natives.ErrnoException}s.
 *   <li>Buffers are off-heap {@link java.lang.foreign.MemorySegment}s; one on the heap is refused.
 *   <li>A transfer may be short. That is an outcome: go on from where it stopped.
 *   <li>A socket may be closed from any thread at any time. Its other methods may be called from
 *       any thread too, but two reads (or two writes) at once share the bytes in whichever order
 *       the kernel takes them.
 * </ul>
 */
@NullMarked
package mill.natives.net;

import org.jspecify.annotations.NullMarked;
