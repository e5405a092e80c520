package mill.examples.echo;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The endless stream of bytes that a connection sends: sequence numbers, scrambled.
 *
 * <p>No two stretches of eight bytes within a period are alike, and each connection begins at a
 * place of its own. Comparing what comes back with what was sent at that position therefore sees a
 * byte that is wrong, lost, doubled, out of order or another connection's, and costs next to
 * nothing.
 */
final class Pattern {
  /** How many bytes can be taken from any position in one piece. */
  static final int MAX_PIECE_BYTES = 64 * 1024;

  private static final int PERIOD_BYTES = 256 * 1024;
  private static final long CONNECTION_STEP_BYTES = 7_919;
  private static final long GOLDEN = 0x9E37_79B9_7F4A_7C15L;

  private final MemorySegment bytes = Arena.ofAuto().allocate(PERIOD_BYTES + MAX_PIECE_BYTES, 8);

  Pattern() {
    for (long i = 0; i < bytes.byteSize() / Long.BYTES; i++) {
      bytes.setAtIndex(ValueLayout.JAVA_LONG, i, scrambled(i % (PERIOD_BYTES / Long.BYTES)));
    }
  }

  /** The bytes of all positions; {@link #offset} tells which are a position's. */
  MemorySegment bytes() {
    return bytes;
  }

  /** Where a connection's stream begins. */
  static long start(int connection) {
    return connection * CONNECTION_STEP_BYTES;
  }

  /** Where in {@link #bytes()} a position is, with {@value #MAX_PIECE_BYTES} bytes from there. */
  static long offset(long position) {
    return position & (PERIOD_BYTES - 1);
  }

  /** Compares what was received with the stream; the first wrong byte's index, or -1. */
  long mismatch(MemorySegment received, int length, long position) {
    long offset = offset(position);
    return MemorySegment.mismatch(received, 0, length, bytes, offset, offset + length);
  }

  // The finisher of SplitMix64: different numbers stay different.
  private static long scrambled(long number) {
    long z = (number + 1) * GOLDEN;
    z = (z ^ z >>> 30) * 0xBF58_476D_1CE4_E5B9L;
    z = (z ^ z >>> 27) * 0x94D0_49BB_1331_11EBL;
    return z ^ z >>> 31;
  }
}
