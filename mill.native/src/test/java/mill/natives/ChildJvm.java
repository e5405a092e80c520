package mill.natives;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A JVM of its own for what would disturb the others: descriptor limits and counts, missing flags.
 */
public final class ChildJvm {
  private static final long PATIENCE_SECONDS = 60;

  /** How a child ended and what it said. */
  public record Outcome(int exitCode, String out, String err) {
    @Override
    public String toString() {
      return "exit code " + exitCode + "\n--- stdout\n" + out + "--- stderr\n" + err;
    }
  }

  private final List<String> command = new ArrayList<>();
  private final List<String> own = new ArrayList<>();
  private int descriptorLimit;
  private boolean nativeAccess = true;

  private ChildJvm() {}

  public static ChildJvm child() {
    return new ChildJvm();
  }

  /** Lowers the number of descriptors the child may have. */
  public ChildJvm withDescriptorLimit(int limit) {
    descriptorLimit = limit;
    return this;
  }

  /** Adds options of {@code java}, which go after the ones that are usual here. */
  public ChildJvm with(String... options) {
    own.addAll(List.of(options));
    return this;
  }

  public ChildJvm withoutNativeAccess() {
    nativeAccess = false;
    return this;
  }

  /** Runs a main class of the tests, in the module that the tests are patched into. */
  public Outcome run(Class<?> main, String... arguments) throws Exception {
    if (descriptorLimit > 0) {
      command.addAll(
          List.of("/bin/sh", "-c", "ulimit -n " + descriptorLimit + "; exec \"$@\"", "sh"));
    }
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // HotSpot raises the soft limit by itself.
    command.addAll(
        List.of("-XX:-MaxFDLimit", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx64m"));
    command.addAll(own);
    if (nativeAccess) {
      command.add("--enable-native-access=mill.natives");
    }
    command.add("--illegal-native-access=deny");
    command.addAll(List.of("-p", location(Poller.class.getModule()).toString()));
    command.addAll(List.of("--patch-module", "mill.natives=" + testClasses(main)));
    command.addAll(List.of("-m", "mill.natives/" + main.getName()));
    command.addAll(List.of(arguments));
    return run();
  }

  private Outcome run() throws Exception {
    Path out = Files.createTempFile("mill-child", ".out");
    Path err = Files.createTempFile("mill-child", ".err");
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
              .redirectOutput(out.toFile())
              .redirectError(err.toFile())
              .start();
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
        throw new AssertionError("the child hangs: " + command + "\n" + read(out) + read(err));
      }
      return new Outcome(process.exitValue(), read(out), read(err));
    } finally {
      Files.delete(out);
      Files.delete(err);
    }
  }

  private static String read(Path file) throws IOException {
    return Files.readString(file, StandardCharsets.UTF_8);
  }

  private static Path location(Module module) {
    URI uri =
        ModuleLayer.boot()
            .configuration()
            .findModule(module.getName())
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
