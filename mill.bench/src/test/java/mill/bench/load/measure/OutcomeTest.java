package mill.bench.load.measure;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import mill.bench.load.client.Sample;
import mill.bench.load.client.Workload;
import org.junit.jupiter.api.Test;

class OutcomeTest {
  private static Slice slice(int place, String thrownAway, String... values) {
    return new Slice(Workload.ECHO_64, "a", 0, place, Sample.parse(List.of(values)), thrownAway);
  }

  private static Outcome outcome(Slice... slices) {
    return new Outcome(
        Workload.ECHO_64,
        "c",
        List.of("c", "a"),
        List.of(slices),
        Map.of("a", Map.of("read", 1.0, "write", 1.5)),
        Map.of());
  }

  @Test
  void allocationAndUserShareAreOverAllSlicesThatCount() {
    Outcome outcome =
        outcome(
            slice(
                0,
                "",
                "= messages 100",
                "= allocated_bytes 50",
                "= user_ticks 1",
                "= system_ticks 9"),
            slice(
                1,
                "",
                "= messages 300",
                "= allocated_bytes 350",
                "= user_ticks 3",
                "= system_ticks 27"),
            slice(
                2,
                "busy",
                "= messages 1",
                "= allocated_bytes 9999",
                "= user_ticks 99",
                "= system_ticks 0"));
    assertThat(outcome.allocatedPerMessage("a")).isEqualTo(1);
    assertThat(outcome.userShare("a")).isEqualTo(0.1);
    assertThat(outcome.thrownAway("a")).isEqualTo(1);
  }

  @Test
  void systemCallsAreSummedUp() {
    assertThat(outcome().systemCallsPerMessage("a")).isEqualTo(2.5);
    assertThat(outcome().systemCallsPerMessage("c")).isNaN();
  }
}
