package mill.core.internal;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Loads classes that lie in folders, as they do while one develops, before they are needed: to read
 * one takes a descriptor, and what should be done when there are none left could not be. A jar or
 * an image has its descriptor already.
 */
public final class ClassFolders {
  private ClassFolders() {}

  /**
   * Loads what lies beside some classes, if that is a folder: all whose names begin with the same
   * word, for the folder may be that of a whole application. Never throws.
   *
   * @param one a class of each module
   */
  public static void load(Class<?>... one) {
    for (Class<?> each : one) {
      try {
        Path folder = folder(each);
        if (folder != null) {
          String name = each.getName();
          Path own = folder.resolve(name.substring(0, name.indexOf('.')));
          classNames(folder, own).forEach(other -> load(other, each.getClassLoader()));
        }
      } catch (IOException | URISyntaxException | RuntimeException e) {
        System.getLogger("mill.core")
            .log(Level.DEBUG, "classes beside " + each + " are loaded when they are needed", e);
      }
    }
  }

  private static @Nullable Path folder(Class<?> one) throws URISyntaxException {
    CodeSource source = one.getProtectionDomain().getCodeSource();
    URL location = source == null ? null : source.getLocation();
    if (location == null || !location.getProtocol().equals("file")) {
      return null;
    }
    Path path = Path.of(location.toURI());
    return Files.isDirectory(path) ? path : null;
  }

  private static List<String> classNames(Path folder, Path own) throws IOException {
    try (Stream<Path> files = Files.walk(own)) {
      return files
          .map(file -> folder.relativize(file).toString().replace('\\', '/'))
          .filter(file -> file.endsWith(".class") && !file.endsWith("-info.class"))
          .map(file -> file.substring(0, file.length() - ".class".length()).replace('/', '.'))
          .toList();
    }
  }

  // Not initialized: nothing of it runs.
  private static void load(String name, @Nullable ClassLoader loader) {
    try {
      Class.forName(name, false, loader);
    } catch (ClassNotFoundException | LinkageError e) {
      // It wants a module that this program has not got, the flight recorder for instance.
    }
  }
}
