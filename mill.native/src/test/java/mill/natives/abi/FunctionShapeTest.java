package mill.natives.abi;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.ValueLayout;
import java.util.Set;
import mill.natives.abi.AbiTableTest.Os;
import mill.natives.gen.freebsd.FreeBsd;
import mill.natives.gen.macos.MacOs;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the generated function descriptors promise to the code that links them. */
class FunctionShapeTest {

  /** A variadic argument travels on the stack on macOS arm64: it must not count as a fixed one. */
  @ParameterizedTest
  @EnumSource(names = {"LINUX", "MACOS", "FREEBSD"})
  void variadicFunctionsHaveTwoFixedArguments(Os os) {
    var variadic = os.bindings().variadicFunctions();
    assertThat(variadic.keySet())
        .isEqualTo(os == Os.LINUX ? Set.of("fcntl", "ioctl") : Set.of("fcntl", "ioctl", "open"));
    variadic.forEach(
        (name, descriptor) -> assertThat(descriptor.argumentLayouts()).as(name).hasSize(2));
    assertThat(os.bindings().functions()).doesNotContainKeys("fcntl", "ioctl", "open");
  }

  @Test
  void descriptorsAreReadableOnAnOsWithoutTheFunction() {
    assertThat(MacOs.kqueue$descriptor().argumentLayouts()).isEmpty();
    assertThat(FreeBsd.kevent$descriptor().argumentLayouts()).hasSize(6);
    assertThat(Os.WINDOWS.bindings().functions())
        .containsKeys("GetQueuedCompletionStatusEx", "NtDeviceIoControlFile", "WSAIoctl");
  }

  @Test
  void macOsKeventIsUnalignedSoItsLayoutMustSaySo() {
    var event = mill.natives.gen.macos.kevent.layout();
    assertThat(event.byteAlignment()).isEqualTo(4);
    assertThat(mill.natives.gen.macos.kevent.udata$layout().byteAlignment()).isEqualTo(4);
  }

  /** SOCKET is 64 bits wide on Windows: an int handle would lose its upper half. */
  @Test
  void windowsSocketsAreSixtyFourBitsWide() {
    var functions = Os.WINDOWS.bindings().functions();
    for (String name :
        new String[] {"bind", "connect", "recv", "send", "closesocket", "WSAIoctl"}) {
      assertThat(functions.get(name).argumentLayouts().getFirst())
          .as(name)
          .isInstanceOf(ValueLayout.OfLong.class);
    }
    assertThat(functions.get("accept").returnLayout().orElseThrow())
        .isInstanceOf(ValueLayout.OfLong.class);
  }
}
