package mill.sim.programs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import mill.testing.ChildJvm;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Promise 14: the same seed gives the same trace, however a JVM compiles, collects and hashes. */
class JvmSettingsTest {
  private static final List<Programs> RUN = List.of(Programs.TORTURE, Programs.GOSSIP);
  private static final int SEEDS = 6;

  private static List<String> here;

  @BeforeAll
  static void runHere() {
    here =
        RUN.stream()
            .map(program -> program.unexpecting(SEEDS).run(program.scenario()).hash())
            .map(hash -> String.format(Locale.ROOT, "hash %016x", hash))
            .toList();
  }

  static Stream<Arguments> settings() {
    return Stream.of(
        Arguments.of("interpreted", List.of("-Xint"), ""),
        Arguments.of("compiled and collected otherwise", parallel(), ""),
        Arguments.of("hashed by one number", hashed(), ""),
        Arguments.of("backwards", List.of(), "backwards"));
  }

  private static List<String> parallel() {
    return List.of("-XX:-UseSerialGC", "-XX:+UseParallelGC", "-XX:TieredStopAtLevel=4");
  }

  private static List<String> hashed() {
    return List.of("-XX:+UnlockExperimentalVMOptions", "-XX:hashCode=2");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("settings")
  @Timeout(60) // an interpreter on a busy machine is slow
  void tracesAreTheSame(String name, List<String> options, String order) throws Exception {
    ChildJvm child = ChildJvm.of(RunPrograms.class).withoutNativeAccess().working();
    String logging = System.getProperty("java.util.logging.config.file");
    child.with("-Djava.util.logging.config.file=" + logging);
    child.with(options.toArray(String[]::new));
    String names = String.join(",", RUN.stream().map(Programs::name).toList());
    ChildJvm.Outcome outcome =
        order.isEmpty()
            ? child.run(names, Integer.toString(SEEDS))
            : child.run(names, Integer.toString(SEEDS), "1", order);
    assertThat(outcome.exitCode()).as("%s", outcome).isZero();
    assertThat(outcome.out()).as(name).contains(here);
  }
}
