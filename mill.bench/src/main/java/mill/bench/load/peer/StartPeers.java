package mill.bench.load.peer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import mill.bench.load.process.Command;

/**
 * Programs whose start is measured: as they are, and with an AOT cache that a first start trains.
 */
public final class StartPeers {
  /** Starts a program once and ends it in order. */
  @FunctionalInterface
  public interface Trainer {
    /** Does so. */
    void run(List<String> command) throws IOException, InterruptedException;
  }

  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final String DEMO = "mill.examples/mill.examples.echo.EchoDemo";
  private static final String PACKAGE = "mill.bench.load.server.";

  private final Layout layout;
  private final Programs programs;
  private final List<Peer> peers = new ArrayList<>();

  /** Prepares them. */
  public StartPeers(Layout layout, Programs programs) {
    this.layout = layout;
    this.programs = programs;
  }

  /** Builds what is needed, trains the caches, and tells who can be measured and who cannot. */
  public List<Peer> prepare(Trainer trainer) throws IOException, InterruptedException {
    peers.add(new Peer("c", List.of(programs.server().toString(), "echo"), false, ""));
    List<String> mio = List.of(programs.rust().toString(), "mio");
    peers.add(new Peer("mio", mio, false, programs.missing("rust")));
    Path modules = layout.modules();
    if (modules == null) {
      return peers;
    }
    Path jar = jar();
    String classPath = jar + layout.classPath().substring(layout.classPath().indexOf(':'));
    java("nio", List.of("-cp", jar.toString(), PACKAGE + "NioEcho"), trainer);
    java(
        "netty",
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            expanded(classPath),
            PACKAGE + "NettyEcho"),
        trainer);
    mill(modules, trainer);
    return peers;
  }

  /** As the README links it. */
  private void mill(Path modules, Trainer trainer) throws IOException, InterruptedException {
    Path image = layout.output().resolve("image");
    String why = "";
    if (!Files.exists(image)) {
      List<String> jlink =
          List.of(
              Path.of(Peers.javaProgram()).resolveSibling("jlink").toString(),
              "--module-path",
              modules.toString(),
              "--add-modules",
              "mill.examples",
              "--strip-debug",
              "--no-header-files",
              "--no-man-pages",
              "--compress",
              "zip-6",
              "--add-options=--enable-native-access=mill.natives",
              "--output",
              image.toString());
      Command.Outcome outcome = Command.run(jlink, Path.of("."), LIMIT);
      why = outcome.exitCode() == 0 ? archive(image) : "jlink failed: " + outcome.why();
    }
    String java = image.resolve("bin/java").toString();
    List<String> serve = List.of("-m", DEMO, "--serve", "--port", "0");
    plainAndTrained("mill image", java, serve, why, trainer);
  }

  /** Puts the archive into the image that the build puts there; why it could not, or nothing. */
  private String archive(Path image) throws IOException, InterruptedException {
    String java = image.resolve("bin/java").toString();
    String classes = layout.output().resolve("image.classes").toString();
    List<String> list =
        List.of(java, "-XX:DumpLoadedClassList=" + classes, "-m", DEMO, "--serve", "--once");
    List<String> dump =
        List.of(
            java,
            "-Xshare:dump",
            "-XX:SharedClassListFile=" + classes,
            "-Xlog:disable",
            "-m",
            DEMO);
    for (List<String> command : List.of(list, dump)) {
      Command.Outcome outcome = Command.run(command, Path.of("."), LIMIT);
      if (outcome.exitCode() != 0) {
        return "its archive was not made: " + outcome.why();
      }
    }
    return "";
  }

  private void java(String name, List<String> arguments, Trainer trainer)
      throws IOException, InterruptedException {
    plainAndTrained(name, Peers.javaProgram(), arguments, "", trainer);
  }

  private void plainAndTrained(
      String name, String java, List<String> arguments, String why, Trainer trainer)
      throws IOException, InterruptedException {
    peers.add(new Peer(name, command(java, "", arguments), false, why));
    Path cache = layout.output().resolve(name.replace(' ', '-') + ".aot");
    Files.deleteIfExists(cache);
    if (why.isEmpty()) {
      trainer.run(command(java, "-XX:AOTCacheOutput=" + cache, arguments));
    }
    String untrained = Files.exists(cache) ? "" : "its AOT cache was not made";
    List<String> trained = command(java, "-XX:AOTCache=" + cache, arguments);
    peers.add(new Peer(name + " + AOT", trained, false, why.isEmpty() ? untrained : why));
  }

  private static List<String> command(String java, String cache, List<String> arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(java, "-Xmx64m", "-XX:+UseSerialGC", "-XX:TrimNativeHeapInterval=1000"));
    if (!cache.isEmpty()) {
      command.add(cache);
    }
    command.addAll(arguments);
    return command;
  }

  /** An AOT cache does not work with folders of classes. */
  private Path jar() throws IOException, InterruptedException {
    Path jar = layout.output().resolve("servers.jar").toAbsolutePath();
    String classes = layout.classPath().substring(0, layout.classPath().indexOf(':'));
    String tool = Path.of(Peers.javaProgram()).resolveSibling("jar").toString();
    Command.Outcome outcome =
        Command.run(
            List.of(
                tool,
                "--create",
                "--file",
                jar.toString(),
                "-C",
                classes,
                PACKAGE.replace('.', '/').substring(0, PACKAGE.length() - 1)),
            Path.of("."),
            LIMIT);
    if (outcome.exitCode() != 0) {
      throw new IOException("jar failed: " + outcome.why());
    }
    return jar;
  }

  /** A wildcard is not good enough for a cache: its jars must be named. */
  private static String expanded(String classPath) throws IOException {
    List<String> parts = new ArrayList<>();
    for (String part : classPath.split(":", -1)) {
      if (part.endsWith("/*")) {
        try (var jars = Files.list(Path.of(part.substring(0, part.length() - 2)))) {
          jars.map(Path::toString)
              .filter(name -> name.endsWith(".jar"))
              .sorted()
              .forEach(parts::add);
        }
      } else {
        parts.add(part);
      }
    }
    return String.join(":", parts);
  }
}
