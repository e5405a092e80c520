package mill.natives.memory;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A run of memory cut into chunks of one size, on demand. Everything under the depot's lock.
 *
 * <p>Chunks are cut one by one, so a slab costs heap only for what was used of it. A slab of which
 * nothing is out can be cut anew in another size: that makes a new {@code Slab} of the same memory,
 * and the handles of the old one stay released forever.
 */
final class Slab {
  final int sizeClass;
  final int chunkBytes;

  /** The whole run; {@link MemorySegment#NULL} in a checked pool, where a slab is bookkeeping. */
  final MemorySegment memory;

  private final int chunks;
  private int cut;
  private int out;
  private @Nullable Chunk free;

  Slab(MemorySegment memory, int slabBytes, int sizeClass, int chunkBytes) {
    this.memory = memory;
    this.sizeClass = sizeClass;
    this.chunkBytes = chunkBytes;
    this.chunks = slabBytes / chunkBytes;
  }

  boolean hasRoom() {
    return free != null || cut < chunks;
  }

  boolean isEmpty() {
    return out == 0;
  }

  /** Takes a chunk that was used before, or returns null. The caller sets its state. */
  @Nullable Chunk takeUsed() {
    Chunk chunk = free;
    if (chunk != null) {
      free = chunk.nextFree;
      chunk.nextFree = null;
      out++;
    }
    return chunk;
  }

  /** Takes any chunk; {@link #hasRoom()} must hold. */
  Chunk take(BufferPool pool) {
    Chunk used = takeUsed();
    if (used != null) {
      return used;
    }
    MemorySegment slice =
        memory.byteSize() == 0 ? memory : memory.asSlice((long) cut * chunkBytes, chunkBytes);
    Chunk chunk = new Chunk(pool, this, slice);
    cut++;
    out++;
    return chunk;
  }

  void put(Chunk chunk) {
    chunk.nextFree = free;
    free = chunk;
    out--;
  }
}
