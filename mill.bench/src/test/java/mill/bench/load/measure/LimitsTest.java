package mill.bench.load.measure;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import mill.bench.load.client.Sample;
import org.junit.jupiter.api.Test;

class LimitsTest {
  private static final Limits LIMITS = new Limits(0.05, 0.03, false);

  /** One second of two processors, of which ours had so many hundredths of the two. */
  private static Sample sample(int ours, int idle, int stolen) {
    return Sample.parse(
        List.of(
            "= messages 10",
            "= elapsed_ns 1000000000",
            "= server_ns " + ours * 10_000_000L,
            "= client_ns " + ours * 10_000_000L,
            "= idle_ticks " + 2 * idle,
            "= interrupt_ticks 9",
            "= steal_ticks " + 2 * stolen,
            "= ticks_per_second 100"));
  }

  @Test
  void aQuietMachineCounts() {
    assertThat(LIMITS.verdict(sample(60, 36, 0))).isEmpty();
  }

  @Test
  void aSliceIsThrownAwayIfOthersHadTime() {
    assertThat(LIMITS.verdict(sample(60, 34, 0))).isEqualTo("others had 6 %");
  }

  @Test
  void aSliceIsThrownAwayIfTheHostTookTime() {
    assertThat(LIMITS.verdict(sample(60, 36, 4))).isEqualTo("the host took 4 %");
  }

  @Test
  void aSliceIsThrownAwayIfNothingCameBack() {
    Sample sample = sample(60, 40, 0);
    sample.put("messages", 0);
    assertThat(LIMITS.verdict(sample)).isEqualTo("no message came back");
  }

  @Test
  void aSliceIsThrownAwayIfTheClientToldOfErrors() {
    Sample sample = sample(60, 40, 0);
    sample.put("errors", 1);
    assertThat(LIMITS.verdict(sample)).isEqualTo("the client told of errors");
  }
}
