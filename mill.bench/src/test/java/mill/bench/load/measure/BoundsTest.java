package mill.bench.load.measure;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import mill.bench.load.client.Sample;
import mill.bench.load.client.Workload;
import org.junit.jupiter.api.Test;

class BoundsTest {
  private static final double USUAL_CALLS = 2.1;

  /** Rounds of the baseline, the peer and the baseline; 40,000 messages in each slice. */
  private static Outcome outcome(double cpuRatio, double bytes, double calls, int busySlices) {
    List<Slice> slices = new ArrayList<>();
    for (int round = 0; round < 4; round++) {
      slices.add(slice("nio", round, slices.size(), 280_000_000, 20_000, ""));
      String verdict = round < busySlices ? "busy" : "";
      long ns = (long) (280_000_000 * cpuRatio);
      slices.add(
          slice("mill", round, slices.size(), ns, (long) (20_000 + 40_000 * bytes), verdict));
      slices.add(slice("nio", round, slices.size(), 280_000_000, 20_000, ""));
    }
    return new Outcome(
        Workload.ECHO_64,
        "nio",
        List.of("nio", "mill"),
        slices,
        Map.of("nio", Map.of("read", USUAL_CALLS), "mill", Map.of("recv", calls)),
        Map.of());
  }

  private static Slice slice(
      String peer, int round, int place, long serverNs, long allocated, String verdict) {
    List<String> values =
        List.of("= messages 40000", "= server_ns " + serverNs, "= allocated_bytes " + allocated);
    return new Slice(Workload.ECHO_64, peer, round, place, Sample.parse(values), verdict);
  }

  private static List<String> broken(Outcome outcome) {
    assertThat(Bounds.canTell(outcome, "mill")).isTrue();
    return Bounds.broken(outcome, "mill");
  }

  @Test
  void aServerThatIsAsUsualBreaksNothing() {
    assertThat(broken(outcome(1.0, 0.1, USUAL_CALLS, 0))).isEmpty();
    assertThat(broken(outcome(1.3, 0.3, 1.15 * USUAL_CALLS, 1))).isEmpty();
  }

  @Test
  void eachBoundIsBrokenAlone() {
    assertThat(broken(outcome(3, 0.1, USUAL_CALLS, 0)))
        .containsExactly("processor time per message, as a multiple: 3.00, at most 1.50");
    assertThat(broken(outcome(1, 16, USUAL_CALLS, 0)))
        .containsExactly("bytes per message: 14.86, at most 0.50");
    assertThat(broken(outcome(1, 0.1, USUAL_CALLS + 1, 0)))
        .containsExactly("system calls per message, as a multiple: 1.48, at most 1.25");
  }

  @Test
  void whatWasNotCountedBreaksNothing() {
    assertThat(broken(outcome(1, 0.1, Double.NaN, 0))).isEmpty();
  }

  @Test
  void aBusyMachineCannotTell() {
    assertThat(Bounds.canTell(outcome(3, 0.1, USUAL_CALLS, 2), "mill")).isFalse();
  }

  @Test
  void aServerThatFailsIsBroken() {
    var outcome =
        new Outcome(
            Workload.ECHO_64,
            "nio",
            List.of("nio", "mill"),
            List.of(),
            Map.of(),
            Map.of("mill", "it ended before it listened"));
    assertThat(broken(outcome)).containsExactly("mill failed: it ended before it listened");
  }
}
