package mill.natives.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * One thread's bounded stack of idle buffers of one size, from which other threads may steal.
 *
 * <p>Only the owner pushes, pops and moves {@code count}. A thief reads the slots and claims a
 * buffer by its state word, and never writes a slot: so a slot may name a buffer that is long gone,
 * and a pop that loses the claim goes on to the next. A buffer is named by a slot before it becomes
 * CACHED, and that slot is overwritten only after a pop has claimed it or found it gone: a CACHED
 * buffer is always named by a slot of the magazine that took it in last, and cannot be lost.
 */
final class Magazine {
  private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(Chunk[].class);
  private static final VarHandle ACQUIRED = counter("acquired");
  private static final VarHandle RELEASED = counter("released");
  private static final VarHandle MISSES = counter("misses");

  private final @Nullable Chunk[] slots;
  private int count;

  // Written by the owner alone, so a plain increment and a release store are enough.
  private long acquired;
  private long released;
  private long misses;

  Magazine(int capacity) {
    slots = new Chunk[capacity];
  }

  private static VarHandle counter(String name) {
    try {
      return MethodHandles.lookup().findVarHandle(Magazine.class, name, long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Takes the buffer pushed last, now lent, or returns null. Owner only. */
  @Nullable Chunk pop() {
    for (int i = count - 1; i >= 0; i--) {
      Chunk buffer = slots[i];
      if (buffer != null && buffer.move(Chunk.CACHED, Chunk.LENT)) {
        count = i;
        ACQUIRED.setRelease(this, acquired + 1);
        return buffer;
      }
    }
    count = 0;
    return null;
  }

  /** Takes back a lent buffer; false when full. Owner only. Throws on a double release. */
  boolean push(Chunk buffer) {
    if (!add(buffer, Chunk.LENT)) {
      return false;
    }
    RELEASED.setRelease(this, released + 1);
    return true;
  }

  /** Takes in a free buffer of the depot; false when full. Owner only, under the depot's lock. */
  boolean refill(Chunk buffer) {
    return add(buffer, Chunk.CENTRAL);
  }

  private boolean add(Chunk buffer, int from) {
    int at = count;
    if (at == slots.length) {
      return false;
    }
    // The slot first: whoever sees the buffer CACHED must be able to find it (see close()).
    SLOT.setOpaque(slots, at, buffer);
    if (!buffer.move(from, Chunk.CACHED)) {
      throw buffer.doubleRelease();
    }
    count = at + 1;
    return true;
  }

  /** How many slots there are. */
  int capacity() {
    return slots.length;
  }

  /** Claims what a slot names for the depot, or returns null when it is gone. Any thread. */
  @Nullable Chunk claim(int slot) {
    Chunk buffer = slotAt(slot);
    return buffer != null && buffer.move(Chunk.CACHED, Chunk.CENTRAL) ? buffer : null;
  }

  /** Forgets the slots after the first {@code keep}, once all of them were claimed. Owner only. */
  void truncate(int keep) {
    count = Math.min(count, keep);
  }

  /** Takes one buffer, now lent, out of this magazine, or returns null. Any thread. */
  @Nullable Chunk steal() {
    for (int i = 0; i < slots.length; i++) {
      Chunk buffer = slotAt(i);
      if (buffer != null && buffer.move(Chunk.CACHED, Chunk.LENT)) {
        return buffer;
      }
    }
    return null;
  }

  /** Forgets every slot. Any thread, once nothing of the pool is out any more. */
  void clear() {
    for (int i = 0; i < slots.length; i++) {
      SLOT.setOpaque(slots, i, null);
    }
  }

  /** Counts an acquisition that the depot served. Owner only. */
  void countMiss() {
    MISSES.setRelease(this, misses + 1);
    ACQUIRED.setRelease(this, acquired + 1);
  }

  long acquired() {
    return (long) ACQUIRED.getAcquire(this);
  }

  long released() {
    return (long) RELEASED.getAcquire(this);
  }

  long misses() {
    return (long) MISSES.getAcquire(this);
  }

  private @Nullable Chunk slotAt(int index) {
    return (Chunk) SLOT.getOpaque(slots, index);
  }
}
