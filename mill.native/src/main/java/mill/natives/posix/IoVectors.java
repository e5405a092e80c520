package mill.natives.posix;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mill.natives.gen.linux.iovec;

/** Writes {@code struct iovec} arrays for scattering reads and gathering writes. */
public final class IoVectors {
  /** How many buffers one call takes at most; more than that is a short transfer. */
  public static final int MAX = 64;

  /** The size of a full array in bytes. */
  public static final long SIZE_BYTES = MAX * iovec.sizeof();

  private IoVectors() {}

  /**
   * Fills an array. Makes no slices, here and below: they would be garbage wherever the compiler
   * does not see through them.
   *
   * @param into has room for {@link #SIZE_BYTES} at the offset
   * @param offset where the array begins, in bytes
   * @param buffers the buffers, in order
   * @param from the first buffer to use
   * @param count how many buffers there are from there
   * @return how many were written
   */
  public static int write(
      MemorySegment into, long offset, MemorySegment[] buffers, int from, int count) {
    int used = Math.min(count, MAX);
    for (int i = 0; i < used; i++) {
      MemorySegment buffer = buffers[from + i];
      set(into, offset, i, buffer.address(), buffer.byteSize());
    }
    return used;
  }

  /**
   * Fills an array with parts of buffers.
   *
   * @param into has room for {@link #SIZE_BYTES} at the offset
   * @param offset where the array begins, in bytes
   * @param buffers the buffers, in order
   * @param offsets where in each buffer its part begins
   * @param lengths how long each part is
   * @param from the first buffer to use
   * @param count how many buffers there are from there
   * @return how many were written
   */
  public static int write(
      MemorySegment into,
      long offset,
      MemorySegment[] buffers,
      long[] offsets,
      long[] lengths,
      int from,
      int count) {
    int used = Math.min(count, MAX);
    for (int i = 0; i < used; i++) {
      long address = buffers[from + i].address() + offsets[from + i];
      set(into, offset, i, address, lengths[from + i]);
    }
    return used;
  }

  private static void set(MemorySegment into, long offset, int index, long address, long length) {
    long vector = offset + index * iovec.sizeof();
    into.set(ValueLayout.JAVA_LONG, vector + iovec.iov_base$offset(), address);
    into.set(ValueLayout.JAVA_LONG, vector + iovec.iov_len$offset(), length);
  }
}
