package mill.sim.programs.net;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import mill.core.net.Output;

/** Puts a record in pieces, each in one of the ways that there are. On the loop's thread. */
final class Puts {
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private final Talk talk;
  private long held;
  private int heldValue;

  Puts(Talk talk) {
    this.talk = talk;
  }

  /** Puts it, as long as the connection is open. */
  void put(int lane, byte[] record) {
    talk.sent.advance(lane, record);
    int at = 0;
    while (at < record.length) {
      boolean wasOpen = talk.connection.isOpen();
      long before = talk.connection.queuedBytes();
      int length = piece(talk.connection.out(), record, at);
      if (wasOpen && talk.connection.isOpen()) {
        talk.sent.submitted += length;
      } else {
        talk.sent.unsure += wasOpen ? length : 0;
        return;
      }
      talk.mayDrain |= before + length > talk.setup.high;
      talk.owesDrained |= talk.connection.isCongested() && !talk.hasVisitors;
      at += length;
    }
  }

  private int piece(Output out, byte[] record, int at) {
    int left = record.length - at;
    int length = (int) talk.sim.between(1, left + 1);
    switch ((int) talk.sim.between(0, 8)) {
      case 0 -> {
        out.put(record[at]);
        return 1;
      }
      case 1 -> out.put(MemorySegment.ofArray(record), at, length);
      case 2 -> reserve(out, record, at, length);
      case 3 -> length = ascii(out, record, at, length);
      case 4 -> {
        if (left >= Integer.BYTES) {
          length = Integer.BYTES;
          int value = MemorySegment.ofArray(record).get(INT, at);
          if (!talk.holds && talk.sim.chance(0.3)) {
            talk.holds = true;
            heldValue = value;
            held = out.hold(Integer.BYTES);
            talk.ledger.later(talk.loop, 5_000_000, this::patch);
          } else {
            out.putIntBE(value);
          }
        } else {
          out.put(record, at, length);
        }
      }
      default -> out.put(record, at, length);
    }
    return length;
  }

  private static void reserve(Output out, byte[] record, int at, int length) {
    MemorySegment room = out.reserve(length);
    MemorySegment.copy(record, at, room, ValueLayout.JAVA_BYTE, out.position(), length);
    out.advance(length);
  }

  private static int ascii(Output out, byte[] record, int at, int length) {
    int count = 0;
    while (count < length && record[at + count] >= 0) {
      count++;
    }
    if (count == 0) {
      out.put(record, at, length);
      return length;
    }
    out.putAscii(new String(record, at, count, StandardCharsets.US_ASCII));
    return count;
  }

  /** What was held is known now. */
  void patch() {
    if (talk.holds && talk.connection.isOpen()) {
      talk.holds = false;
      talk.connection.out().patchIntBE(held, heldValue);
    }
  }
}
