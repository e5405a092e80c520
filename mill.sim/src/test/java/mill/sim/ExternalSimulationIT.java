package mill.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import mill.testing.ChildJvm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A module outside of the repository that requires {@code mill.sim} and nothing else runs a
 * simulation of its own, without a flag; and the seed that its failure prints fails the same way in
 * a JVM of its own.
 */
class ExternalSimulationIT {
  private static final Pattern FOUND =
      Pattern.compile(
          "found: seed (0x\\w+) of 200 fails after .*, trace (\\w+) \\(run twice: the same again\\)");

  @Test
  void moduleThatRequiresMillSimAloneRunsASimulationAndReplaysIt(@TempDir Path folder)
      throws Exception {
    compile(folder);
    ChildJvm.Outcome first = java(folder, "GreetingTest");
    assertThat(first.exitCode()).as("%s", first).isZero();
    assertThat(first.out()).contains("clean: 200 seeds").contains("heard only: ");
    Matcher found = FOUND.matcher(first.out());
    assertThat(found.find()).as("%s", first).isTrue();
    assertThat(first.out()).contains("replay: -Dmill.sim.seed=" + found.group(1));

    ChildJvm.Outcome again = java(folder, "GreetingTest", "-Dmill.sim.seed=" + found.group(1));
    assertThat(again.out()).contains("clean: 1 seeds").contains("trace " + found.group(2));
    assertThat(again.err()).isEmpty();
  }

  @Test
  void aServerOfConnectionsIsSimulatedAsItIs(@TempDir Path folder) throws Exception {
    compile(folder);
    ChildJvm.Outcome outcome = java(folder, "TallyTest");
    assertThat(outcome.exitCode()).as("%s", outcome).isZero();
    assertThat(outcome.out()).contains("seeds: 200");
  }

  private static void compile(Path folder) throws IOException {
    var arguments = new ArrayList<String>();
    arguments.addAll(List.of("-Xlint:all", "-Werror", "-d", folder.toString()));
    arguments.addAll(List.of("--module-path", System.getProperty("mill.modules")));
    try (Stream<Path> files = Files.walk(Path.of(System.getProperty("mill.external")))) {
      files.map(Path::toString).filter(name -> name.endsWith(".java")).forEach(arguments::add);
    }
    var said = new StringWriter();
    var writer = new PrintWriter(said);
    int exit =
        ToolProvider.findFirst("javac")
            .orElseThrow()
            .run(writer, writer, arguments.toArray(String[]::new));
    assertThat(exit).as("javac %s%n%s", arguments, said).isZero();
  }

  private static ChildJvm.Outcome java(Path classes, String test, String... options)
      throws Exception {
    var arguments = new ArrayList<>(List.of(options));
    arguments.add("--illegal-native-access=deny");
    arguments.add("-p");
    arguments.add(System.getProperty("mill.modules") + java.io.File.pathSeparator + classes);
    arguments.addAll(List.of("-m", "external.sim/external.sim." + test));
    return ChildJvm.java(arguments);
  }
}
