package mill.core.net;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** The framers that come with mill; none remembers anything. */
final class Framers {
  static final Framer LINES = Framers::line;

  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  // Longer than any limit, and small enough to add a prefix to.
  private static final long TOO_LONG = Long.MAX_VALUE >> 1;

  private static final long LINE_FEEDS = 0x0a0a0a0a0a0a0a0aL;
  private static final long ONES = 0x0101010101010101L;
  private static final long HIGHS = 0x8080808080808080L;

  private Framers() {}

  private static long line(MemorySegment memory, long from, long seen, long to) {
    long at = seen;
    // Eight at a time: a byte that is zero after the exclusive-or was a line feed. The lowest one
    // that this marks is one; those above it may not be.
    for (; at + Long.BYTES <= to; at += Long.BYTES) {
      long mixed = memory.get(ValueLayout.JAVA_LONG_UNALIGNED, at) ^ LINE_FEEDS;
      if (((mixed - ONES) & ~mixed & HIGHS) != 0) {
        break;
      }
    }
    for (; at < to; at++) {
      if (memory.get(BYTE, at) == '\n') {
        return at + 1 - from;
      }
    }
    return Framer.INCOMPLETE;
  }

  static Framer fixed(int bytes) {
    if (bytes < 1) {
      throw new IllegalArgumentException("a frame has at least 1 byte, not " + bytes);
    }
    return (memory, from, seen, to) -> to - from >= bytes ? bytes : -bytes;
  }

  static Framer lengthPrefixed(int prefixBytes) {
    return switch (prefixBytes) {
      case 1 -> (memory, from, seen, to) -> prefixed(memory.get(BYTE, from) & 0xffL, 1, to - from);
      case 2 ->
          (memory, from, seen, to) ->
              to - from < 2 ? -2 : prefixed(memory.get(SHORT, from) & 0xffffL, 2, to - from);
      case 4 ->
          (memory, from, seen, to) ->
              to - from < 4 ? -4 : prefixed(memory.get(INT, from) & 0xffff_ffffL, 4, to - from);
      case 8 ->
          (memory, from, seen, to) ->
              to - from < 8 ? -8 : prefixed(memory.get(LONG, from), 8, to - from);
      default ->
          throw new IllegalArgumentException(
              "a length prefix has 1, 2, 4 or 8 bytes, not " + prefixBytes);
    };
  }

  private static long prefixed(long length, int prefixBytes, long there) {
    long frame = length < 0 || length > TOO_LONG ? TOO_LONG : length + prefixBytes;
    return frame <= there ? frame : -frame;
  }
}
