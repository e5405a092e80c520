package mill.natives;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReadyEventsTest {
  @ParameterizedTest
  @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, ReadyEvents.MAX_CAPACITY + 1})
  void capacityOutOfRangeIsRefused(int capacity) {
    assertThatThrownBy(() -> new ReadyEvents(capacity))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("1 to 65536")
        .hasMessageContaining(String.valueOf(capacity));
  }

  @Test
  void indexOutsideTheBatchIsRefusedThoughTheArrayIsLonger() {
    var events = new ReadyEvents(4);
    events.add(9, Readiness.READABLE);
    assertThat(events.token(0)).isEqualTo(9);
    assertThatThrownBy(() -> events.token(1)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> events.readiness(1)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> events.token(-1)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void fullBatchRefusesMore() {
    var events = new ReadyEvents(1);
    events.add(1, 0);
    assertThatThrownBy(() -> events.add(2, 0)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThat(events.size()).isEqualTo(1);
  }

  @Test
  void clearForgetsEventsAndTheWakeUp() {
    var events = new ReadyEvents(2);
    events.add(1, Readiness.ERROR);
    events.markWoken();
    assertThat(events).hasToString("ReadyEvents[1 ERROR; woken]");
    events.clear();
    assertThat(events.size()).isZero();
    assertThat(events.woken()).isFalse();
    assertThat(events).hasToString("ReadyEvents[]");
    assertThat(events.capacity()).isEqualTo(2);
  }
}
