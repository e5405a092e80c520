package mill.natives.windows;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mill.natives.gen.windows.WSABUF;

/** Writes {@code WSABUF} arrays for scattering reads and gathering writes. */
final class IoVectors {
  /** How many buffers one call takes at most; more than that is a short transfer. */
  static final int MAX = 64;

  /** The size of a full array in bytes. */
  static final long SIZE_BYTES = MAX * 16L;

  private IoVectors() {}

  /**
   * Fills {@code into}, which has room for {@link #MAX}, with at most {@code limitBytes} in all,
   * and returns how many were written.
   */
  static int write(
      MemorySegment into, MemorySegment[] buffers, int from, int count, long limitBytes) {
    int used = 0;
    long room = limitBytes;
    while (used < Math.min(count, MAX) && room > 0) {
      MemorySegment buffer = buffers[from + used];
      long length = Math.min(room, buffer.byteSize());
      set(into, used, buffer.address(), length);
      room -= length;
      used++;
    }
    return used;
  }

  /** Fills {@code into} with parts of buffers. */
  static int write(
      MemorySegment into,
      MemorySegment[] buffers,
      long[] offsets,
      long[] lengths,
      int from,
      int count,
      long limitBytes) {
    int used = 0;
    long room = limitBytes;
    while (used < Math.min(count, MAX) && room > 0) {
      long length = Math.min(room, lengths[from + used]);
      set(into, used, buffers[from + used].address() + offsets[from + used], length);
      room -= length;
      used++;
    }
    return used;
  }

  // As numbers: a slice for each vector would be garbage.
  private static void set(MemorySegment into, int index, long address, long length) {
    long vector = index * WSABUF.sizeof();
    into.set(ValueLayout.JAVA_LONG, vector + WSABUF.buf$offset(), address);
    into.set(ValueLayout.JAVA_INT, vector + WSABUF.len$offset(), (int) length);
  }
}
