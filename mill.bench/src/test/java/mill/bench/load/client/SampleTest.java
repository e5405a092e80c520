package mill.bench.load.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class SampleTest {
  /** One second of two processors; 0.6 of them ours, 0.2 idle, 0.1 stolen, 0.1 in interrupts. */
  private static Sample sample() {
    return Sample.parse(
        List.of(
            "begin",
            "end",
            "= messages 1000",
            "= elapsed_ns 1000000000",
            "= server_ns 700000000",
            "= client_ns 500000000",
            "= idle_ticks 40",
            "= interrupt_ticks 20",
            "= steal_ticks 20",
            "= ticks_per_second 100",
            "= bucket 1000 999",
            "= bucket 9000 1"));
  }

  @Test
  void costAndThroughputArePerMessage() {
    assertThat(sample().serverNsPerMessage()).isEqualTo(700_000);
    assertThat(sample().throughput()).isEqualTo(1000);
  }

  @Test
  void percentilesComeFromTheBuckets() {
    assertThat(sample().get("p50_ns")).isEqualTo(1000);
    assertThat(sample().get("p999_ns")).isEqualTo(1000);
  }

  @Test
  void othersHaveWhatIsNeitherIdleNorStolenNorOurs() {
    assertThat(sample().stolenShare()).isEqualTo(0.1);
    assertThat(sample().othersShare(false)).isEqualTo(0.1, within(1e-9));
  }

  @Test
  void interruptsAreNotOthersWhereTheyAreCountedApart() {
    assertThat(sample().othersShare(true)).isEqualTo(0, within(1e-9));
  }

  @Test
  void whatNobodyToldIsNotANumber() {
    assertThat(sample().get("allocated_bytes")).isNaN();
  }
}
