package mill.bench.load.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** Counts the system calls of a process with {@code strace -c}, while it lives. */
public final class SystemCalls implements AutoCloseable {
  private static final int SECONDS_TO_ATTACH = 5;
  private static final int COLUMNS_WITHOUT_ERRORS = 5;

  private final Process strace;
  private final Path summary;

  private SystemCalls(Process strace, Path summary) {
    this.strace = strace;
    this.summary = summary;
  }

  /** Begins, on all threads of a process. */
  public static SystemCalls of(long pid) throws IOException, InterruptedException {
    Path summary = Files.createTempFile("strace", ".txt");
    Process strace =
        new ProcessBuilder(
                List.of("strace", "-c", "-f", "-p", Long.toString(pid), "-o", summary.toString()))
            .redirectErrorStream(true)
            .start();
    // It says so of each thread it has attached to; the first is enough to know that it may.
    var lines = strace.inputReader();
    String first = lines.readLine();
    if (first == null || !first.contains("attached")) {
      strace.destroyForcibly().waitFor(SECONDS_TO_ATTACH, TimeUnit.SECONDS);
      Files.deleteIfExists(summary);
      throw new IOException("strace could not attach: " + first);
    }
    while (lines.ready() && lines.readLine() != null) {
      // the other threads
    }
    return new SystemCalls(strace, summary);
  }

  /** Ends it and tells how often each call was made. */
  public Map<String, Long> counted() throws IOException, InterruptedException {
    end();
    return parse(Files.readAllLines(summary));
  }

  /**
   * Reads a summary of {@code strace -c}: share, seconds, microseconds per call, calls, errors if
   * there were any, name.
   */
  static Map<String, Long> parse(List<String> lines) {
    Map<String, Long> counts = new TreeMap<>();
    for (String line : lines) {
      String[] words = line.strip().split("\\s+", -1);
      if (words.length < COLUMNS_WITHOUT_ERRORS || !Character.isDigit(words[0].charAt(0))) {
        continue;
      }
      String name = words[words.length - 1];
      if (!name.equals("total")) {
        counts.merge(name, Long.parseLong(words[3]), Long::sum);
      }
    }
    return counts;
  }

  /** Lets the process go on without it. */
  @Override
  public void close() throws IOException {
    end();
    Files.deleteIfExists(summary);
  }

  private void end() throws IOException {
    if (strace.isAlive()) {
      // strace writes its summary on SIGINT
      new ProcessBuilder("kill", "-INT", Long.toString(strace.pid())).start();
    }
    try {
      if (!strace.waitFor(SECONDS_TO_ATTACH, TimeUnit.SECONDS)) {
        strace.destroyForcibly();
      }
    } catch (InterruptedException e) {
      strace.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
