package mill.natives.bsd;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mill.natives.gen.macos.kevent;

/**
 * {@code struct kevent} as one system lays it out: 32 bytes on macOS, 64 on FreeBSD 12 and newer,
 * which has {@code ext[4]} behind the fields that all have.
 *
 * @param sizeBytes the size of one entry
 * @param evfiltUser the number of EVFILT_USER: -10 on macOS, -11 on FreeBSD
 */
record KeventLayout(long sizeBytes, int evfiltUser) {
  private static final long IDENT = kevent.ident$offset();
  private static final long FILTER = kevent.filter$offset();
  private static final long FLAGS = kevent.flags$offset();
  private static final long FFLAGS = kevent.fflags$offset();
  private static final long DATA = kevent.data$offset();
  private static final long UDATA = kevent.udata$offset();

  // Unaligned: the SDK packs the structure to 4 bytes.
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

  /**
   * Writes an entry; what FreeBSD has behind the common fields is zeroed. Field by field: a slice
   * to fill would be garbage wherever the compiler does not see through it.
   */
  void write(MemorySegment list, int index, long ident, int filter, int flags, long udata) {
    long at = index * sizeBytes;
    list.set(LONG, at + IDENT, ident);
    list.set(SHORT, at + FILTER, (short) filter);
    list.set(SHORT, at + FLAGS, (short) flags);
    list.set(INT, at + FFLAGS, 0);
    list.set(LONG, at + DATA, 0);
    list.set(LONG, at + UDATA, udata);
    for (long rest = UDATA + Long.BYTES; rest < sizeBytes; rest += Long.BYTES) {
      list.set(LONG, at + rest, 0);
    }
  }

  void setFilterFlags(MemorySegment list, int index, int fflags) {
    list.set(INT, index * sizeBytes + FFLAGS, fflags);
  }

  long ident(MemorySegment list, int index) {
    return list.get(LONG, index * sizeBytes + IDENT);
  }

  int filter(MemorySegment list, int index) {
    return list.get(SHORT, index * sizeBytes + FILTER);
  }

  int flags(MemorySegment list, int index) {
    return Short.toUnsignedInt(list.get(SHORT, index * sizeBytes + FLAGS));
  }

  int filterFlags(MemorySegment list, int index) {
    return list.get(INT, index * sizeBytes + FFLAGS);
  }

  long data(MemorySegment list, int index) {
    return list.get(LONG, index * sizeBytes + DATA);
  }

  long udata(MemorySegment list, int index) {
    return list.get(LONG, index * sizeBytes + UDATA);
  }

  /** Room for {@code count} entries. */
  MemoryLayout list(int count) {
    return MemoryLayout.sequenceLayout(count * sizeBytes, ValueLayout.JAVA_BYTE)
        .withByteAlignment(Long.BYTES);
  }
}
