package mill.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * An application outside the repository compiles against the packaged jars of mill alone, links
 * with {@code --add-modules} of itself alone, and runs from its image with one flag. The jars and
 * the application's sources come from the build by the system properties {@code mill.modules} and
 * {@code mill.external}.
 */
class ExternalApplicationIT {
  private static final String APPLICATION = "external.app";

  @Test
  @Timeout(120) // jlink copies and compresses 40 MB
  void compilesLinksAndRunsOnMillCoreAlone(@TempDir Path folder) throws Exception {
    Path jars = Path.of(System.getProperty("mill.modules"));
    Path sources = copy(Path.of(System.getProperty("mill.external")), folder.resolve("src"));
    Path classes = folder.resolve("classes");
    Path image = folder.resolve("image");

    run("javac", compilation(sources, classes, jars));
    run(
        "jlink",
        List.of(
            "--module-path",
            jars + File.pathSeparator + classes,
            "--add-modules",
            APPLICATION,
            "--output",
            image.toString()));

    assertThat(java(folder, image, "--list-modules").lines().map(line -> line.split("@", 2)[0]))
        .containsExactlyInAnyOrder("java.base", "mill.natives", "mill.core", APPLICATION);
    assertThat(
            java(
                folder,
                image,
                "--enable-native-access=mill.natives",
                "--illegal-native-access=deny",
                "-m",
                APPLICATION + "/" + APPLICATION + ".Main"))
        .isEqualToNormalizingNewlines("echoed: hello, mill\n");
  }

  private static Path copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file).toString()));
      }
    }
    return to;
  }

  /** Warnings are errors for the application too: the jars must not make its compiler complain. */
  private static List<String> compilation(Path sources, Path classes, Path jars)
      throws IOException {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "-Xlint:all",
                "-Werror",
                "-d",
                classes.toString(),
                "--module-path",
                jars.toString()));
    try (Stream<Path> files = Files.walk(sources)) {
      files.map(Path::toString).filter(name -> name.endsWith(".java")).forEach(arguments::add);
    }
    return arguments;
  }

  private static void run(String tool, List<String> arguments) {
    StringWriter said = new StringWriter();
    PrintWriter writer = new PrintWriter(said);
    int exit =
        ToolProvider.findFirst(tool)
            .orElseThrow()
            .run(writer, writer, arguments.toArray(String[]::new));
    assertThat(exit).as("%s %s%n%s", tool, arguments, said).isZero();
  }

  /**
   * Runs the image's java, checks that it ends well and says nothing on stderr, and returns its
   * stdout.
   */
  private static String java(Path folder, Path image, String... arguments) throws Exception {
    Path stdout = folder.resolve("stdout");
    Path stderr = folder.resolve("stderr");
    List<String> command = new ArrayList<>(List.of(image.resolve("bin/java").toString()));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(stdout.toFile())
            .redirectError(stderr.toFile())
            .start();
    try {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("%s ends", command).isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(Files.readString(stderr, UTF_8)).as("stderr of %s", command).isEmpty();
    assertThat(process.exitValue()).as("exit code of %s", command).isZero();
    return Files.readString(stdout, UTF_8);
  }
}
