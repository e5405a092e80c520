package mill.core;

import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A JVM of its own for what would disturb the others: counts of descriptors and threads, output of
 * a logger.
 */
public final class ChildJvm {
  private static final boolean ON_WINDOWS = File.separatorChar == '\\';
  private static final File NOTHING = new File(ON_WINDOWS ? "NUL" : "/dev/null");
  private static final long PATIENCE_SECONDS = 60;

  /** How a child ended and what it said. */
  public record Outcome(int exitCode, String out, String err) {
    @Override
    public String toString() {
      return "exit code " + exitCode + "\n--- stdout\n" + out + "--- stderr\n" + err;
    }
  }

  private ChildJvm() {}

  /**
   * Runs a main class of the tests, in the module that the tests are patched into. The options of
   * {@code java} go after the ones that are usual here.
   */
  public static Outcome run(Class<?> main, String... options) throws Exception {
    return run(List.of(options), main);
  }

  /** Runs it with options, and with arguments of its own. */
  public static Outcome run(List<String> options, Class<?> main, String... arguments)
      throws Exception {
    return execute(command(options, main, arguments));
  }

  /** Runs it with a limit to the number of its descriptors; where there is a shell. */
  public static Outcome runWithDescriptors(int limit, Class<?> main) throws Exception {
    var command =
        new ArrayList<>(List.of("sh", "-c", "ulimit -n " + limit + "; exec \"$@\"", "sh"));
    command.addAll(command(List.of(), main));
    return execute(command);
  }

  private static List<String> command(List<String> options, Class<?> main, String... arguments)
      throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xmx64m"));
    command.addAll(options);
    command.addAll(
        List.of(
            // On Windows the child asks the kernel itself how many handles it has.
            "--enable-native-access=mill.natives" + (ON_WINDOWS ? ",mill.core" : ""),
            "--illegal-native-access=deny",
            "-p",
            location("mill.natives") + System.getProperty("path.separator") + location("mill.core"),
            "--patch-module",
            "mill.core=" + testClasses(main),
            "-m",
            "mill.core/" + main.getName()));
    command.addAll(List.of(arguments));
    return command;
  }

  private static Outcome execute(List<String> command) throws Exception {
    Path out = Files.createTempFile("mill-child", ".out");
    Path err = Files.createTempFile("mill-child", ".err");
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectInput(Redirect.from(NOTHING))
              .redirectOutput(out.toFile())
              .redirectError(err.toFile())
              .start();
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
        throw new AssertionError("the child hangs: " + read(out) + read(err));
      }
      return new Outcome(process.exitValue(), read(out), read(err));
    } finally {
      Files.delete(out);
      Files.delete(err);
    }
  }

  private static String read(Path file) throws IOException {
    return Files.readString(file).replace("\r\n", "\n");
  }

  private static Path location(String module) {
    URI uri =
        ModuleLayer.boot()
            .configuration()
            .findModule(module)
            .orElseThrow(() -> new AssertionError("tests run outside the module " + module))
            .reference()
            .location()
            .orElseThrow();
    return Path.of(uri);
  }

  /** The root of the class files that the tests are patched in from. */
  private static Path testClasses(Class<?> main) throws Exception {
    String file = main.getName().replace('.', '/') + ".class";
    Path path = Path.of(main.getResource("/" + file).toURI());
    for (int i = 0; i < Path.of(file).getNameCount(); i++) {
      path = path.getParent();
    }
    return path;
  }
}
