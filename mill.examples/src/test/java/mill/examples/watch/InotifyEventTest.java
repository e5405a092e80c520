package mill.examples.watch;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** The decoder on buffers made by hand. */
class InotifyEventTest {
  private final MemorySegment buffer = Arena.ofAuto().allocate(4096, 4);
  private long end;

  private void put(int watch, int mask, int cookie, String name, int paddedBytes) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    buffer.set(JAVA_INT, end, watch);
    buffer.set(JAVA_INT, end + 4, mask);
    buffer.set(JAVA_INT, end + 8, cookie);
    buffer.set(JAVA_INT, end + 12, paddedBytes);
    MemorySegment padded = buffer.asSlice(end + 16, paddedBytes).fill((byte) 0);
    padded.copyFrom(MemorySegment.ofArray(bytes));
    end += 16 + paddedBytes;
  }

  @Test
  void nothingReadIsNoEvent() {
    assertThat(InotifyEvent.decode(buffer, 0)).isEmpty();
  }

  @Test
  void eventsFollowEachOtherWithNamesOfAnyLengthAndWithout() {
    String longest = "x".repeat(255);
    put(1, 0x100, 0, "a", 16);
    put(2, 0x400, 0, "", 0);
    put(1, 0x40, 77, "exactly15chars.", 16);
    put(1, 0x80, 77, longest, 256);
    put(3, 0x2, 0, "grün 日本", 32);

    assertThat(InotifyEvent.decode(buffer, end))
        .containsExactly(
            new InotifyEvent(1, 0x100, 0, "a"),
            new InotifyEvent(2, 0x400, 0, ""),
            new InotifyEvent(1, 0x40, 77, "exactly15chars."),
            new InotifyEvent(1, 0x80, 77, longest),
            new InotifyEvent(3, 0x2, 0, "grün 日本"));
    assertThat(16 + 256).isEqualTo(InotifyEvent.MAX_BYTES);
  }

  @Test
  void overflowAndBitsAboveTheSignAreKept() {
    put(-1, 0x4000, 0, "", 0);
    put(4, 0x8000_8000, 0xffff_ffff, "", 0);

    var events = InotifyEvent.decode(buffer, end);

    assertThat(events)
        .containsExactly(
            new InotifyEvent(-1, 0x4000, 0, ""), new InotifyEvent(4, 0x8000_8000, -1, ""));
    assertThat(events.getFirst().is(WatchEvent.Q_OVERFLOW)).isTrue();
    assertThat(events.getFirst().is(WatchEvent.IGNORED)).isFalse();
    assertThat(events.getLast().is(WatchEvent.IGNORED)).isTrue();
  }

  @Test
  void aNameWithoutAZeroAtItsEndIsTakenWhole() {
    put(1, 0x100, 0, "full", 4);
    put(1, 0x200, 0, "next", 16);

    assertThat(InotifyEvent.decode(buffer, end))
        .containsExactly(
            new InotifyEvent(1, 0x100, 0, "full"), new InotifyEvent(1, 0x200, 0, "next"));
  }

  @Test
  void anEventThatIsCutOffIsSaidAndNotGuessed() {
    put(1, 0x100, 0, "a", 16);
    put(1, 0x200, 0, "b", 16);

    assertThatThrownBy(() -> InotifyEvent.decode(buffer, end - 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("the event at byte 32 is cut off: it has 32 bytes or more, and 31 are left");
    assertThatThrownBy(() -> InotifyEvent.decode(buffer, 32 + 15))
        .hasMessage("the event at byte 32 is cut off: it has 16 bytes or more, and 15 are left");
    buffer.set(JAVA_INT, 12, -1);
    assertThatThrownBy(() -> InotifyEvent.decode(buffer, end))
        .hasMessage(
            "the event at byte 0 is cut off: it has 4294967311 bytes or more, and 64 are left");
  }
}
