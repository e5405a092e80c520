import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** SHA-256 sums of text files, whatever line ends a checkout gave them. */
final class Checksums {

  private Checksums() {}

  /** Sums of the given contents, by name. CR LF counts as LF. */
  static Map<String, String> of(Map<String, byte[]> files) {
    var sums = new TreeMap<String, String>();
    files.forEach((name, bytes) -> sums.put(name, sum(bytes)));
    return sums;
  }

  private static String sum(byte[] bytes) {
    String text = new String(bytes, StandardCharsets.UTF_8).replace("\r\n", "\n");
    try {
      var digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }

  /** Reads a file of {@code <sum> <two spaces> <name>} lines; a missing file has no lines. */
  static Map<String, String> read(Path file) throws IOException {
    var sums = new TreeMap<String, String>();
    if (Files.exists(file)) {
      for (String line : Files.readAllLines(file)) {
        int gap = line.indexOf("  ");
        if (gap > 0) {
          sums.put(line.substring(gap + 2), line.substring(0, gap));
        }
      }
    }
    return sums;
  }

  /** Writes what {@link #read} reads; the same file that the {@code sha256sum} command writes. */
  static void write(Path file, Map<String, String> sums) throws IOException {
    var text = new StringBuilder();
    sums.forEach((name, sum) -> text.append(sum).append("  ").append(name).append('\n'));
    Files.writeString(file, text);
  }

  /**
   * Lists the differences, one sentence for each file.
   *
   * @param expected sums that should be
   * @param found sums that are
   * @param reference what {@code expected} stands for, in words
   */
  static List<String> compare(
      Map<String, String> expected, Map<String, String> found, String reference) {
    var names = new TreeSet<>(expected.keySet());
    names.addAll(found.keySet());
    var differences = new ArrayList<String>();
    for (String name : names) {
      if (!found.containsKey(name)) {
        differences.add(name + " is missing");
      } else if (!expected.containsKey(name)) {
        differences.add(name + " is extra: not part of " + reference);
      } else if (!expected.get(name).equals(found.get(name))) {
        differences.add(name + " differs from " + reference);
      }
    }
    return differences;
  }
}
