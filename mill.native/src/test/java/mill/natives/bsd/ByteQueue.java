package mill.natives.bsd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A bounded queue of bytes, of the model of a kernel. */
final class ByteQueue {
  private final byte[] ring;
  private int head;
  private int size;

  ByteQueue(int capacity) {
    ring = new byte[capacity];
  }

  int size() {
    return size;
  }

  int room() {
    return ring.length - size;
  }

  /** Takes bytes out; how many. */
  int take(MemorySegment into, long length) {
    int count = (int) Math.min(length, size);
    for (int i = 0; i < count; i++) {
      into.set(ValueLayout.JAVA_BYTE, i, ring[head]);
      head = (head + 1) % ring.length;
    }
    size -= count;
    return count;
  }

  /** Puts bytes in; how many there was room for. */
  int put(MemorySegment from, long length) {
    int count = (int) Math.min(length, room());
    for (int i = 0; i < count; i++) {
      ring[(head + size + i) % ring.length] = from.get(ValueLayout.JAVA_BYTE, i);
    }
    size += count;
    return count;
  }
}
