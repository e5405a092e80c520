package mill.examples.watch;

import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import mill.testing.Await;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Prints the same lines as {@code inotifywait} beside it.
 *
 * <p>The kernel merges an event with one just like it that is still unread, so how often a line is
 * repeated depends on how fast a program reads. Nothing here makes the same event twice in a row.
 */
class InotifywaitTest {
  private static final String SENTINEL = "sentinel";
  private static final String LAST = "CLOSE_WRITE,CLOSE " + SENTINEL;
  private static final String NOT_OF_READERS =
      "modify,attrib,close_write,move,create,delete,delete_self,move_self";

  @TempDir private Path folder;

  private interface Script {
    void run(Path watched) throws Exception;
  }

  @BeforeAll
  static void onlyOnLinux() {
    WatchProcess.assumeLinux();
  }

  /** Watches a directory with both, changes it, and takes what both print. */
  private void assertSameLines(int atLeast, Script script) throws Exception {
    Path watched = Files.createDirectory(folder.resolve("watched"));
    try (var theirs = WatchProcess.inotifywait(watched.toString());
        var ours = WatchProcess.mill(WatchProcess.FLAGS, watched.toString())) {
      assertSameLines(theirs.awaitEstablished(), ours.awaitEstablished(), atLeast, watched, script);
    }
  }

  private static void assertSameLines(
      WatchProcess theirs, WatchProcess ours, int atLeast, Path watched, Script script)
      throws Exception {
    var expected = theirs.linesUntil(LAST);
    var printed = ours.linesUntil(LAST);
    script.run(watched);
    Files.writeString(watched.resolve(SENTINEL), "the end");
    List<String> lines = Await.outcome(expected);
    assertThat(lines).hasSizeGreaterThanOrEqualTo(atLeast);
    assertThat(Await.outcome(printed)).isEqualTo(lines);
  }

  @Test
  void aLongScriptOfEverythingThatHappensToFilesPrintsTheSame() throws Exception {
    assertSameLines(40, this::changeEverything);
  }

  private void changeEverything(Path watched) throws Exception {
    Path outside = folder.resolve("outside");
    Path file = Files.writeString(watched.resolve("file"), "text");
    Files.writeString(file, "more", StandardOpenOption.APPEND);
    Files.writeString(file, "over", StandardOpenOption.WRITE);
    Files.newByteChannel(file, StandardOpenOption.READ).close();
    Files.readString(file);
    try (var channel = Files.newByteChannel(file, StandardOpenOption.WRITE)) {
      channel.truncate(2);
    }
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--------"));
    Files.createLink(watched.resolve("hard"), file);
    Files.createSymbolicLink(watched.resolve("soft"), file);
    Files.move(file, watched.resolve("renamed"));
    Files.move(watched.resolve("renamed"), outside);
    Files.move(outside, watched.resolve("back"));
    Files.move(watched.resolve("back"), watched.resolve("soft"), REPLACE_EXISTING);
    Path directory = Files.createDirectory(watched.resolve("directory"));
    Files.writeString(directory.resolve("not watched"), "text");
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
    Files.move(directory, watched.resolve("directory 2"));
    Files.move(watched.resolve("directory 2"), folder.resolve("directory 3"));
    Files.move(folder.resolve("directory 3"), directory);
    Files.delete(directory.resolve("not watched"));
    Files.delete(directory);
    shell(watched, "printf x > \"$(printf 'gr\\303\\274n \\346\\227\\245')\"");
    shell(watched, "mkfifo fifo; rm fifo; printf x > ' | , %e\t'; printf x > " + "n".repeat(255));
  }

  @Test
  void manyQuickOnesPrintTheSame() throws Exception {
    assertSameLines(
        8_000,
        watched -> {
          for (int i = 0; i < 2_000; i++) {
            Path file = Files.createFile(watched.resolve("quick" + i % 7));
            Files.delete(file);
          }
        });
  }

  @Test
  void aRandomSequencePrintsTheSame() throws Exception {
    assertSameLines(
        5_000, watched -> new RandomChanges(20_251L, watched, folder.resolve("out")).run(3_000));
  }

