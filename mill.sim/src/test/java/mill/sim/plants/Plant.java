package mill.sim.plants;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import mill.sim.programs.Programs;

/**
 * A bug in mill: a piece of a source, and what stands there instead. It is planted into the source
 * as it is today, so that it cannot outlive what it was planted in.
 *
 * @param name what is wrong
 * @param source the file, from the root of the repository
 * @param right the piece of its text, which is in it once; how lines are broken does not matter
 * @param wrong what takes its place
 */
record Plant(String name, String source, String right, String wrong) {
  private static final Pattern BLANKS = Pattern.compile("\\s+");

  /** {@return the programs that look for it, the one first that finds most} */
  List<Programs> programs() {
    if (!source.startsWith(NetPlants.NET)) {
      return Programs.byReach();
    }
    String file = source.substring(NetPlants.NET.length());
    if (file.startsWith("Relay")) {
      return Programs.ofConnections(Programs.RELAY);
    }
    if (Stream.of("Dialer", "ServerP", "ServerL", "TcpServer").anyMatch(file::startsWith)) {
      return Programs.ofConnections(Programs.DIALS);
    }
    boolean ofPools = Stream.of("Pool", "Lease", "Idle").anyMatch(file::startsWith);
    return Programs.ofConnections(ofPools ? Programs.POOL : Programs.CONNECTIONS);
  }

  /**
   * {@return the source with the bug in it}
   *
   * @throws AssertionError if the piece is not in it, or more than once
   */
  String planted() throws IOException {
    String text = Files.readString(root().resolve(source));
    Matcher piece = anyBlanks().matcher(text);
    List<int[]> places = piece.results().map(one -> new int[] {one.start(), one.end()}).toList();
    if (places.size() != 1) {
      throw new AssertionError(
          "\"%s\": %s has this %d times and not once: %s"
              .formatted(name, source, places.size(), right));
    }
    return text.substring(0, places.getFirst()[0]) + wrong + text.substring(places.getFirst()[1]);
  }

  private Pattern anyBlanks() {
    return Pattern.compile(
        BLANKS
            .splitAsStream(right.strip())
            .map(Pattern::quote)
            .collect(Collectors.joining(BLANKS.pattern())));
  }

  /** The repository's root: builds run the tests in the module's folder, an IDE elsewhere. */
  static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("mvnw"))) {
      folder = folder.getParent();
    }
    return folder;
  }
}
