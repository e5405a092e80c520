package mill.examples.echo;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class PatternTest {
  private static final int LENGTH = 4096;

  private final Pattern pattern = new Pattern();
  private final MemorySegment received = Arena.ofAuto().allocate(LENGTH);

  @Test
  void aTrueEchoMatchesAtEveryPosition() {
    for (long position : new long[] {0, 1, 262_143, 262_144, 1L << 40}) {
      receive(position);

      assertThat(pattern.mismatch(received, LENGTH, position)).isEqualTo(-1);
    }
  }

  @Test
  void theFirstWrongByteIsFound() {
    receive(0);
    received.set(ValueLayout.JAVA_BYTE, 77, (byte) ~received.get(ValueLayout.JAVA_BYTE, 77));

    assertThat(pattern.mismatch(received, LENGTH, 0)).isEqualTo(77);
  }

  @Test
  void aMessageThatIsLostDoubledOrAnotherConnectionsIsFound() {
    long position = Pattern.start(3) + 6400;
    for (long other : new long[] {position + 64, position - 64, Pattern.start(4) + 6400}) {
      receive(other);

      assertThat(pattern.mismatch(received, 64, position)).isBetween(0L, 8L);
    }
  }

  private void receive(long position) {
    MemorySegment.copy(pattern.bytes(), Pattern.offset(position), received, 0, LENGTH);
  }
}
