package mill.natives.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.natives.ffm.CallMemory;
import mill.natives.gen.linux.epoll_event_natural;
import mill.natives.gen.linux.epoll_event_packed;
import mill.natives.gen.linux.msghdr;
import mill.natives.posix.IoVectors;
import org.junit.jupiter.api.Test;

/** The numbers are those of {@code sys/epoll.h}, written out. */
class EpollEventsTest {
  private static final int IN = 0x1;
  private static final int PRI = 0x2;
  private static final int OUT = 0x4;
  private static final int ERR = 0x8;
  private static final int HUP = 0x10;
  private static final int RDHUP = 0x2000;
  private static final int ONESHOT = 1 << 30;
  private static final int ET = 1 << 31;

  @Test
  void anEventIsLaidOutAsTheGeneratedBindingsHaveIt() {
    boolean packed = EpollEvents.PACKED;
    assertThat(EpollEvents.SIZE_BYTES)
        .isEqualTo(packed ? epoll_event_packed.sizeof() : epoll_event_natural.sizeof());
    assertThat(EpollEvents.EVENTS_OFFSET)
        .isEqualTo(
            packed ? epoll_event_packed.events$offset() : epoll_event_natural.events$offset());
    assertThat(EpollEvents.DATA_OFFSET)
        .isEqualTo(packed ? epoll_event_packed.data$offset() : epoll_event_natural.data$offset());
  }

  @Test
  void theVectorsOfAGatheringWriteAreBehindItsHeader() {
    assertThat(LinuxSockets.VECTORS_OFFSET)
        .isGreaterThanOrEqualTo(msghdr.sizeof())
        .isLessThanOrEqualTo(CallMemory.SCRATCH_BYTES - IoVectors.SIZE_BYTES);
  }

  @Test
  void interestsAreArmedAsTheKernelsBits() {
    assertThat(mask(Interest.READABLE)).isEqualTo(IN | RDHUP);
    assertThat(mask(Interest.WRITABLE)).isEqualTo(OUT);
    assertThat(mask(Interest.PRIORITY)).isEqualTo(PRI);
    assertThat(mask(Interest.READABLE_WRITABLE.with(Interest.PRIORITY)))
        .isEqualTo(IN | RDHUP | OUT | PRI);
  }

  @Test
  void triggersAddTheirBit() {
    assertThat(EpollEvents.mask(Interest.WRITABLE, Trigger.EDGE)).isEqualTo(OUT | ET);
    assertThat(EpollEvents.mask(Interest.WRITABLE, Trigger.ONESHOT)).isEqualTo(OUT | ONESHOT);
  }

  @Test
  void readinessIsAFunctionOfTheKernelsBits() {
    int r = Readiness.READABLE;
    int w = Readiness.WRITABLE;
    int rc = Readiness.READ_CLOSED;
    int wc = Readiness.WRITE_CLOSED;
    int e = Readiness.ERROR;
    assertThat(EpollEvents.readiness(0)).isZero();
    assertThat(EpollEvents.readiness(IN)).isEqualTo(r);
    assertThat(EpollEvents.readiness(OUT)).isEqualTo(w);
    assertThat(EpollEvents.readiness(IN | OUT)).isEqualTo(r | w);
    assertThat(EpollEvents.readiness(PRI)).isEqualTo(Readiness.PRIORITY);
    assertThat(EpollEvents.readiness(IN | RDHUP)).isEqualTo(r | rc);
    assertThat(EpollEvents.readiness(RDHUP)).isEqualTo(r | rc);
    assertThat(EpollEvents.readiness(HUP)).isEqualTo(r | w | rc | wc);
    assertThat(EpollEvents.readiness(ERR)).isEqualTo(r | w | e);
    assertThat(EpollEvents.readiness(IN | RDHUP | HUP | ERR)).isEqualTo(r | w | rc | wc | e);
    assertThat(EpollEvents.readiness(-1)).isEqualTo(63);
  }

  @Test
  void neighboursInABatchDoNotOverlap() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment events = arena.allocate(EpollEvents.layout(3));
      for (int i = 0; i < 3; i++) {
        EpollEvents.write(
            events.asSlice(i * EpollEvents.SIZE_BYTES), 0x1111_1111 * (i + 1), ~(long) i);
      }
      for (int i = 0; i < 3; i++) {
        assertThat(EpollEvents.maskAt(events, i)).isEqualTo(0x1111_1111 * (i + 1));
        assertThat(EpollEvents.dataAt(events, i)).isEqualTo(~(long) i);
      }
    }
  }

  private static int mask(Interest interest) {
    return EpollEvents.mask(interest, Trigger.LEVEL);
  }
}
