package mill.examples.docs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The repository's pages and the sources that they speak of. */
final class Pages {
  private static final Path ROOT = root();
  private static final Path GENERATOR = ROOT.resolve("native-headers");
  private static final List<String> TESTS =
      Stream.of("test", "contract").map(kind -> Path.of("src", kind, "java").toString()).toList();

  private Pages() {}

  /** Returns a file of the repository by its path from the top. */
  static Path file(String path) {
    return ROOT.resolve(path);
  }

  /** Returns the text of a file of the repository. */
  static String read(String path) throws IOException {
    return Files.readString(file(path));
  }

  /** Returns every Markdown page, by its path from the top. */
  static List<Path> pages() throws IOException {
    try (Stream<Path> files =
        Files.find(ROOT, 3, (file, attributes) -> file.toString().endsWith(".md"))) {
      return files.map(ROOT::relativize).filter(page -> !isBuilt(page)).toList();
    }
  }

  private static boolean isBuilt(Path page) {
    for (Path part : page) {
      if (part.toString().equals("target")) {
        return true;
      }
    }
    return false;
  }

  /** Returns the sources of all modules' tests. */
  static List<Path> testSources() throws IOException {
    return sources().stream()
        .filter(source -> TESTS.stream().anyMatch(source.toString()::contains))
        .toList();
  }

  /** Returns all Java sources: of modules, tests and the generator of the bindings. */
  static List<Path> sources() throws IOException {
    try (Stream<Path> folders = Files.list(ROOT)) {
      return Stream.concat(folders.map(module -> module.resolve("src")), Stream.of(GENERATOR))
          .filter(Files::isDirectory)
          .flatMap(Pages::javaFiles)
          .toList();
    }
  }

  private static Stream<Path> javaFiles(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(file -> file.toString().endsWith(".java")).toList().stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Builds run the tests in a module's folder, an IDE perhaps elsewhere. */
  private static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("mvnw"))) {
      folder = folder.getParent();
    }
    return folder;
  }
}
