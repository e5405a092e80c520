package mill.natives.bsd;

import java.lang.foreign.MemorySegment;
import mill.natives.gen.macos.iovec;

/** Writes {@code struct iovec} arrays for scattering reads and gathering writes. */
final class IoVectors {
  /** How many buffers one call takes at most; more than that is a short transfer. */
  static final int MAX = 64;

  private IoVectors() {}

  /** Fills {@code into}, which has room for {@link #MAX}, and returns how many were written. */
  static int write(MemorySegment into, MemorySegment[] buffers, int from, int count) {
    int used = Math.min(count, MAX);
    for (int i = 0; i < used; i++) {
      MemorySegment buffer = buffers[from + i];
      MemorySegment vector = iovec.asSlice(into, i);
      iovec.iov_base(vector, buffer);
      iovec.iov_len(vector, buffer.byteSize());
    }
    return used;
  }
}
