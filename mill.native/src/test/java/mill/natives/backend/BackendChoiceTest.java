package mill.natives.backend;

import static java.nio.ByteOrder.BIG_ENDIAN;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BackendChoiceTest {
  @ParameterizedTest
  @CsvSource({
    "Linux, amd64, epoll on Linux/amd64",
    "Mac OS X, aarch64, kqueue on macOS/aarch64",
    "Mac OS X, x86_64, kqueue on macOS/x86_64",
    "FreeBSD, amd64, kqueue on FreeBSD/amd64"
  })
  void eachSystemHasItsBackend(String os, String architecture, String name) {
    assertEquals(name, SystemPlatform.choose(os, architecture, LITTLE_ENDIAN, null).name());
  }

  @ParameterizedTest
  @CsvSource({
    "Linux, i386",
    "Linux, arm",
    "Linux, riscv64",
    "SunOS, amd64",
    "Windows 11, aarch64",
    "Windows 10, x86"
  })
  void whatMillDoesNotRunOnIsRefusedByName(String os, String architecture) {
    String message = refused(os, architecture, LITTLE_ENDIAN, null);
    assertTrue(message.contains("no backend for " + os + " on " + architecture), message);
  }

  @Test
  void bigEndianIsRefusedByName() {
    assertTrue(refused("Linux", "aarch64", BIG_ENDIAN, null).contains("BIG_ENDIAN"));
  }

  @Test
  void aPollerCanBeForced() {
    assertEquals(
        "epoll on Linux/amd64",
        SystemPlatform.choose("Linux", "amd64", LITTLE_ENDIAN, "epoll_wait").name());
  }

  @Test
  void aPollerThatTheSystemDoesNotHaveIsRefusedWithThoseItHas() {
    String message = refused("Mac OS X", "aarch64", LITTLE_ENDIAN, "epoll");
    assertTrue(message.contains("-Dmill.poller=epoll") && message.contains("[kqueue]"), message);
  }

  @Test
  void kqueueOnLinuxSaysThatItNeedsALibrary() {
    if (System.getProperty("mill.kqueue.library") != null) {
      return;
    }
    var refused =
        assertThrows(
            IllegalStateException.class,
            () -> SystemPlatform.choose("Linux", "amd64", LITTLE_ENDIAN, "kqueue"));
    assertTrue(refused.getMessage().contains("-Dmill.kqueue.library="), refused::getMessage);
  }

  private static String refused(
      String os, String architecture, ByteOrder order, String forcedPoller) {
    return assertThrows(
            UnsupportedOperationException.class,
            () -> SystemPlatform.choose(os, architecture, order, forcedPoller))
        .getMessage();
  }
}
