package mill.bench.load.measure;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ScheduleTest {
  @Test
  void theBaselineStandsBeforeAndAfterEveryThreeOthers() {
    assertThat(Schedule.round("c", List.of("1", "2", "3", "4"), 0))
        .containsExactly("c", "1", "2", "3", "c", "4", "c");
    assertThat(Schedule.round("c", List.of("1", "2", "3"), 0))
        .containsExactly("c", "1", "2", "3", "c");
  }

  @Test
  void eachRoundBeginsWithAnother() {
    assertThat(Schedule.round("c", List.of("1", "2", "3", "4"), 1))
        .containsExactly("c", "2", "3", "4", "c", "1", "c");
  }

  @Test
  void aBaselineAloneIsMeasuredOnce() {
    assertThat(Schedule.round("c", List.of(), 3)).containsExactly("c");
  }
}
