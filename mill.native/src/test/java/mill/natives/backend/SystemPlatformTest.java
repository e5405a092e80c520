package mill.natives.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.module.Configuration;
import java.lang.module.ModuleFinder;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import mill.natives.CurrentPlatform;
import mill.natives.Poller;
import mill.testing.ChildJvm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SystemPlatformTest {
  @ParameterizedTest
  @ValueSource(strings = {"amd64", "x86_64", "aarch64"})
  void linuxOn64BitsIsChosen(String architecture) {
    assertThat(SystemPlatform.choose("Linux", architecture, ByteOrder.LITTLE_ENDIAN).name())
        .isEqualTo("epoll on Linux/" + architecture);
  }

  @ParameterizedTest
  @CsvSource({
    "Windows 11, aarch64",
    "Mac OS X, x86",
    "OpenBSD, amd64",
    "Linux, riscv64",
    "Linux, x86",
    "SunOS, sparcv9"
  })
  void otherSystemsAreRefusedByTheirNames(String os, String architecture) {
    assertThatThrownBy(() -> SystemPlatform.choose(os, architecture, ByteOrder.LITTLE_ENDIAN))
        .isInstanceOf(UnsupportedOperationException.class)
        .hasMessageContaining("no backend for " + os + " on " + architecture)
        .hasMessageContaining(
            "it runs on Linux, macOS and FreeBSD, amd64 or aarch64, and on Windows, amd64");
  }

  @Test
  void bigEndianIsRefused() {
    assertThatThrownBy(() -> SystemPlatform.choose("Linux", "aarch64", ByteOrder.BIG_ENDIAN))
        .isInstanceOf(UnsupportedOperationException.class)
        .hasMessageContaining("Linux on aarch64 (BIG_ENDIAN)");
  }

  // In Turkish, "LINUX".toLowerCase() has no i.
  @Test
  void choiceDoesNotDependOnTheLanguage() {
    var before = Locale.getDefault();
    try {
      Locale.setDefault(Locale.of("tr"));
      assertThat(SystemPlatform.choose("LINUX", "amd64", ByteOrder.LITTLE_ENDIAN)).isNotNull();
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void thereIsOneInstance() {
    assertThat(CurrentPlatform.get()).isSameAs(CurrentPlatform.get());
  }

  @Test
  void missingNativeAccessIsSaidWithWhatToType() throws Exception {
    ChildJvm.Outcome outcome = ChildJvm.of(Opens.class).withoutNativeAccess().run();
    String sentence =
        "mill may not call native code: start java with --enable-native-access=mill.natives\n";
    assertThat(outcome.out()).as("%s", outcome).isEqualTo(sentence + sentence);
    assertThat(outcome.err()).as("no warnings, no stack traces").isEmpty();
    assertThat(outcome.exitCode()).isEqualTo(2);
  }

  // The flag does not help there, and was what the message told.
  @Test
  void missingNativeAccessInALayerOfTheUsersIsSaidWithWhatToCall() {
    ModuleLayer boot = ModuleLayer.boot();
    Path mill =
        Path.of(
            boot.configuration()
                .findModule("mill.natives")
                .orElseThrow()
                .reference()
                .location()
                .orElseThrow());
    Configuration configuration =
        boot.configuration()
            .resolve(ModuleFinder.of(mill), ModuleFinder.of(), Set.of("mill.natives"));
    ModuleLayer layer = boot.defineModulesWithOneLoader(configuration, null);
    Module module = layer.findModule("mill.natives").orElseThrow();
    assertThat(module).isNotSameAs(SystemPlatform.class.getModule());
    assertThatThrownBy(() -> SystemPlatform.requireNativeAccess(module))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("ModuleLayer.Controller")
        .hasMessageNotContaining("--enable-native-access");
  }

  @Test
  void grantedNativeAccessMakesNoNoise() throws Exception {
    ChildJvm.Outcome outcome = ChildJvm.of(Opens.class).run();
    assertThat(outcome.out()).as("%s", outcome).isEqualTo("open\n");
    assertThat(outcome.err()).isEmpty();
    assertThat(outcome.exitCode()).isZero();
  }

  /** Tries twice: the second failure must be as clear as the first. */
  static final class Opens {
    public static void main(String[] arguments) throws Exception {
      try (Poller poller = Poller.open()) {
        System.out.println(poller.platform().equals(CurrentPlatform.get()) ? "open" : "strange");
      } catch (IllegalStateException e) {
        System.out.println(e.getMessage());
        try {
          Poller.open().close();
        } catch (IllegalStateException again) {
          System.out.println(again.getMessage());
          System.exit(2);
        }
      }
    }
  }
}
