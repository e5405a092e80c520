package mill.testing;

import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.lang.module.ModuleReference;
import java.lang.module.ResolvedModule;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * A JVM of its own for what would disturb the others: limits and counts of descriptors, counts of
 * threads, missing flags, output of a logger.
 */
public final class ChildJvm {
  private static final boolean ON_WINDOWS = File.separatorChar == '\\';
  private static final File NOTHING = new File(ON_WINDOWS ? "NUL" : "/dev/null");
  private static final long DUMP_SECONDS = 2;

  /** How long a test waits for a child that is patient itself: longer than the child. */
  private static final long PATIENCE_NS = Await.PATIENCE_NS + Await.PATIENCE_NS / 2;

  /** How many times as long for one that works. */
  private static final int WORK = 3;

  /** How a child ended and what it said. */
  public record Outcome(int exitCode, String out, String err) {
    @Override
    public String toString() {
      return "exit code " + exitCode + "\n--- stdout\n" + out + "--- stderr\n" + err;
    }
  }

  private final Class<?> main;
  private final List<String> options = new ArrayList<>();
  private int descriptorLimit;
  private boolean nativeAccess = true;
  private long patienceNs = PATIENCE_NS;

  private ChildJvm(Class<?> main) {
    this.main = main;
  }

  /** Runs a main class of the tests, in the module that the tests are patched into. */
  public static ChildJvm of(Class<?> main) {
    return new ChildJvm(main);
  }

  /** Adds options of {@code java}, which go after the ones that are usual here. */
  public ChildJvm with(String... more) {
    options.addAll(List.of(more));
    return this;
  }

  /** Limits the number of descriptors that the child may have; where there is a shell. */
  public ChildJvm withDescriptorLimit(int limit) {
    descriptorLimit = limit;
    return this;
  }

  /** Does without {@code --enable-native-access}. */
  public ChildJvm withoutNativeAccess() {
    nativeAccess = false;
    return this;
  }

  /** Waits longer for one that has much to do; its test needs a {@code @Timeout} beyond that. */
  public ChildJvm working() {
    patienceNs = WORK * PATIENCE_NS;
    return this;
  }

  public Outcome run(String... arguments) throws Exception {
    var command = new ArrayList<String>();
    if (descriptorLimit > 0) {
      command.addAll(List.of("sh", "-c", "ulimit -n " + descriptorLimit + "; exec \"$@\"", "sh"));
    }
    command.add(java());
    command.addAll(
        List.of(
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx64m",
            "--illegal-native-access=deny"));
    command.add("-Dmill.test.timeout=" + Await.TEST_TIMEOUT_S);
    command.addAll(options);
    String module = main.getModule().getName();
    if (nativeAccess) {
      // On Windows a child asks the kernel itself how many handles it has.
      command.add("--enable-native-access=mill.natives" + (ON_WINDOWS ? "," + module : ""));
    }
    command.addAll(List.of("-p", mainClasses(), "-cp", classes(ChildJvm.class).toString()));
    command.addAll(List.of("--patch-module", module + "=" + classes(main)));
    command.addAll(List.of("--add-reads", module + "=ALL-UNNAMED"));
    command.addAll(List.of("-m", module + "/" + main.getName()));
    command.addAll(List.of(arguments));
    return execute(command, patienceNs);
  }

  /** Runs {@code java} with these arguments and no others, as a user would. */
  public static Outcome java(List<String> arguments) throws Exception {
    var command = new ArrayList<>(List.of(java()));
    command.addAll(arguments);
    return execute(command, PATIENCE_NS);
  }

  private static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  private static Outcome execute(List<String> command, long patienceNs) throws Exception {
    Path out = Files.createTempFile("mill-child", ".out");
    Path err = Files.createTempFile("mill-child", ".err");
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectInput(Redirect.from(NOTHING))
              .redirectOutput(out.toFile())
              .redirectError(err.toFile())
              .start();
      if (!process.waitFor(patienceNs, TimeUnit.NANOSECONDS)) {
        dumpAndKill(process);
        String said = command + "\n" + read(out) + read(err);
        throw Await.hung("the child ends: " + said, patienceNs, null);
      }
      return new Outcome(process.exitValue(), read(out), read(err));
    } finally {
      Files.delete(out);
      Files.delete(err);
    }
  }

  /** Lets HotSpot print its stacks, which it does on SIGQUIT, before the child is ended. */
  private static void dumpAndKill(Process process) throws IOException, InterruptedException {
    if (!ON_WINDOWS) {
      new ProcessBuilder("kill", "-QUIT", Long.toString(process.pid())).start().waitFor();
      process.waitFor(DUMP_SECONDS, TimeUnit.SECONDS);
    }
    process.destroyForcibly().waitFor();
  }

  private static String read(Path file) throws IOException {
    return Files.readString(file).replace("\r\n", "\n");
  }

  /** Where mill's own modules are, as this JVM has them. */
  private static String mainClasses() {
    return ModuleLayer.boot().configuration().modules().stream()
        .map(ResolvedModule::reference)
        .filter(reference -> reference.descriptor().name().startsWith("mill."))
        .map(ModuleReference::location)
        .map(location -> Path.of(location.orElseThrow()).toString())
        .collect(Collectors.joining(File.pathSeparator));
  }

  /** The root of the class files that a class comes from. */
  private static Path classes(Class<?> one) throws Exception {
    String file = one.getName().replace('.', '/') + ".class";
    URI uri = one.getResource("/" + file).toURI();
    if (uri.getScheme().equals("jar")) {
      String jar = uri.getSchemeSpecificPart();
      return Path.of(URI.create(jar.substring(0, jar.indexOf('!'))));
    }
    Path path = Path.of(uri);
    for (int i = 0; i < Path.of(file).getNameCount(); i++) {
      path = path.getParent();
    }
    return path;
  }
}
