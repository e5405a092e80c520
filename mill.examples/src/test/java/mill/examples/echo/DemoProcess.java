package mill.examples.echo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import mill.testing.Await;

/** The demo in a JVM of its own, on the module path, as a user starts it. */
final class DemoProcess implements AutoCloseable {
  static final String NATIVE_ACCESS = "--enable-native-access=mill.natives";

  /** How it ended and what it said. */
  record Outcome(int exitCode, String out, String err) {}

  private final Process process;
  private final BufferedReader out;
  private final CompletableFuture<String> err;

  private DemoProcess(Process process) {
    this.process = process;
    out = process.inputReader(StandardCharsets.UTF_8);
    err = CompletableFuture.supplyAsync(() -> readAll(process.errorReader(StandardCharsets.UTF_8)));
  }

  static DemoProcess start(List<String> flags, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--module-path", System.getProperty("jdk.module.path")));
    command.addAll(List.of("-XX:+UseSerialGC", "-Xmx64m", "-XX:TieredStopAtLevel=1"));
    command.addAll(flags);
    command.addAll(List.of("-m", "mill.examples/mill.examples.echo.EchoDemo"));
    command.addAll(List.of(arguments));
    return new DemoProcess(new ProcessBuilder(command).start());
  }

  static Outcome run(List<String> flags, String... arguments) throws Exception {
    try (DemoProcess demo = start(flags, arguments)) {
      return demo.end();
    }
  }

  String readLine() throws IOException {
    return out.readLine();
  }

  ProcessHandle handle() {
    return process.toHandle();
  }

  void closeStdin() throws IOException {
    process.getOutputStream().close();
  }

  /** SIGTERM. */
  void terminate() {
    process.toHandle().destroy(); // Process.destroy() would close stdout too
  }

  /** Waits for the end. */
  Outcome end() throws Exception {
    CompletableFuture<String> rest = CompletableFuture.supplyAsync(() -> readAll(out));
    assertThat(process.waitFor(Await.PATIENCE_NS, TimeUnit.NANOSECONDS))
        .as("the demo ends")
        .isTrue();
    return new Outcome(process.exitValue(), Await.outcome(rest), Await.outcome(err));
  }

  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }

  private static String readAll(BufferedReader reader) {
    try {
      return reader.readAllAsString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
