package mill.examples.echo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LatencyHistogramTest {
  private final LatencyHistogram histogram = new LatencyHistogram();

  @Test
  void percentilesOfAnyDistributionAreWithinTheBucketWidthOfTheExactOnes() {
    var random = new SplittableRandom(42);
    long[] exact = random.longs(100_000, 0, 40).map(bits -> random.nextLong(1L << bits)).toArray();
    for (long ns : exact) {
      histogram.record(ns);
    }
    Arrays.sort(exact);

    for (double share : new double[] {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1}) {
      long wanted = exact[(int) Math.ceil(share * exact.length) - 1];
      long width = wanted / LatencyHistogram.SUB_BUCKETS;
      assertThat(histogram.percentile(share))
          .as("share %s", share)
          .isBetween(wanted, wanted + width);
    }
  }

  @Test
  void smallTimesAreExact() {
    for (int ns = 0; ns < 2 * LatencyHistogram.SUB_BUCKETS; ns++) {
      histogram.reset();
      histogram.record(ns);
      histogram.record(1_000_000);

      assertThat(histogram.percentile(0.5)).isEqualTo(ns);
    }
  }

  @Test
  void everyPowerOfTwoAndItsNeighboursHaveABucket() {
    for (int bit = 0; bit < Long.SIZE - 1; bit++) {
      for (long ns = (1L << bit) - 1; ns <= (1L << bit) + 1 && ns >= 0; ns++) {
        histogram.reset();
        histogram.record(ns);
        histogram.record(Long.MAX_VALUE);

        assertThat(histogram.percentile(0.5)).isBetween(ns, ns + ns / LatencyHistogram.SUB_BUCKETS);
      }
    }
  }

  @Test
  void aTimeThatWentBackwardsCountsAsZero() {
    histogram.record(-1);

    assertThat(histogram.percentile(1)).isZero();
    assertThat(histogram.total()).isEqualTo(1);
  }

  @Test
  void emptyAndResetHistogramsHoldNothing() {
    assertThat(histogram.percentile(0.5)).isZero();
    histogram.record(5);
    histogram.reset();

    assertThat(histogram.total()).isZero();
    assertThat(histogram.max()).isZero();
    assertThat(histogram.percentile(0.5)).isZero();
  }

  @Test
  void aShareOutOfItsRangeIsRefused() {
    for (double share : new double[] {0, -1, 1.1, Double.NaN}) {
      assertThatThrownBy(() -> histogram.percentile(share))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
