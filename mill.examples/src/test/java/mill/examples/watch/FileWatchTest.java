package mill.examples.watch;

import static mill.examples.watch.WatchProcess.FLAGS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Collectors;
import mill.examples.watch.WatchProcess.Outcome;
import mill.testing.Await;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program: what it prints for what the kernel does, and how it ends. */
class FileWatchTest {
  @TempDir private Path folder;

  @BeforeAll
  static void onlyOnLinux() {
    WatchProcess.assumeLinux();
  }

  @Test
  void everyKindOfEventIsALineUntilNothingIsLeftToWatch() throws Exception {
    Path watched = Files.createDirectory(folder.resolve("watched"));
    try (var mill = WatchProcess.mill(FLAGS, watched.toString()).awaitEstablished()) {
      Path file = Files.writeString(watched.resolve("file"), "text");
      Files.writeString(file, "more", StandardOpenOption.APPEND);
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
      assertThat(Files.readString(file)).isEqualTo("textmore");
      Path moved = Files.move(file, watched.resolve("moved"));
      Files.move(moved, folder.resolve("away"));
      Files.move(folder.resolve("away"), moved);
      Files.createLink(watched.resolve("link"), moved);
      Files.delete(watched.resolve("link"));
      Files.delete(moved);
      Files.delete(Files.createDirectory(watched.resolve("directory")));
      Files.move(watched, folder.resolve("renamed"));
      Files.delete(folder.resolve("renamed"));

      List<String> events =
          List.of(
              "CREATE file",
              "OPEN file",
              "MODIFY file",
              "CLOSE_WRITE,CLOSE file",
              "OPEN file",
              "MODIFY file",
              "CLOSE_WRITE,CLOSE file",
              "ATTRIB file",
              "OPEN file",
              "ACCESS file",
              "CLOSE_NOWRITE,CLOSE file",
              "MOVED_FROM file",
              "MOVED_TO moved",
              "MOVED_FROM moved",
              "MOVED_TO moved",
              "CREATE link",
              "DELETE link",
              "DELETE moved",
              "CREATE,ISDIR directory",
              "DELETE,ISDIR directory",
              "MOVE_SELF ",
              "DELETE_SELF ");
      String lines =
          events.stream().map(event -> watched + "/ " + event + "\n").collect(Collectors.joining());
      assertThat(mill.end()).isEqualTo(new Outcome(0, lines, ""));
    }
  }

  @Test
  void aFileIsWatchedUnderItsOwnNameAndOnlyForWhatIsAsked() throws Exception {
    Path file = Files.writeString(folder.resolve("file"), "text");
    try (var mill =
        WatchProcess.mill(FLAGS, "-e", "modify,close", file.toString()).awaitEstablished()) {
      var lines = mill.linesUntil("CLOSE ");
      Files.writeString(file, "more", StandardOpenOption.APPEND);

      assertThat(Await.outcome(lines))
          .containsExactly(file + " MODIFY ", file + " CLOSE_WRITE,CLOSE ");
    }
  }

  @Test
  void everyFailureIsOneLineThatSaysWhatToDo() throws Exception {
    Path missing = folder.resolve("missing");
    String told = "there is no " + missing + ": name a file or directory that exists";
    assertFails(told, FLAGS, missing.toString());
    assertFails(told, FLAGS, "-r", missing.toString());
    assertFails("watch what? Give files or directories, or --help", FLAGS);
    assertFails(
        "mill may not call native code: start java with --enable-native-access=mill.natives",
        List.of(),
        folder.toString());
    assertFails(
        "mill.examples may not call native code: start java with"
            + " --enable-native-access=mill.natives,mill.examples",
        List.of("--enable-native-access=mill.natives"),
        folder.toString());
  }

  @Test
  void helpNeedsNoFlagAndEndsWell() throws Exception {
    try (var mill = WatchProcess.mill(List.of(), "--help")) {
      assertThat(mill.end()).isEqualTo(new Outcome(0, WatchCommand.USAGE, ""));
    }
  }

  @Test
  void anotherSystemIsToldThatThisIsLinuxOnly() {
    assertThatThrownBy(() -> FileWatch.requireInotify("Mac OS X"))
        .hasMessage("inotify is Linux's own, and this is Mac OS X");
  }

  @Test
  void lostEventsAreSaidBesideTheLinesAndTheWatchingGoesOn() throws Exception {
    var out = new ByteArrayOutputStream();
    var err = new ByteArrayOutputStream();
    try (Inotify inotify = Inotify.open();
        Arena arena = Arena.ofConfined()) {
      var tree = new WatchTree(inotify, false, WatchEvent.ALL);
      tree.add(folder.toString());
      var printer =
          new EventPrinter(
              inotify.fd(),
              arena.allocate(InotifyEvent.MAX_BYTES),
              tree,
              WatchEvent.ALL,
              new PrintStream(out, true, StandardCharsets.UTF_8),
              new PrintStream(err, true, StandardCharsets.UTF_8));
      printer.take(new InotifyEvent(-1, WatchEvent.Q_OVERFLOW.bits(), 0, ""));
      printer.take(new InotifyEvent(1, WatchEvent.DELETE.bits(), 0, "grün"));
    }
    assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo(folder + "/ DELETE grün\n");
    assertThat(err.toString(StandardCharsets.UTF_8))
        .startsWith("mill-watch: events were lost")
        .contains("raise /proc/sys/fs/inotify/max_queued_events");
  }

  private static void assertFails(String line, List<String> flags, String... arguments)
      throws Exception {
    try (var mill = WatchProcess.mill(flags, arguments)) {
      assertThat(mill.end()).isEqualTo(new Outcome(2, "", "mill-watch: " + line + "\n"));
    }
  }
}
