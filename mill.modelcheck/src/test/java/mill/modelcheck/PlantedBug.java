package mill.modelcheck;

import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.tools.ToolProvider;

/**
 * A bug in one of mill's classes: a piece of its source, and what stands there instead. It is
 * planted into the source as it is today, so that it cannot outlive what it was planted in.
 *
 * @param source the file, from the root of the repository
 * @param right the piece of its text, which is in it once; how lines are broken does not matter
 * @param wrong what takes its place
 */
public record PlantedBug(String source, String right, String wrong) {
  private static final Pattern BLANKS = Pattern.compile("\\s+");
  private static final AtomicInteger PLANTED = new AtomicInteger();

  /**
   * {@return the scenario, with the bug in what it uses} All of mill's classes that it uses are
   * loaded once more for it.
   */
  Class<? extends Runnable> plantedFor(Class<? extends Runnable> scenario) {
    try {
      return new Renamed("planted" + PLANTED.incrementAndGet(), compiled())
          .load(scenario)
          .asSubclass(Runnable.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Requires that the source has the piece, once.
   *
   * @throws AssertionError if not; the message names it
   */
  public void requireFits() {
    try {
      var _ = plantedSource();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The folder of the class files. */
  private Path compiled() throws IOException {
    Path folder = Files.createTempDirectory(Path.of("target"), "planted");
    Path file = Files.writeString(folder.resolve(Path.of(source).getFileName()), plantedSource());
    var javac = ToolProvider.getSystemJavaCompiler();
    var complaints = new StringWriter();
    var options = List.of("-proc:none", "-nowarn", "-d", folder.toString());
    try (var files = javac.getStandardFileManager(null, null, null)) {
      var sources = files.getJavaFileObjects(file);
      if (!javac.getTask(complaints, files, null, options, null, sources).call()) {
        throw new AssertionError("does not compile: " + this + "\n" + complaints);
      }
    }
    return folder;
  }

  private String plantedSource() throws IOException {
    String text = Files.readString(root().resolve(source));
    Matcher piece = anyBlanks(right).matcher(text);
    if (!piece.find()) {
      throw new AssertionError(source + " does not have: " + right);
    }
    String planted = text.substring(0, piece.start()) + wrong + text.substring(piece.end());
    if (piece.find()) {
      throw new AssertionError(source + " has more than once: " + right);
    }
    return planted;
  }

  private static Pattern anyBlanks(String piece) {
    return Pattern.compile(
        BLANKS
            .splitAsStream(piece.strip())
            .map(Pattern::quote)
            .collect(Collectors.joining(BLANKS.pattern())));
  }

  /** Builds run the tests in the module's folder, an IDE perhaps elsewhere. */
  private static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("mvnw"))) {
      folder = folder.getParent();
    }
    return folder;
  }
}
