package mill.sim.programs.net;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mill.core.net.Framer;

/**
 * A framer of one connection, which cuts what comes in one of several ways, looks at how it is
 * asked, and knows how long the frame has to be that comes of it.
 */
final class Cutter implements Framer {
  /** The ways. All of them are right for any bytes. */
  enum Kind {
    RAW,
    LINES,
    FIXED,
    PREFIXED,
    DRAWN
  }

  private static final int LONGEST = 3_000;

  private final Talk talk;
  final Kind kind;
  private final int fixed;
  private final Framer with;

  private long shown; // of the frame that is looked for
  private long asked;
  private long drawn;
  private long found;

  Cutter(Talk talk, Kind kind) {
    this.talk = talk;
    this.kind = kind;
    fixed = (int) talk.sim.between(1, 300);
    with =
        switch (kind) {
          case RAW -> Framer.RAW;
          case LINES -> Framer.lines();
          case FIXED -> Framer.fixed(fixed);
          case PREFIXED -> Framer.lengthPrefixed(1);
          case DRAWN -> this::draw;
        };
  }

  /** {@return any} */
  static Cutter any(Talk talk) {
    Kind[] kinds = Kind.values();
    return new Cutter(talk, kinds[(int) talk.sim.between(0, kinds.length)]);
  }

  @Override
  public long frame(MemorySegment memory, long from, long seen, long to) {
    talk.ledger.requireOutside(talk.loop, "the framer of " + talk);
    if (to <= from || seen != from + shown || to < seen || to - from < asked) {
      talk.ledger.fail(
          "shown %d before, asked for %d, and told: from %d, seen %d, to %d by %s"
              .formatted(shown, asked, from, seen, to, talk));
    }
    long length = with.frame(memory, from, seen, to);
    if (length > 0) {
      found = length;
      shown = 0;
      asked = 0;
    } else if (length != MALFORMED) {
      shown = to - from;
      asked = -length;
    }
    return length;
  }

  private long draw(MemorySegment memory, long from, long seen, long to) {
    if (drawn == 0) {
      drawn = talk.sim.between(1, talk.sim.chance(0.9) ? 100 : LONGEST);
      if (talk.sim.chance(0.002)) {
        talk.isMalformed = true;
        return MALFORMED;
      }
    }
    long there = to - from;
    if (there < drawn) {
      return talk.sim.chance(0.5) ? INCOMPLETE : -talk.sim.between(there + 1, drawn + 1);
    }
    long length = drawn;
    drawn = 0;
    return length;
  }

  /** Whether a frame can be longer than some bytes. */
  boolean mayExceed(long bytes) {
    return switch (kind) {
      case RAW -> false;
      case FIXED -> fixed > bytes;
      case PREFIXED -> bytes < 256;
      case LINES, DRAWN -> true;
    };
  }

  /** Looks at a frame that has come. */
  void check(MemorySegment memory, long offset, long length) {
    boolean right =
        length == found
            && switch (kind) {
              case RAW, DRAWN -> length > 0;
              case LINES -> endOfLine(memory, offset, length) == length - 1;
              case FIXED -> length == fixed;
              case PREFIXED -> length == 1 + (memory.get(ValueLayout.JAVA_BYTE, offset) & 0xff);
            };
    if (!right) {
      talk.ledger.fail(
          "a frame of %d bytes, found were %d, %s, of %s".formatted(length, found, kind, talk));
    }
    found = 0;
  }

  private static long endOfLine(MemorySegment memory, long offset, long length) {
    long at = 0;
    while (at < length && memory.get(ValueLayout.JAVA_BYTE, offset + at) != '\n') {
      at++;
    }
    return at;
  }
}
