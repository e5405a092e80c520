package mill.bench.load.peer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import mill.bench.load.UsageException;
import mill.bench.load.process.Command;

/** Builds what is not Java, and looks for what others have installed. */
public final class Programs {
  private static final Duration C_TIME = Duration.ofMinutes(1);
  private static final Duration KEY_TIME = Duration.ofSeconds(30);
  private static final Duration RUST_TIME = Duration.ofMinutes(5);

  /** Of the key store; everybody may know it. */
  static final String KEY_PASSWORD = "for-the-load-harness";

  private final Layout layout;
  private final Map<String, String> missing = new TreeMap<>(); // why, by program

  /** Prepares to build. */
  public Programs(Layout layout) {
    this.layout = layout;
  }

  /** {@return the load generator} */
  public Path load() {
    return layout.output().resolve("load-generator");
  }

  /** {@return the server in C} */
  public Path server() {
    return layout.output().resolve("c-server");
  }

  /** {@return the servers in Rust} */
  public Path rust() {
    return layout.output().resolve("rust/release/rust-peers");
  }

  /**
   * Builds the load generator and the server in C.
   *
   * @throws UsageException if there is no compiler: nothing can be measured then
   */
  public void buildC() throws IOException, InterruptedException, UsageException {
    if (Command.find("gcc").isEmpty() || Command.find("taskset").isEmpty()) {
      throw new UsageException("the harness needs gcc for its load generator, and taskset");
    }
    Files.createDirectories(layout.output());
    Path folder = layout.sources().resolve("c");
    List<String> sources = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      files
          .map(Path::toString)
          .filter(name -> name.endsWith(".c") && !name.endsWith("server.c"))
          .sorted()
          .forEach(sources::add);
    }
    compile(load(), sources);
    compile(server(), List.of(folder.resolve("server.c").toString()));
  }

  private void compile(Path program, List<String> sources)
      throws IOException, InterruptedException, UsageException {
    if (isNewer(program, layout.sources().resolve("c"))) {
      return;
    }
    List<String> command = new ArrayList<>(List.of("gcc", "-O2", "-o", program.toString()));
    command.addAll(sources);
    Command.Outcome outcome = Command.run(command, layout.sources(), C_TIME);
    if (outcome.exitCode() != 0) {
      throw new UsageException("gcc failed: " + outcome.why());
    }
  }

  private static boolean isNewer(Path program, Path folder) throws IOException {
    if (!Files.exists(program)) {
      return false;
    }
    FileTime built = Files.getLastModifiedTime(program);
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        if (Files.getLastModifiedTime(file).compareTo(built) > 0) {
          return false;
        }
      }
    }
    return true;
  }

  /** Builds the servers in Rust, if cargo is there and reaches its registry. */
  public void buildRust() throws IOException, InterruptedException {
    if (Command.find("cargo").isEmpty()) {
      missing.put("rust", "there is no cargo");
      return;
    }
    Path target = layout.output().resolve("rust").toAbsolutePath();
    List<String> command =
        List.of("cargo", "build", "--release", "--locked", "--target-dir", target.toString());
    Command.Outcome outcome = Command.run(command, layout.sources().resolve("rust"), RUST_TIME);
    if (outcome.exitCode() != 0) {
      missing.put("rust", "cargo failed: " + outcome.why());
    }
  }

  /** Looks for programs of others. */
  public void look(List<String> programs) throws IOException, InterruptedException {
    for (String program : programs) {
      if (Command.find(program).isEmpty()) {
        missing.put(program, "there is no " + program);
      }
    }
  }

  /**
   * Makes the key that the servers of HTTPS share, an EC key of P-256, and asks wrk whether it
   * speaks TLS. What fails is why the workload is missing.
   */
  public void prepareHttps() throws IOException, InterruptedException {
    Files.deleteIfExists(keyStore());
    String keytool = Path.of(Peers.javaProgram()).resolveSibling("keytool").toString();
    String arguments =
        "-genkeypair -alias server -keyalg EC -groupname secp256r1 -dname CN=localhost -storepass ";
    List<String> command = new ArrayList<>(List.of(keytool));
    command.addAll(List.of((arguments + KEY_PASSWORD).split(" ", -1)));
    command.addAll(List.of("-keystore", keyStore().toString()));
    Command.Outcome made = Command.run(command, Path.of("."), KEY_TIME);
    if (made.exitCode() != 0) {
      missing.put("https", "keytool failed: " + made.why());
    }
    if (missing("wrk").isEmpty()) {
      // Nobody listens there: one without TLS does not get as far as to find that out.
      Command.Outcome asked =
          Command.run(List.of("wrk", "https://127.0.0.1:1/"), Path.of("."), KEY_TIME);
      if (!asked.output().contains("unable to connect")) {
        missing.put("https", "this wrk has no TLS: " + asked.why());
      }
    }
  }

  /** {@return the key store of the servers of HTTPS} */
  public Path keyStore() {
    return layout.output().resolve("https.p12");
  }

  /** {@return why there is no such program or workload; empty if there is} */
  public String missing(String program) {
    return missing.getOrDefault(program, "");
  }
}
