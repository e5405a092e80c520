package mill.natives.ffm;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The memory of one poller, lent again to the next one when it is closed. Any thread.
 *
 * <p>A shared arena that is closed has the virtual machine look into every thread, for one may be
 * using it; that takes longer than all else that a poller does when it is closed, and the whole
 * program stands still for it. Nobody uses a poller's memory any more by then, so a few blocks stay
 * where they are. What does not fit into one, and what is more than a few, goes back to the system.
 */
public final class PollerArena implements Arena {
  /** How much a poller gets without asking the system: enough for batches of usual sizes. */
  static final int BLOCK_BYTES = 32 * 1024;

  /** How many blocks that nobody uses are kept at most. */
  static final int MAX_IDLE = 16;

  private static final int BLOCK_ALIGNMENT = 64;

  private static final ArrayDeque<Block> IDLE = new ArrayDeque<>(); // guarded by itself

  private static final class Block {
    final Arena arena = Arena.ofShared();
    final MemorySegment memory = arena.allocate(BLOCK_BYTES, BLOCK_ALIGNMENT);
  }

  private final Object lock = new Object();
  private final Block block;

  @GuardedBy("lock")
  private long used;

  @GuardedBy("lock")
  private boolean closed;

  @GuardedBy("lock")
  private @Nullable Arena more; // what does not fit into the block

  /** Takes a block that is there, or else a new one. */
  public PollerArena() {
    Block kept;
    synchronized (IDLE) {
      kept = IDLE.poll();
    }
    block = kept == null ? new Block() : kept;
  }

  @Override
  @SuppressWarnings("MustBeClosedChecker") // what does not fit is closed with this
  public MemorySegment allocate(long byteSize, long byteAlignment) {
    synchronized (lock) {
      if (closed) {
        throw new IllegalStateException("the poller's memory was given back");
      }
      long start = used + byteAlignment - 1 & -byteAlignment;
      if (byteAlignment <= BLOCK_ALIGNMENT && byteSize <= BLOCK_BYTES - start) {
        used = start + byteSize;
        return block.memory.asSlice(start, byteSize).fill((byte) 0); // it was another's
      }
      if (more == null) {
        more = Arena.ofShared();
      }
      return more.allocate(byteSize, byteAlignment);
    }
  }

  @Override
  public MemorySegment.Scope scope() {
    return block.arena.scope();
  }

  /**
   * Gives the memory back. Once, and when nobody uses it any more: nothing looks after that.
   *
   * @throws IllegalStateException if that has been done
   */
  @Override
  public void close() {
    Arena rest;
    synchronized (lock) {
      if (closed) {
        throw new IllegalStateException("the poller's memory was given back already");
      }
      closed = true;
      rest = more;
    }
    try {
      if (!keep(block)) {
        block.arena.close();
      }
    } finally {
      if (rest != null) {
        rest.close();
      }
    }
  }

  private static boolean keep(Block unused) {
    synchronized (IDLE) {
      if (IDLE.size() == MAX_IDLE) {
        return false;
      }
      IDLE.push(unused);
      return true;
    }
  }

  /** How many blocks are kept. For tests. */
  static int idle() {
    synchronized (IDLE) {
      return IDLE.size();
    }
  }
}
