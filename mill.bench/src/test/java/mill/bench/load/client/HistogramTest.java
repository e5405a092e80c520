package mill.bench.load.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HistogramTest {
  @Test
  void percentileIsTheNearestRank() {
    var histogram = new Histogram();
    for (long ns = 1; ns <= 1000; ns++) {
      histogram.add(ns, 1);
    }
    assertThat(histogram.percentileNs(0.5)).isEqualTo(500);
    assertThat(histogram.percentileNs(0.99)).isEqualTo(990);
    assertThat(histogram.percentileNs(0.999)).isEqualTo(999);
    assertThat(histogram.percentileNs(1)).isEqualTo(1000);
  }

  @Test
  void percentileCountsEachTimeOfABucket() {
    var histogram = new Histogram();
    histogram.add(10, 98);
    histogram.add(5000, 2);
    assertThat(histogram.count()).isEqualTo(100);
    assertThat(histogram.percentileNs(0.5)).isEqualTo(10);
    assertThat(histogram.percentileNs(0.98)).isEqualTo(10);
    assertThat(histogram.percentileNs(0.99)).isEqualTo(5000);
  }

  @Test
  void oneTimeIsEveryPercentile() {
    var histogram = new Histogram();
    histogram.add(7, 1);
    assertThat(histogram.percentileNs(0)).isEqualTo(7);
    assertThat(histogram.percentileNs(0.999)).isEqualTo(7);
  }

  @Test
  void nothingHasNoPercentile() {
    assertThat(new Histogram().percentileNs(0.5)).isNaN();
  }
}
