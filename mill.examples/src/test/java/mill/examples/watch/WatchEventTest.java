package mill.examples.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Names as {@code inotifywait} prints them. */
class WatchEventTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "00000001 | ACCESS",
        "00000002 | MODIFY",
        "00000004 | ATTRIB",
        "00000008 | CLOSE_WRITE,CLOSE",
        "00000010 | CLOSE_NOWRITE,CLOSE",
        "00000020 | OPEN",
        "00000040 | MOVED_FROM",
        "00000080 | MOVED_TO",
        "00000100 | CREATE",
        "00000200 | DELETE",
        "00000400 | DELETE_SELF",
        "00000800 | MOVE_SELF",
        "00002000 | UNMOUNT",
        "00004000 | Q_OVERFLOW",
        "00008000 | IGNORED",
        "40000001 | ACCESS,ISDIR",
        "40000010 | CLOSE_NOWRITE,CLOSE,ISDIR",
        "40000040 | MOVED_FROM,ISDIR",
        "40000100 | CREATE,ISDIR",
        "40000800 | MOVE_SELF,ISDIR",
        "80000100 | CREATE,ONESHOT",
        "00001000 | 0x00001000",
        "4000e830 | CLOSE_NOWRITE,OPEN,UNMOUNT,Q_OVERFLOW,IGNORED,CLOSE,MOVE_SELF,ISDIR",
      })
  void aMaskHasTheNamesOfInotifywait(String hex, String names) {
    assertThat(WatchEvent.names(Integer.parseUnsignedInt(hex, 16))).isEqualTo(names);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "create | 100",
        "CREATE,delete | 300",
        "move | c0",
        "close | 18",
        "move_self,delete_self,unmount | 2c00",
        "access,modify,attrib,close,open,move,create,delete,delete_self,move_self | fff",
      })
  void aListOfNamesIsAMask(String names, String hex) {
    assertThat(WatchEvent.mask(names)).isEqualTo(Integer.parseInt(hex, 16));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "created", "create,", "isdir", "ignored", "q_overflow", "all"})
  void whatCannotBeAskedForIsRefused(String names) {
    assertThatThrownBy(() -> WatchEvent.mask(names))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(names.equals("create,") ? "" : names);
  }
}
