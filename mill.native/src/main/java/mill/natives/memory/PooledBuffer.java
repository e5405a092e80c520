package mill.natives.memory;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * A piece of off-heap memory on loan from a {@link BufferPool}, owned by whoever acquired it until
 * {@link #release()}.
 *
 * <p>A buffer may be handed to another thread, which may release it; the hand-over itself must be
 * safe publication (a queue, a volatile field, a thread start). Two threads must not use one buffer
 * at the same time.
 *
 * <h2>What misuse is caught</h2>
 *
 * <p>An ordinary pool allocates nothing per acquisition, so it hands out the same {@code
 * PooledBuffer} object each time the same memory is lent. A second {@code release()}, or any use
 * after release, throws {@link IllegalStateException} <em>as long as the memory has not been lent
 * again</em>; after that a stale handle cannot be told from the new owner's. A {@link
 * MemorySegment} or {@link ByteBuffer} kept past {@code release()} is never caught: it reads and
 * writes somebody else's data.
 *
 * <p>A {@linkplain BufferPoolConfig#checked() checked} pool catches all of these, always: every
 * acquisition gets a handle and memory of its own, and releasing it makes every segment and view
 * taken from it inaccessible. It costs an allocation and a shared-arena close (tens of
 * microseconds) per buffer: use it in tests, and to hunt a bug.
 */
public sealed interface PooledBuffer permits Chunk, CheckedBuffer {
  /**
   * Gives the memory: exactly {@link #capacity()} bytes, aligned to at least {@value
   * BufferPool#ALIGNMENT_BYTES} bytes, usable from any thread. Its content is unspecified: what an
   * earlier owner left in it is still there.
   *
   * @return the memory, the same segment for as long as the buffer is owned; nothing is allocated
   * @throws IllegalStateException if the buffer has been released
   */
  MemorySegment segment();

  /**
   * {@return the size in bytes, a power of two: at least what was asked for}
   *
   * @throws IllegalStateException if the buffer has been released
   */
  int capacity();

  /**
   * Makes a direct {@link ByteBuffer} over the memory: position 0, limit {@link #capacity()},
   * big-endian. Each call allocates a view on the heap.
   *
   * @return the view, which must not be used after {@link #release()}
   * @throws IllegalStateException if the buffer has been released
   */
  ByteBuffer asByteBuffer();

  /**
   * Gives the memory back to its pool. Any thread may do it, once.
   *
   * @throws IllegalStateException if the buffer has been released before; in a checked pool also if
   *     a system call is using the memory at this moment (the buffer then stays owned). If the pool
   *     has been closed and this was its last buffer, also if a system call is still using memory
   *     of the pool: the buffer is released, and {@link BufferPool#close()} frees the memory later.
   */
  void release();
}
