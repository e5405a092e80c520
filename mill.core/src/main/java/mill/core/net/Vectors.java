package mill.core.net;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import mill.natives.net.StreamSocket;

/**
 * The arguments of one gathered transfer, used again by each. The loop's thread.
 *
 * <p>A transfer in the middle of a single segment takes this way too: it needs no slice of the
 * segment, which the compiler cannot always do away with.
 */
final class Vectors {
  /** How many segments a transfer has at most. */
  static final int MAX = 64;

  private final MemorySegment[] segments = new MemorySegment[MAX];
  private final long[] offsets = new long[MAX];
  private final long[] lengths = new long[MAX];

  Vectors() {
    Arrays.fill(segments, MemorySegment.NULL);
  }

  /** Reads behind the bytes that are in a block: how many bytes, or an IoStatus. */
  int read(StreamSocket socket, Block into) throws IOException {
    if (into.end == 0) {
      return socket.read(into.memory, 0, into.room());
    }
    set(0, into.memory, into.end, into.room());
    return (int) socket.readv(segments, offsets, lengths, 0, 1);
  }

  /**
   * Sends from a block on, and from those behind it: how many bytes, or an IoStatus.
   *
   * @param most how many bytes at most
   */
  long write(StreamSocket socket, Block first, long most) throws IOException {
    if (first.start == 0 && (first.next == null || most <= first.length())) {
      return socket.write(first.memory, 0, Math.min(most, first.length()));
    }
    int count = 0;
    long left = most;
    for (Block at = first; at != null && left > 0 && count < MAX; at = at.next) {
      long length = Math.min(left, at.length());
      set(count, at.memory, at.start, length);
      left -= length;
      count++;
    }
    return socket.writev(segments, offsets, lengths, 0, count);
  }

  private void set(int index, MemorySegment segment, long offset, long length) {
    segments[index] = segment;
    offsets[index] = offset;
    lengths[index] = length;
  }
}
