package mill.core.net;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;

/** How bytes are put into blocks, whatever becomes of them then. The loop's thread. */
abstract class BlockOutput implements Output {
  static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  static final ValueLayout.OfInt INT_BE =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private static final int MAX_DIGITS = 20;

  private int reserved;

  /**
   * Sees to it that the last block has room.
   *
   * @return false if what is put is to be dropped
   */
  abstract boolean room(int bytes);

  /** The block that has the room. */
  abstract Block last();

  /** Bytes were put into the last block. */
  abstract void added(Block block, int bytes);

  /** Memory to write into that nobody reads. */
  abstract MemorySegment nowhere();

  /** Whether what is put is dropped. */
  abstract boolean isClosed();

  @Override
  public Output put(byte b) {
    if (room(1)) {
      Block block = last();
      block.memory.set(BYTE, block.end, b);
      added(block, 1);
    }
    return this;
  }

  @Override
  public Output put(byte[] bytes, int from, int length) {
    Objects.checkFromIndexSize(from, length, bytes.length);
    int at = from;
    int end = from + length;
    while (at < end && room(1)) {
      Block block = last();
      int n = Math.min(block.room(), end - at);
      MemorySegment.copy(bytes, at, block.memory, BYTE, block.end, n);
      added(block, n);
      at += n;
    }
    return this;
  }

  @Override
  public Output put(MemorySegment source, long offset, long length) {
    Objects.checkFromIndexSize(offset, length, source.byteSize());
    long at = offset;
    long end = offset + length;
    while (at < end && room(1)) {
      Block block = last();
      int n = (int) Math.min(block.room(), end - at);
      MemorySegment.copy(source, at, block.memory, block.end, n);
      added(block, n);
      at += n;
    }
    return this;
  }

  @Override
  public Output putAscii(String text) {
    int length = text.length();
    int at = 0;
    while (at < length && room(1)) {
      Block block = last();
      int n = Math.min(block.room(), length - at);
      MemorySegment memory = block.memory;
      int to = block.end;
      for (int i = 0; i < n; i++) {
        char c = text.charAt(at + i);
        memory.set(BYTE, to + i, c < 0x80 ? (byte) c : (byte) '?');
      }
      added(block, n);
      at += n;
    }
    return this;
  }

  @Override
  public Output putDecimal(long value) {
    if (!room(MAX_DIGITS)) {
      return this;
    }
    Block block = last();
    MemorySegment memory = block.memory;
    int digits = digits(value);
    int length = value < 0 ? digits + 1 : digits;
    long left = value;
    for (int i = length - 1; i >= length - digits; i--) {
      memory.set(BYTE, block.end + i, (byte) ('0' + Math.abs(left % 10)));
      left /= 10;
    }
    if (value < 0) {
      memory.set(BYTE, block.end, (byte) '-');
    }
    added(block, length);
    return this;
  }

  private static int digits(long value) {
    int digits = 1;
    for (long left = value / 10; left != 0; left /= 10) {
      digits++;
    }
    return digits;
  }

  @Override
  public Output putIntBE(int value) {
    if (room(Integer.BYTES)) {
      Block block = last();
      block.memory.set(INT_BE, block.end, value);
      added(block, Integer.BYTES);
    }
    return this;
  }

  @Override
  public MemorySegment reserve(int bytes) {
    if (bytes < 1 || bytes > Blocks.LARGE) {
      throw new IllegalArgumentException(
          "reserve 1 to " + Blocks.LARGE + " bytes at a time, not " + bytes);
    }
    reserved = bytes;
    return room(bytes) ? last().memory : nowhere();
  }

  @Override
  public long position() {
    return isClosed() ? 0 : last().end;
  }

  @Override
  public void advance(int bytes) {
    if (bytes < 0 || bytes > reserved) {
      throw new IllegalArgumentException(
          "at most the " + reserved + " reserved bytes can be put, not " + bytes);
    }
    reserved = 0;
    if (!isClosed() && bytes > 0) {
      added(last(), bytes);
    }
  }
}
