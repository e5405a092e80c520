package mill.sim.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * The memory of one transfer: a part of one buffer, or of several, filled or emptied in order. Used
 * again for each.
 */
final class Transfer {
  /** How many buffers a call uses at most. */
  private static final int MAX_BUFFERS = 64;

  private MemorySegment[] buffers = new MemorySegment[1];
  private long @Nullable [] offsets;
  private long @Nullable [] lengths;
  private int index;
  private int end;
  private long position;
  private long left;
  private boolean single = true;

  Transfer of(MemorySegment buffer, long offset, long length) {
    if (!single) {
      buffers = new MemorySegment[1]; // the others were the caller's
    }
    buffers[0] = buffer;
    single = true;
    offsets = null;
    lengths = null;
    index = 0;
    end = 1;
    position = offset;
    left = length;
    return this;
  }

  Transfer of(
      MemorySegment[] segments,
      long @Nullable [] partOffsets,
      long @Nullable [] partLengths,
      int from,
      int count) {
    buffers = segments;
    single = false;
    offsets = partOffsets;
    lengths = partLengths;
    index = from;
    end = from + Math.min(count, MAX_BUFFERS);
    left = 0;
    for (int i = from; i < end; i++) {
      left += length(i);
    }
    position = count == 0 ? 0 : offset(from);
    return this;
  }

  private long offset(int i) {
    return offsets == null ? 0 : offsets[i];
  }

  private long length(int i) {
    return lengths == null ? buffers[i].byteSize() : lengths[i];
  }

  /** {@return how many bytes are left to move} */
  long left() {
    return left;
  }

  /** Moves no more than so many. */
  void limit(long bytes) {
    left = Math.min(left, bytes);
  }

  /** Fills the memory; what does not fit is left out. */
  int put(byte[] bytes, int from, int length) {
    return move(bytes, from, length, true);
  }

  /** {@return so many bytes of the memory, or all that are left} */
  byte[] take(long atMost) {
    var bytes = new byte[(int) Math.min(left, atMost)];
    move(bytes, 0, bytes.length, false);
    return bytes;
  }

  private int move(byte[] bytes, int from, int length, boolean intoMemory) {
    int moved = 0;
    int wanted = (int) Math.min(length, left);
    while (moved < wanted) {
      long room = roomInBuffer();
      if (room == 0) {
        index++;
        position = offset(index);
        continue;
      }
      int part = (int) Math.min(room, wanted - moved);
      if (intoMemory) {
        MemorySegment.copy(
            bytes, from + moved, buffers[index], ValueLayout.JAVA_BYTE, position, part);
      } else {
        MemorySegment.copy(
            buffers[index], ValueLayout.JAVA_BYTE, position, bytes, from + moved, part);
      }
      position += part;
      moved += part;
    }
    left -= moved;
    return moved;
  }

  private long roomInBuffer() {
    // A single part's end is what is left of it.
    return single ? left : offset(index) + length(index) - position;
  }
}
