package mill.bench.load.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Runs a command to its end. */
public final class Command {
  /** What became of it. */
  public record Outcome(int exitCode, String output) {
    /** {@return the last lines of the output, in one} */
    public String why() {
      List<String> lines = output.lines().filter(line -> !line.isBlank()).toList();
      return String.join(" | ", lines.subList(Math.max(0, lines.size() - 3), lines.size()));
    }
  }

  private static final int NOT_FOUND = 127;

  private Command() {}

  /** {@return where a program is, on the path} Empty if there is none. */
  public static String find(String program) throws IOException, InterruptedException {
    Outcome found =
        run(List.of("sh", "-c", "command -v " + program), Path.of("."), Duration.ofSeconds(10));
    return found.exitCode == 0 ? found.output.strip() : "";
  }

  /**
   * Runs a command with an empty input, its errors among its output.
   *
   * @param timeout when it is ended by force
   */
  public static Outcome run(List<String> command, Path directory, Duration timeout)
      throws IOException, InterruptedException {
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .directory(directory.toFile())
              .redirectErrorStream(true)
              .start();
    } catch (IOException e) {
      return new Outcome(NOT_FOUND, String.valueOf(e.getMessage()));
    }
    process.getOutputStream().close();
    CompletableFuture<String> output = CompletableFuture.supplyAsync(() -> allOf(process));
    if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly().waitFor();
      return new Outcome(NOT_FOUND, "it did not end within " + timeout.toSeconds() + " s");
    }
    return new Outcome(process.exitValue(), output.join());
  }

  private static String allOf(Process process) {
    try {
      return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    }
  }
}
