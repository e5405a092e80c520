package mill.sim.programs.net;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** What one end of a connection is given, however it is cut: looks at each byte. */
final class Received {
  private final Ledger ledger;
  private final byte[] header = new byte[Sent.HEADER];
  private final int[] positions = new int[Sent.LANES];
  private int have;
  private int lane;
  private int left;

  Sent from; // null before the first record

  /** How many bytes. */
  long bytes;

  /** Whether it was told that this is all. */
  boolean ended;

  Received(Ledger ledger) {
    this.ledger = ledger;
  }

  /** The next bytes. */
  void take(MemorySegment memory, long offset, long length) {
    if (ended) {
      ledger.fail("bytes after the end of " + this);
    }
    bytes += length;
    long at = offset;
    long end = offset + length;
    while (at < end) {
      if (left > 0) {
        int count = (int) Math.min(left, end - at);
        compare(memory, at, count);
        at += count;
        left -= count;
      } else {
        header[have++] = memory.get(ValueLayout.JAVA_BYTE, at++);
        if (have == Sent.HEADER) {
          begin();
        }
      }
    }
  }

  private void begin() {
    have = 0;
    var memory = MemorySegment.ofArray(header);
    int id = memory.get(ValueLayout.JAVA_INT_UNALIGNED, 4);
    int position = memory.get(ValueLayout.JAVA_INT_UNALIGNED, 8);
    lane = header[1];
    if (header[0] != Sent.MAGIC || lane < 0 || lane >= Sent.LANES) {
      ledger.fail("no record begins at byte %d: %s".formatted(bytes, Arrays.toString(header)));
      return;
    }
    Sent by = ledger.sent(id);
    if (from == null && by.receiver == null) {
      from = by;
      by.receiver = this;
    }
    if (by != from) {
      ledger.fail("a record of " + by.by + " among those of " + this);
    } else if (position != positions[lane]) {
      ledger.fail(
          "lane %d of %s goes on at %d, not at %d"
              .formatted(lane, by.by, position, positions[lane]));
    }
    left = Short.toUnsignedInt(memory.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2));
  }

  private void compare(MemorySegment memory, long at, int count) {
    int position = positions[lane];
    for (int i = 0; i < count; i++) {
      if (memory.get(ValueLayout.JAVA_BYTE, at + i) != Sent.at(from.id, lane, position + i)) {
        ledger.fail("byte %d of lane %d of %s is another".formatted(position + i, lane, from.by));
        return;
      }
    }
    positions[lane] = position + count;
  }

  @Override
  public String toString() {
    return bytes + " bytes of " + (from == null ? "nobody yet" : from.by);
  }
}
