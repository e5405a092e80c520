package mill.natives.memory;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * One chunk of a slab, and the handle lent for it.
 *
 * <p>The state word alone decides who holds the chunk; every transition is a compare-and-set, so
 * exactly one thread wins it. What magazines remember are hints.
 *
 * <pre>
 *               refill                      pop by its thread, theft by another
 *            ┌──────────▶  CACHED  ──────────────────────────────┐
 *            │ flush     │        ▲                              │
 *         CENTRAL ◀──────┘        │ release                      ▼
 *            │ ▲                  └───────────────────────────  LENT
 *            │ └──── release by a thread without a magazine ─────┘ ▲
 *            └────────────────────── lend ─────────────────────────┘
 * </pre>
 */
final class Chunk implements PooledBuffer {
  /**
   * In the depot's free list, or dropped with its slab; only the holder of the depot's lock acts.
   */
  static final int CENTRAL = 0;

  /** In some thread's magazine: the first to claim it has it. */
  static final int CACHED = 1;

  /** Owned by a user. */
  static final int LENT = 2;

  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Chunk.class, "state", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  final Slab slab;
  final int sizeClass;

  /** The next free chunk of the same slab; guarded by the depot's lock. */
  @Nullable Chunk nextFree;

  private final BufferPool pool;
  private final MemorySegment segment;
  private volatile int state;

  Chunk(BufferPool pool, Slab slab, MemorySegment segment) {
    this.pool = pool;
    this.slab = slab;
    this.sizeClass = slab.sizeClass;
    this.segment = segment;
  }

  /** Moves this chunk from one state to another; false when it was not in {@code from}. */
  boolean move(int from, int to) {
    return STATE.compareAndSet(this, from, to);
  }

  @Override
  public MemorySegment segment() {
    requireLent();
    return segment;
  }

  @Override
  public int capacity() {
    requireLent();
    return slab.chunkBytes;
  }

  @Override
  public ByteBuffer asByteBuffer() {
    requireLent();
    return segment.asByteBuffer();
  }

  @Override
  public void release() {
    pool.release(this);
  }

  IllegalStateException doubleRelease() {
    return new IllegalStateException(
        "double release: this buffer of "
            + slab.chunkBytes
            + " bytes is back in its pool already; a checked pool (-D"
            + BufferPoolConfig.CHECKED_PROPERTY
            + "=true) tells where it was released first");
  }

  private void requireLent() {
    if (state != LENT) {
      throw new IllegalStateException(
          "use after release: this buffer of "
              + slab.chunkBytes
              + " bytes was given back to its pool; a checked pool (-D"
              + BufferPoolConfig.CHECKED_PROPERTY
              + "=true) tells where");
    }
  }

  @Override
  public String toString() {
    return "PooledBuffer["
        + slab.chunkBytes
        + " bytes, "
        + (state == LENT ? "owned]" : "released]");
  }
}
