package mill.natives.net;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/** The bytes of a path as the system has them, which on Unix need not be text. */
final class PathBytes {
  private PathBytes() {}

  static byte[] of(Path path) {
    if (File.separatorChar != '/') {
      return path.toString().getBytes(StandardCharsets.UTF_8); // Windows: a path is text
    }
    // A path's text has lost what was no text; its URI, always that of the absolute path, has not.
    byte[] bytes = absolute(path);
    if (path.isAbsolute()) {
      return bytes;
    }
    int prefix = absolute(Path.of("")).length;
    boolean root = prefix == 1;
    return Arrays.copyOfRange(bytes, root ? prefix : prefix + 1, bytes.length);
  }

  private static byte[] absolute(Path path) {
    byte[] bytes = unescaped(path.toAbsolutePath().toUri());
    boolean slashed = bytes.length > 1 && bytes[bytes.length - 1] == '/'; // a folder's
    return slashed ? Arrays.copyOf(bytes, bytes.length - 1) : bytes;
  }

  private static byte[] unescaped(URI uri) {
    String raw = uri.getRawPath();
    var bytes = new ByteArrayOutputStream(raw.length());
    for (int i = 0; i < raw.length(); i++) {
      if (raw.charAt(i) == '%') {
        bytes.write(Integer.parseInt(raw, i + 1, i + 3, 16));
        i += 2;
      } else {
        bytes.write(raw.charAt(i));
      }
    }
    return bytes.toByteArray();
  }
}
