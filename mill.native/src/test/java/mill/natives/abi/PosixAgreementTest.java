package mill.natives.abi;

import static org.assertj.core.api.Assertions.assertThat;

import mill.natives.abi.AbiTableTest.Os;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What {@code mill.natives.posix} reads from the bindings of Linux, the BSDs have alike. */
class PosixAgreementTest {
  private static final String[] FUNCTIONS = {
    "socket",
    "socketpair",
    "bind",
    "listen",
    "connect",
    "getsockname",
    "getpeername",
    "setsockopt",
    "getsockopt",
    "shutdown",
    "close"
  };

  private static final String[] CONSTANTS = {
    "AF_INET",
    "AF_UNIX",
    "SOCK_STREAM",
    "SOCK_DGRAM",
    "SHUT_RD",
    "SHUT_WR",
    "SHUT_RDWR",
    "F_GETFL",
    "F_SETFL",
    "F_SETFD",
    "FD_CLOEXEC"
  };

  @ParameterizedTest
  @EnumSource(names = {"MACOS", "FREEBSD"})
  void functionsAreDeclaredAlike(Os os) {
    for (String name : FUNCTIONS) {
      assertThat(os.bindings().functions().get(name))
          .as(name)
          .isNotNull()
          .isEqualTo(Os.LINUX.bindings().functions().get(name));
    }
    assertThat(os.bindings().variadicFunctions().get("fcntl"))
        .isEqualTo(Os.LINUX.bindings().variadicFunctions().get("fcntl"));
  }

  @ParameterizedTest
  @EnumSource(names = {"MACOS", "FREEBSD"})
  void constantsHaveTheSameNumbers(Os os) {
    for (String name : CONSTANTS) {
      assertThat(os.bindings().constants().get(name))
          .as(name)
          .isNotNull()
          .isEqualTo(Os.LINUX.bindings().constants().get(name));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"MACOS", "FREEBSD"})
  void structuresAreLaidOutAlike(Os os) {
    var structs = os.bindings().structs();
    for (String name : new String[] {"iovec", "linger"}) {
      assertThat(structs.get(name))
          .as(name)
          .isNotNull()
          .isEqualTo(Os.LINUX.bindings().structs().get(name));
    }
  }
}
