package mill.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import mill.testing.ChildJvm;
import mill.testing.ChildJvm.Outcome;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A start is mostly classes: those of mill that a server needs until it has echoed once, and those
 * that Java makes for it. This test knows them. The jars come from the build by the system
 * properties {@code mill.modules} and {@code mill.examples.jar}.
 */
class StartClassesIT {
  /** Where those of mill are listed; {@code -Dmill.start.classes=write} writes it anew. */
  private static final Path LIST = Path.of("src", "it", "start-classes.txt");

  /**
   * For each kind of native call that is linked: one for all cold calls, one for recv and send. The
   * dearest of what Java makes.
   */
  private static final int DOWNCALL_STUBS = 2;

  /** All that Java 25.0.3 makes, and what another build of it may make besides. */
  private static final int GENERATED = 186;

  private static final int GENERATED_SLACK = 14;

  private static final Pattern NUMBER = Pattern.compile("/0x\\p{XDigit}+");

  @Test
  void aServerLoadsTheKnownClassesUntilItHasEchoedOnce(@TempDir Path folder) throws Exception {
    String system = System.getProperty("os.name") + " on " + System.getProperty("os.arch");
    assumeTrue(system.equals("Linux on amd64"), "the list is of Linux on amd64, this is " + system);
    List<String> loaded = classesOfAStart(folder.resolve("classes.log"));
    List<String> ours = loaded.stream().filter(name -> name.startsWith("mill.")).toList();
    if ("write".equals(System.getProperty("mill.start.classes"))) {
      Files.write(LIST, ours);
    }
    List<String> known = Files.readAllLines(LIST);

    assertThat(without(ours, known))
        .as("new on the way to the first echo; if each is worth it, write %s anew", LIST)
        .isEmpty();
    assertThat(without(known, ours))
        .as("no longer on the way to the first echo: write %s anew", LIST)
        .isEmpty();
    assertThat(loaded.stream().filter(name -> name.endsWith(".DowncallStub")))
        .as("kinds of native calls that are linked")
        .hasSize(DOWNCALL_STUBS);
    List<String> generated = loaded.stream().filter(StartClassesIT::isGenerated).toList();
    assertThat(generated)
        .as("made by Java: call sites and lambdas that are new on the way to the first echo")
        .hasSizeBetween(DOWNCALL_STUBS, GENERATED + GENERATED_SLACK);
  }

  /** In the order of their names, without the numbers of hidden ones. */
  private static List<String> classesOfAStart(Path log) throws Exception {
    Outcome outcome =
        ChildJvm.java(
            List.of(
                "-Xlog:class+load:file=" + log + ":none",
                "--enable-native-access=mill.natives",
                "-p",
                System.getProperty("mill.modules")
                    + File.pathSeparator
                    + System.getProperty("mill.examples.jar"),
                "-m",
                "mill.examples/mill.examples.echo.EchoDemo",
                "--serve",
                "--once"));
    assertThat(outcome.err()).isEmpty();
    assertThat(outcome.exitCode()).isZero();
    try (Stream<String> lines = Files.lines(log)) {
      return lines.map(StartClassesIT::name).sorted().toList();
    }
  }

  private static String name(String line) {
    return NUMBER.matcher(line.split(" ", 2)[0]).replaceAll("");
  }

  private static boolean isGenerated(String name) {
    return name.contains("$$")
        || name.endsWith(".DowncallStub")
        || name.startsWith("java.lang.invoke.LambdaForm$")
        || name.contains("$Species_");
  }

  /** What is in one list more often than in another. */
  private static List<String> without(List<String> all, List<String> some) {
    List<String> rest = new ArrayList<>(all);
    some.forEach(rest::remove);
    return rest;
  }
}
