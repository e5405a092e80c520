package mill.natives.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import mill.natives.ErrnoException;
import org.junit.jupiter.api.Test;

class ErrnosTest {
  private final Errnos errnos =
      new Errnos(Map.of("EAGAIN", 11, "EINTR", 4, "EINPROGRESS", 115, "ENOTCONN", 107, "EIO", 5));

  @Test
  void numbersAndNamesGoBothWays() {
    assertThat(errnos.number("EIO")).isEqualTo(5);
    assertThat(errnos.name(5)).isEqualTo("EIO");
  }

  /** Promise 14: a map has an order of its own in each run. */
  @Test
  void numberWithSeveralNamesHasAlwaysTheFirstOfThem() {
    var several =
        new Errnos(
            Map.of(
                "EAGAIN",
                11,
                "EINTR",
                4,
                "EINPROGRESS",
                115,
                "ENOTCONN",
                107,
                "EWOULDBLOCK",
                11,
                "ENOTSUP",
                95,
                "EOPNOTSUPP",
                95,
                "E0",
                4));
    assertThat(several.name(11)).isEqualTo("EAGAIN");
    assertThat(several.name(95)).isEqualTo("ENOTSUP");
    assertThat(several.name(4)).isEqualTo("E0");
  }

  @Test
  void unknownNumberIsNamedByItself() {
    assertThat(errnos.name(4242)).isEqualTo("errno 4242");
    assertThatThrownBy(() -> errnos.number("ENONE"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("ENONE");
  }

  @Test
  void outcomesAreToldFromResults() {
    assertThat(errnos.isWouldBlock(-11)).isTrue();
    assertThat(errnos.isWouldBlock(11)).as("a byte count").isFalse();
    assertThat(errnos.isInterrupted(-4)).isTrue();
    assertThat(errnos.isInterrupted(0)).isFalse();
    assertThat(errnos.isInProgress(-115)).isTrue();
    assertThat(errnos.isInProgress(-4)).as("an interrupted connect goes on").isTrue();
    assertThat(errnos.isInProgress(-11)).isFalse();
    assertThat(errnos.isNotConnected(-107)).isTrue();
    assertThat(errnos.isNotConnected(0)).isFalse();
  }

  @Test
  void exceptionCarriesCallNumberAndName() {
    ErrnoException exception = errnos.exception("connect(127.0.0.1:1)", -5);
    assertThat(exception).hasMessage("connect(127.0.0.1:1): EIO (errno 5)");
    assertThat(exception.call()).isEqualTo("connect(127.0.0.1:1)");
    assertThat(exception.errno()).isEqualTo(5);
    assertThat(exception.errnoName()).isEqualTo("EIO");
  }

  @Test
  void tableWithoutTheNumbersMillAsksForIsRefused() {
    assertThatThrownBy(() -> new Errnos(Map.of("EAGAIN", 11)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("EINTR");
  }
}
