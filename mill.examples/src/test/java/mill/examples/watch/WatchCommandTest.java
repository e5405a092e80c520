package mill.examples.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class WatchCommandTest {
  private static void assertRefused(String line, String... args) {
    assertThatThrownBy(() -> WatchCommand.parse(args))
        .isInstanceOfSatisfying(
            WatchFailure.class, failure -> assertThat(failure.exitCode()).isEqualTo(2))
        .hasMessageStartingWith(line);
  }

  @Test
  void pathsAloneAreWatchedForEverything() throws WatchFailure {
    assertThat(WatchCommand.parse("a", "/b/"))
        .isEqualTo(new WatchCommand(false, false, 0xfff, List.of("a", "/b/")));
  }

  @Test
  void optionsMayStandAnywhereAndEventsAddUp() throws WatchFailure {
    assertThat(WatchCommand.parse("-e", "create", "a", "-r", "--event", "delete,move", "./-r"))
        .isEqualTo(new WatchCommand(false, true, 0x3c0, List.of("a", "./-r")));
  }

  @Test
  void helpNeedsNoPath() throws WatchFailure {
    assertThat(WatchCommand.parse("--help").help()).isTrue();
  }

  @Test
  void whatMakesNoSenseSaysWhatToType() {
    assertRefused("watch what? Give files or directories");
    assertRefused("watch what?", "-r");
    assertRefused("unknown argument -m: --help lists what there is, ./-m is a file", "-m", "a");
    assertRefused("-e needs the names of events", "a", "-e");
    assertRefused("there is no event 'created': take access, modify", "-e", "created", "a");
    assertRefused("an empty path names nothing", "");
  }
}
