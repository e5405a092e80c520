package mill.examples.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import mill.testing.Await;

/** A program that watches files: {@link FileWatch} in a JVM of its own, or {@code inotifywait}. */
final class WatchProcess implements AutoCloseable {
  static final List<String> FLAGS =
      List.of("--enable-native-access=mill.natives,mill.examples", "--illegal-native-access=deny");

  private static final String ESTABLISHED = "Watches established.";

  /** How it ended and what it said. */
  record Outcome(int exitCode, String out, String err) {}

  private final Process process;
  private final BufferedReader out;
  private final BufferedReader err;

  private WatchProcess(List<String> command) throws IOException {
    process = new ProcessBuilder(command).start();
    out = process.inputReader(StandardCharsets.UTF_8);
    err = process.errorReader(StandardCharsets.UTF_8);
  }

  static void assumeLinux() {
    String system = System.getProperty("os.name");
    assumeTrue(system.equals("Linux"), "inotify is Linux's own, and this is " + system);
  }

  /** Starts the example, as a user does. */
  static WatchProcess mill(List<String> flags, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--module-path", System.getProperty("jdk.module.path")));
    command.addAll(List.of("-XX:+UseSerialGC", "-Xmx64m", "-XX:TieredStopAtLevel=1"));
    command.addAll(flags);
    command.addAll(List.of("-m", "mill.examples/mill.examples.watch.FileWatch"));
    command.addAll(List.of(arguments));
    return new WatchProcess(command);
  }

  /** Starts {@code inotifywait}, or aborts the test with the reason why it cannot. */
  static WatchProcess inotifywait(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("inotifywait", "-m"));
    command.addAll(List.of(arguments));
    try {
      return new WatchProcess(command);
    } catch (IOException e) {
      assumeTrue(
          false, "inotifywait is not installed (Debian has it in inotify-tools): nothing to match");
      throw e;
    }
  }

  /** Waits until everything is watched. */
  WatchProcess awaitEstablished() throws Exception {
    List<String> said = Await.outcome(inBackground(() -> linesUntil(ESTABLISHED, err)));
    assertThat(said.getLast()).as("the last line of %s", said).isEqualTo(ESTABLISHED);
    return this;
  }

  /** Collects the lines up to one that ends with what is given. */
  FutureTask<List<String>> linesUntil(String last) {
    return inBackground(() -> linesUntil(last, out));
  }

  private static List<String> linesUntil(String last, BufferedReader reader) throws IOException {
    List<String> lines = new ArrayList<>();
    do {
      lines.add(reader.readLine());
    } while (lines.getLast() != null && !lines.getLast().endsWith(last));
    return lines;
  }

  private static <T> FutureTask<T> inBackground(Callable<T> work) {
    return Await.inBackground("reads what is printed", work);
  }

  /** Waits until a file is watched, or is not any more: the kernel tells in {@code fdinfo}. */
  void awaitWatch(long inode, boolean watched) throws IOException {
    String mark = " ino:" + Long.toHexString(inode) + " ";
    long start = System.nanoTime();
    while (watches().contains(mark) != watched) {
      Await.requirePatience(start, process + " has inode " + inode + " watched: " + watched);
      Thread.onSpinWait();
    }
  }

  private String watches() throws IOException {
    StringBuilder watches = new StringBuilder();
    Path descriptors = Path.of("/proc", Long.toString(process.pid()), "fdinfo");
    try (DirectoryStream<Path> files = Files.newDirectoryStream(descriptors)) {
      for (Path file : files) {
        watches.append(infoOf(file));
      }
    }
    return watches.toString();
  }

  private static String infoOf(Path file) throws IOException {
    try {
      return Files.readString(file);
    } catch (NoSuchFileException e) {
      return ""; // closed meanwhile: a directory that was read
    } catch (IOException e) {
      if (!"No such file or directory".equals(e.getMessage())) {
        throw e;
      }
      return ""; // closed between open(2) and read(2), which then says ENOENT
    }
  }

  /** Waits for the end. */
  Outcome end() throws Exception {
    FutureTask<String> lines = inBackground(out::readAllAsString);
    FutureTask<String> said = inBackground(err::readAllAsString);
    assertThat(process.waitFor(Await.PATIENCE_NS, TimeUnit.NANOSECONDS))
        .as("%s ends", process)
        .isTrue();
    return new Outcome(process.exitValue(), Await.outcome(lines), Await.outcome(said));
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
