package mill.sim.kernel;

import java.util.ArrayDeque;
import java.util.Arrays;

/** Bytes in the order of their arrival. */
final class ByteQueue {
  private final ArrayDeque<byte[]> chunks = new ArrayDeque<>(4);
  private int headOffset;
  private int size;

  int size() {
    return size;
  }

  boolean isEmpty() {
    return size == 0;
  }

  /** Takes an array over. */
  void add(byte[] bytes) {
    if (bytes.length > 0) {
      chunks.add(bytes);
      size += bytes.length;
    }
  }

  /** {@return how many bytes went into the memory, from the head} */
  int moveTo(Transfer into) {
    int moved = 0;
    while (size > 0 && into.left() > 0) {
      byte[] head = chunks.element();
      int part = into.put(head, headOffset, head.length - headOffset);
      advance(head, part);
      moved += part;
    }
    return moved;
  }

  /** {@return a piece of the head, one byte at least} */
  byte[] next(long atMost) {
    byte[] head = chunks.element();
    if (headOffset == 0 && head.length <= atMost) {
      chunks.remove();
      size -= head.length;
      return head;
    }
    int part = (int) Math.min(head.length - headOffset, atMost);
    byte[] piece = Arrays.copyOfRange(head, headOffset, headOffset + part);
    advance(head, part);
    return piece;
  }

  private void advance(byte[] head, int part) {
    headOffset += part;
    size -= part;
    if (headOffset == head.length) {
      chunks.remove();
      headOffset = 0;
    }
  }

  void clear() {
    chunks.clear();
    headOffset = 0;
    size = 0;
  }
}
