package mill.bench.load.measure;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class QuartilesTest {
  @Test
  void quartilesOfAnOddNumberAreValues() {
    assertThat(Quartiles.of(List.of(5.0, 1.0, 4.0, 2.0, 3.0))).isEqualTo(new Quartiles(2, 3, 4, 5));
  }

  @Test
  void quartilesOfAnEvenNumberLieBetweenValues() {
    assertThat(Quartiles.of(List.of(4.0, 1.0, 3.0, 2.0)))
        .isEqualTo(new Quartiles(1.75, 2.5, 3.25, 4));
  }

  @Test
  void oneValueIsAllQuartiles() {
    assertThat(Quartiles.of(List.of(7.0))).isEqualTo(new Quartiles(7, 7, 7, 1));
  }

  @Test
  void whatIsNotANumberDoesNotCount() {
    assertThat(Quartiles.of(List.of(Double.NaN, 2.0, Double.POSITIVE_INFINITY)).count()).isOne();
  }

  @Test
  void nothingHasNoQuartiles() {
    assertThat(Quartiles.of(List.of()).isKnown()).isFalse();
  }
}
