package mill.core.net;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import mill.natives.memory.PooledBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A piece of memory with bytes in it: of a queue, or read and not taken yet. It can be moved from
 * one to the other. The loop's thread; {@link Blocks} makes them.
 */
final class Block {
  MemorySegment memory = MemorySegment.NULL;

  /** How many bytes fit. */
  int capacity;

  /** The bytes in it are from here on. */
  int start;

  /** And end before this. */
  int end;

  /** The block behind this one in its queue, or in the list of spare ones. */
  @Nullable Block next;

  // Whose memory it is: one of the three.
  @Nullable PooledBuffer pooled;
  @Nullable Arena arena;
  @Nullable Message message;

  int length() {
    return end - start;
  }

  int room() {
    return capacity - end;
  }

  /** Whether bytes can be put behind those that are in it. */
  boolean isWritable() {
    return message == null;
  }
}
