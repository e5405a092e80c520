package mill.natives.linux;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.natives.gen.linux.Linux;

/**
 * {@code struct epoll_event}, and what its bits mean to mill.
 *
 * <p>The kernel packs the structure on x86-64 and on no other architecture: 12 bytes there, 16
 * elsewhere.
 */
final class EpollEvents {
  static final boolean PACKED =
      System.getProperty("os.arch").equals("amd64")
          || System.getProperty("os.arch").equals("x86_64");

  // The numbers of the generated layouts, written out: to have them asked costs time when a program
  // starts. A test compares them.

  /** The size of one event in bytes. */
  static final long SIZE_BYTES = PACKED ? 12 : 16;

  static final long EVENTS_OFFSET = 0;
  static final long DATA_OFFSET = PACKED ? 4 : 8;

  // Unaligned, because in the packed form the data of every event is.
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

  private static final int IN = Linux.EPOLLIN();
  private static final int OUT = Linux.EPOLLOUT();
  private static final int PRI = Linux.EPOLLPRI();
  private static final int ERR = Linux.EPOLLERR();
  private static final int HUP = Linux.EPOLLHUP();
  private static final int RDHUP = Linux.EPOLLRDHUP();

  private EpollEvents() {}

  /** The bits to arm. */
  static int mask(Interest interest, Trigger trigger) {
    int mask = 0;
    if (interest.isReadable()) {
      // The peer's half-close belongs to reading: asked for alone it would spin under a writer who
      // never reads it away.
      mask |= IN | RDHUP;
    }
    if (interest.isWritable()) {
      mask |= OUT;
    }
    if (interest.isPriority()) {
      mask |= PRI;
    }
    return switch (trigger) {
      case LEVEL -> mask;
      case EDGE -> mask | Linux.EPOLLET();
      case ONESHOT -> mask | Linux.EPOLLONESHOT();
    };
  }

  /**
   * What the kernel's bits say in mill's words, of sockets: what is closed has EPOLLHUP, EPOLLERR
   * alone is an error that waits to be told.
   */
  static int readiness(int mask) {
    int bits = 0;
    if ((mask & (IN | RDHUP | HUP | ERR)) != 0) {
      bits |= Readiness.READABLE;
    }
    if ((mask & (OUT | HUP | ERR)) != 0) {
      bits |= Readiness.WRITABLE;
    }
    // The common event has none of these.
    if ((mask & (PRI | RDHUP | HUP | ERR)) != 0) {
      bits |= (mask & PRI) != 0 ? Readiness.PRIORITY : 0;
      bits |= (mask & (RDHUP | HUP)) != 0 ? Readiness.READ_CLOSED : 0;
      bits |= (mask & HUP) != 0 ? Readiness.WRITE_CLOSED : 0;
      bits |= (mask & ERR) != 0 ? Readiness.ERROR : 0;
    }
    return bits;
  }

  /** Whether the bits are those of an error without a hang-up, which {@link NonSockets} is for. */
  static boolean isErrorAlone(int mask) {
    return (mask & (ERR | HUP)) == ERR;
  }

  static int maskAt(MemorySegment events, int index) {
    return events.get(INT, index * SIZE_BYTES + EVENTS_OFFSET);
  }

  static long dataAt(MemorySegment events, int index) {
    return events.get(LONG, index * SIZE_BYTES + DATA_OFFSET);
  }

  static void write(MemorySegment event, int mask, long data) {
    event.set(INT, EVENTS_OFFSET, mask);
    event.set(LONG, DATA_OFFSET, data);
  }

  /** Room for {@code count} events. */
  static MemoryLayout layout(int count) {
    return MemoryLayout.sequenceLayout(count * SIZE_BYTES, ValueLayout.JAVA_BYTE)
        .withByteAlignment(Long.BYTES);
  }
}