  @Test
  void twoDirectoriesAndAFilePrintTheSameUntilTheyAreDeleted() throws Exception {
    Path one = Files.createDirectory(folder.resolve("one"));
    Path two = Files.createDirectory(folder.resolve("two"));
    Path file = Files.writeString(folder.resolve("file"), "text");
    String[] paths = {one + "/", file.toString(), two.toString(), one + "/."};
    try (var theirs = WatchProcess.inotifywait(paths);
        var ours = WatchProcess.mill(WatchProcess.FLAGS, paths)) {
      assertSameLines(
          theirs.awaitEstablished(),
          ours.awaitEstablished(),
          10,
          two,
          watched -> {
            Path moved = Files.move(file, one.resolve("file"));
            Files.writeString(moved, "more", StandardOpenOption.APPEND);
            Files.delete(moved);
            Files.delete(Files.createDirectory(two.resolve("sub")));
            Files.delete(one);
          });
    }
  }

  // What a program that watches a tree itself reads there is seen by the other one, at moments that
  // nobody controls: hence only what is no reading.
  @Test
  void aTreeWhoseDirectoriesComeAndGoPrintsTheSame() throws Exception {
    Path watched = Files.createDirectory(folder.resolve("watched"));
    Files.createDirectories(watched.resolve("there/from/the start"));
    Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
    Files.createSymbolicLink(watched.resolve("link from the start"), elsewhere);
    String[] arguments = {"-r", "-e", NOT_OF_READERS, watched.toString()};
    try (var theirs = WatchProcess.inotifywait(arguments);
        var ours = WatchProcess.mill(WatchProcess.FLAGS, arguments)) {
      var watchers = List.of(theirs.awaitEstablished(), ours.awaitEstablished());
      assertSameLines(theirs, ours, 30, watched, root -> changeTree(root, watchers));
    }
  }

  private void changeTree(Path root, List<WatchProcess> watchers) throws Exception {
    Files.writeString(root.resolve("there/from/the start/file"), "text");
    Path made = newDirectory(root.resolve("made"), watchers);
    Files.writeString(made.resolve("file"), "text");
    Path deep = newDirectory(made.resolve("deep"), watchers);
    Files.writeString(deep.resolve("file"), "text");

    Path moved = Files.move(made, root.resolve("there/moved"));
    Files.writeString(moved.resolve("file"), "more", StandardOpenOption.APPEND);
    Files.writeString(moved.resolve("deep/file"), "more", StandardOpenOption.APPEND);

    Path brought = Files.createDirectories(folder.resolve("outside/below")).getParent();
    Files.move(brought, root.resolve("brought"));
    await(root.resolve("brought"), true, watchers);
    await(root.resolve("brought/below"), true, watchers);
    Files.writeString(root.resolve("brought/below/file"), "text");

    Path gone = Files.move(moved, folder.resolve("gone"));
    await(gone, false, watchers);
    Files.writeString(gone.resolve("file"), "unseen", StandardOpenOption.APPEND);
    Files.writeString(gone.resolve("deep/file"), "seen", StandardOpenOption.APPEND);

    Files.delete(root.resolve("brought/below/file"));
    Files.delete(root.resolve("brought/below"));
    Files.delete(root.resolve("brought"));
    Files.createSymbolicLink(root.resolve("link"), gone);
    Files.writeString(gone.resolve("behind the link"), "unseen");
    Files.writeString(folder.resolve("elsewhere/file"), "unseen");
  }

  private static Path newDirectory(Path path, List<WatchProcess> watchers) throws IOException {
    await(Files.createDirectory(path), true, watchers);
    return path;
  }

  private static void await(Path path, boolean watched, List<WatchProcess> watchers)
      throws IOException {
    long inode = (Long) Files.getAttribute(path, "unix:ino");
    for (WatchProcess watcher : watchers) {
      watcher.awaitWatch(inode, watched);
    }
  }

  /** For names that the test's own JVM may not be able to write. */
  private static void shell(Path where, String command) throws Exception {
    Process shell =
        new ProcessBuilder("/bin/sh", "-c", command)
            .directory(where.toFile())
            .redirectErrorStream(true)
            .start();
    assertThat(shell.inputReader().readAllAsString()).as("sh says").isEmpty();
    assertThat(shell.waitFor()).isZero();
  }
}
