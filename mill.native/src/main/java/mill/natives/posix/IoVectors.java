package mill.natives.posix;

import java.lang.foreign.MemorySegment;
import mill.natives.gen.linux.iovec;

/** Writes {@code struct iovec} arrays for scattering reads and gathering writes. */
public final class IoVectors {
  /** How many buffers one call takes at most; more than that is a short transfer. */
  public static final int MAX = 64;

  /** The size of a full array in bytes. */
  public static final long SIZE_BYTES = MAX * iovec.sizeof();

  private IoVectors() {}

  /**
   * Fills an array.
   *
   * @param into has room for {@link #SIZE_BYTES}
   * @param buffers the buffers, in order
   * @param from the first buffer to use
   * @param count how many buffers there are from there
   * @return how many were written
   */
  public static int write(MemorySegment into, MemorySegment[] buffers, int from, int count) {
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
