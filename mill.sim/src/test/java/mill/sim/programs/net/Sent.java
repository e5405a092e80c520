package mill.sim.programs.net;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What one end of a connection submits: records that say whose they are and where they belong, so
 * that whoever receives them misses none, and takes none for another's.
 *
 * <pre>
 *   magic 1 │ lane 1 │ length 2 │ id 4 │ position in the lane 4 │ bytes, each by its position
 * </pre>
 *
 * <p>Each thread that submits has a lane of its own: what one thread submits keeps its order.
 */
final class Sent {
  static final int HEADER = 12;
  static final int LONGEST = 65_530; // as a message it has memory of its own
  static final byte MAGIC = 0x5A;
  static final int LANES = 8;

  final int id;
  final Object by;
  private final int[] positions = new int[LANES];

  /** How many bytes were accepted. */
  long submitted;

  /** How many more may have been: a callback has thrown, or the end has come amid a put. */
  long unsure;

  Received receiver; // who has the first record

  Sent(int id, Object by) {
    this.id = id;
    this.by = by;
  }

  static byte at(int id, int lane, int position) {
    return (byte) (position * 7 + (position >> 8) * 13 + id * 31 + lane * 5);
  }

  /** {@return the lane's next record} It does not count before it is {@link #accepted}. */
  byte[] record(int lane, int length) {
    byte[] bytes = new byte[HEADER + length];
    int position = positions[lane];
    var memory = MemorySegment.ofArray(bytes);
    memory.set(ValueLayout.JAVA_BYTE, 0, MAGIC);
    memory.set(ValueLayout.JAVA_BYTE, 1, (byte) lane);
    memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2, (short) length);
    memory.set(ValueLayout.JAVA_INT_UNALIGNED, 4, id);
    memory.set(ValueLayout.JAVA_INT_UNALIGNED, 8, position);
    for (int i = 0; i < length; i++) {
      bytes[HEADER + i] = at(id, lane, position + i);
    }
    return bytes;
  }

  /** The lane goes on behind a record. */
  void advance(int lane, byte[] record) {
    positions[lane] += record.length - HEADER;
  }

  /** A record was accepted as a whole. */
  void accepted(int lane, byte[] record) {
    advance(lane, record);
    submitted += record.length;
  }
}
