package mill.bench.load.measure;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import mill.bench.load.client.Sample;
import mill.bench.load.client.Workload;
import org.junit.jupiter.api.Test;

class PairingTest {
  private final List<Slice> slices = new ArrayList<>();

  private PairingTest slice(int round, String peer, double cost, String thrownAway) {
    Sample sample = Sample.parse(List.of("= cost " + cost));
    slices.add(new Slice(Workload.ECHO_64, peer, round, slices.size(), sample, thrownAway));
    return this;
  }

  private PairingTest slice(int round, String peer, double cost) {
    return slice(round, peer, cost, "");
  }

  private List<Double> ratios(String peer) {
    return Pairing.ratios(slices, peer, "c", sample -> sample.get("cost"));
  }

  @Test
  void aSliceIsComparedWithTheMeanOfItsNeighboursInTime() {
    slice(0, "c", 10).slice(0, "a", 30).slice(0, "b", 45).slice(0, "c", 20).slice(0, "d", 60);
    slice(0, "c", 40);
    assertThat(ratios("a")).containsExactly(2.0);
    assertThat(ratios("b")).containsExactly(3.0);
    assertThat(ratios("d")).containsExactly(2.0);
  }

  @Test
  void aNeighbourThatWasThrownAwayLeavesTheOther() {
    slice(0, "c", 10, "busy").slice(0, "a", 30).slice(0, "c", 20);
    assertThat(ratios("a")).containsExactly(1.5);
  }

  @Test
  void aSliceBetweenTwoThatWereThrownAwayHasNoRatio() {
    slice(0, "c", 10, "busy").slice(0, "a", 30).slice(0, "c", 20, "busy");
    assertThat(ratios("a")).isEmpty();
  }

  @Test
  void aSliceThatWasThrownAwayHasNoRatioButItsRepetitionHas() {
    slice(0, "c", 10).slice(0, "a", 90, "busy").slice(0, "a", 20).slice(0, "c", 10);
    assertThat(ratios("a")).containsExactly(2.0);
  }

  @Test
  void anotherRoundIsNoNeighbour() {
    slice(0, "c", 1000).slice(1, "a", 30).slice(1, "c", 10);
    assertThat(ratios("a")).containsExactly(3.0);
  }

  @Test
  void theRepetitionOfABaselineIsTheNeighbour() {
    slice(0, "c", 10).slice(0, "a", 30).slice(0, "c", 500, "busy").slice(0, "c", 20);
    assertThat(ratios("a")).containsExactly(2.0);
  }
}
