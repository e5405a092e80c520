package mill.core.net;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import mill.natives.memory.BufferPool;
import mill.natives.memory.BufferPoolConfig;
import mill.natives.memory.PooledBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The memory of a loop's connections: its pool, the buffer that is read into, and how short it is.
 * The loop's thread.
 *
 * <p>From seven eighths of the pool's cap on it is short: no reads and no accepts. The last eighth
 * is for what the callbacks put that run already.
 */
final class Blocks {
  /** What is read into, and the largest piece of a queue. */
  static final int LARGE = 64 << 10;

  /** The usual piece of a queue. */
  static final int MEDIUM = 16 << 10;

  /** What is kept of an incomplete frame in a block of its own. */
  static final int SMALL = 4 << 10;

  private static final int MAX_SPARE = 16; // of each list
  private static final int MAX_SHELLS = 1024;

  private final BufferPool pool;
  private final boolean checked;
  private final long cap;
  private final long enough;
  private final Runnable relieved;

  private @Nullable Block spareMedium;
  private int spareMediums;
  private @Nullable Block shells;
  private int shellCount;
  private @Nullable Block readBlock;

  private long lent;
  private volatile boolean isShort;

  /**
   * Makes it.
   *
   * @param config the pool's
   * @param relieved called when memory is not short any more
   */
  Blocks(BufferPoolConfig config, Runnable relieved) {
    pool = BufferPool.open(config);
    checked = config.checked();
    cap = config.maxBytes();
    enough = cap - cap / 8;
    this.relieved = relieved;
  }

  /** How many bytes are in use. */
  long lentBytes() {
    return lent;
  }

  /** Whether reads and accepts are to wait. Any thread. */
  boolean isShort() {
    return isShort;
  }

  /** A block for the bytes of a queue, or null if there is none. */
  @Nullable Block acquire(int minBytes) {
    Block spare = spareMedium;
    if (spare != null && minBytes <= MEDIUM && minBytes > SMALL) {
      spareMedium = spare.next;
      spareMediums--;
      spare.next = null;
      count(spare.capacity);
      return spare;
    }
    return minBytes <= LARGE ? pooled(minBytes) : ofArena(minBytes);
  }

  private @Nullable Block pooled(int minBytes) {
    PooledBuffer buffer;
    try {
      buffer = pool.tryAcquire(minBytes);
    } catch (OutOfMemoryError | IllegalStateException e) {
      return null; // the system has none, or the loop has ended
    }
    if (buffer == null) {
      isShort = true; // though less is in use: what is idle is cut in other sizes
      return null;
    }
    Block block = shell();
    block.pooled = buffer;
    block.memory = buffer.segment();
    block.capacity = buffer.capacity();
    count(block.capacity);
    return block;
  }

  @SuppressWarnings("MustBeClosedChecker") // closed with the block
  private @Nullable Block ofArena(int bytes) {
    if (lent + bytes > cap) {
      isShort = true;
      return null;
    }
    Arena arena = Arena.ofShared(); // another thread may close the loop
    MemorySegment memory;
    try {
      memory = arena.allocate(bytes);
    } catch (OutOfMemoryError e) {
      arena.close();
      return null;
    }
    Block block = shell();
    block.arena = arena;
    block.memory = memory;
    block.capacity = bytes;
    count(bytes);
    return block;
  }

  /** Whether a block of a size could ever be had. */
  boolean canEverHold(long bytes) {
    return bytes <= enough;
  }

  /** A block of a message's bytes, of which one reference is handed over. */
  Block of(Message message, long length) {
    Block block = shell();
    block.message = message;
    block.memory = message.memory();
    block.end = (int) length;
    block.capacity = block.end;
    return block;
  }

  /** The buffer to read into, from now on the caller's, or null if memory is short. */
  @Nullable Block takeReadBlock() {
    Block block = readBlock;
    if (block == null) {
      return isShort ? null : acquire(LARGE);
    }
    readBlock = null;
    return block;
  }

  /** Takes a buffer back, for the next read. */
  void giveReadBlock(Block block) {
    if (checked || readBlock != null || block.capacity != LARGE || block.pooled == null) {
      release(block);
      return;
    }
    block.start = 0;
    block.end = 0;
    readBlock = block;
  }

  /** Takes back any block. */
  void release(Block block) {
    block.start = 0;
    block.end = 0;
    Message message = block.message;
    if (message != null) {
      block.message = null;
      dropShell(block);
      message.release();
      return;
    }
    int capacity = block.capacity;
    PooledBuffer buffer = block.pooled;
    if (buffer != null && capacity == MEDIUM && spareMediums < MAX_SPARE && !checked) {
      block.next = spareMedium;
      spareMedium = block;
      spareMediums++;
    } else {
      Arena arena = block.arena;
      block.pooled = null;
      block.arena = null;
      dropShell(block);
      if (buffer != null) {
        buffer.release();
      } else if (arena != null) {
        arena.close();
      }
    }
    uncount(capacity);
  }

  private void count(int bytes) {
    lent += bytes;
    if (lent >= enough && !isShort) {
      isShort = true;
    }
  }

  private void uncount(int bytes) {
    lent -= bytes;
    if (isShort && lent < enough) {
      isShort = false;
      relieved.run();
    }
  }

  private Block shell() {
    Block shell = shells;
    if (shell == null) {
      return new Block();
    }
    shells = shell.next;
    shellCount--;
    shell.next = null;
    return shell;
  }

  private void dropShell(Block block) {
    block.memory = MemorySegment.NULL;
    block.capacity = 0;
    if (shellCount < MAX_SHELLS) {
      shellCount++;
      block.next = shells;
      shells = block;
    } else {
      block.next = null;
    }
  }

  /** Gives everything that is idle back to the system. Nothing is lent any more after this. */
  void close() {
    Block read = readBlock;
    readBlock = null;
    while (spareMedium != null) {
      Block spare = spareMedium;
      spareMedium = spare.next;
      if (spare.pooled != null) {
        spare.pooled.release();
      }
    }
    spareMediums = MAX_SPARE; // what comes back from now on is released
    if (read != null) {
      release(read);
    }
    pool.close();
  }
}
