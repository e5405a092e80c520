package mill.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import mill.testing.ChildJvm;
import org.junit.jupiter.api.Test;

/**
 * A compact source file that imports {@code module mill.core} and with it all of mill, run by
 * {@code java} against the packaged jars: no simple name of theirs is in the way.
 */
class CompactSourceIT {
  @Test
  void importsTheModuleAndEchoesAMessage() throws Exception {
    ChildJvm.Outcome outcome =
        ChildJvm.java(
            List.of(
                "-p",
                System.getProperty("mill.modules"),
                "--add-modules",
                "mill.core",
                "--enable-native-access=mill.natives",
                "--illegal-native-access=deny",
                System.getProperty("mill.compact") + "/Echo.java"));
    assertThat(outcome.err()).as("%s", outcome).isEmpty();
    assertThat(outcome.out()).isEqualTo("echoed: hello, mill\n");
    assertThat(outcome.exitCode()).as("%s", outcome).isZero();
  }
}
