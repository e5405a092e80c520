package mill.natives.memory;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** The depot's slabs of one size that have a chunk to give. Everything under the depot's lock. */
final class Bin {
  private final ArrayDeque<Slab> withRoom = new ArrayDeque<>();

  // What threads without a magazine did, and dead threads; live ones count in their magazines.
  long acquired;
  long released;
  long misses;

  /** Taken back by the leak detector: not outstanding any more, and never released. */
  long leaked;

  void add(Slab slab) {
    withRoom.addFirst(slab);
  }

  void remove(Slab slab) {
    withRoom.remove(slab);
  }

  void clear() {
    withRoom.clear();
  }

  /** Takes any chunk, or returns null when every slab is full. */
  @Nullable Chunk take(BufferPool pool) {
    Slab slab = withRoom.peekFirst();
    if (slab == null) {
      return null;
    }
    Chunk chunk = slab.take(pool);
    dropFirstWhenFull(slab);
    return chunk;
  }

  /** Takes a chunk that was used before, or returns null: refilling magazines cuts nothing new. */
  @Nullable Chunk takeUsed() {
    Slab slab = withRoom.peekFirst();
    Chunk chunk = slab == null ? null : slab.takeUsed();
    if (slab != null && chunk != null) {
      dropFirstWhenFull(slab);
    }
    return chunk;
  }

  void put(Chunk chunk) {
    Slab slab = chunk.slab;
    boolean wasFull = !slab.hasRoom();
    slab.put(chunk);
    if (wasFull) {
      withRoom.addFirst(slab);
    }
  }

  /** Adds what a dead thread has counted. */
  void addCountsOf(Magazine magazine) {
    acquired += magazine.acquired();
    released += magazine.released();
    misses += magazine.misses();
  }

  private void dropFirstWhenFull(Slab slab) {
    if (!slab.hasRoom()) {
      withRoom.removeFirst();
    }
  }
}
