import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The jextract command of this machine. */
final class Jextract {

  static final String HOW_TO_PROVIDE =
      "no jextract: set JEXTRACT to its path or put it on the PATH (see native-headers/README.md)";

  /**
   * Flags for jextract's C parser. One fixed target for every host and every header: the headers
   * use only types that are the same on every 64-bit ABI, so the target decides nothing but the
   * built-in types, and those are not used.
   */
  private static final List<String> PARSER_FLAGS =
      List.of("--target=x86_64-unknown-linux-gnu", "-Werror");

  private final Path command;

  private Jextract(Path command) {
    this.command = command;
  }

  /**
   * Looks for jextract: the environment variable {@code JEXTRACT} first, then the {@code PATH}.
   *
   * @throws IllegalStateException when {@code JEXTRACT} names something that is not there
   */
  static Optional<Jextract> find() {
    String named = System.getenv("JEXTRACT");
    if (named != null && !named.isBlank()) {
      Path path = Path.of(named).toAbsolutePath();
      if (!Files.isExecutable(path)) {
        throw new IllegalStateException("JEXTRACT=" + named + " is not an executable file");
      }
      return Optional.of(new Jextract(path));
    }
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
        .filter(dir -> !dir.isBlank())
        .flatMap(dir -> Stream.of("jextract", "jextract.bat").map(Path.of(dir)::resolve))
        .filter(path -> Files.isRegularFile(path) && Files.isExecutable(path))
        .findFirst()
        .map(path -> new Jextract(path.toAbsolutePath()));
  }

  /**
   * Runs jextract once.
   *
   * @param scratch folder to run in; jextract reads the parser's flags from there
   * @param arguments options besides the output folder
   * @param output folder that the sources go to
   * @param header what to read
   * @throws IOException when jextract fails; the message carries what it printed
   */
  void run(Path scratch, List<String> arguments, Path output, Path header)
      throws IOException, InterruptedException {
    Files.write(scratch.resolve("compile_flags.txt"), PARSER_FLAGS);
    var line = new ArrayList<String>();
    line.add(command.toString());
    line.addAll(arguments);
    line.addAll(List.of("--output", output.toString(), header.toString()));
    var process =
        new ProcessBuilder(line).directory(scratch.toFile()).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String printed = new String(process.getInputStream().readAllBytes());
    int exitCode = process.waitFor();
    if (exitCode != 0) {
      throw new IOException(
          "jextract failed on " + header.getFileName() + " (" + exitCode + "):\n" + printed);
    }
    if (!printed.isBlank()) {
      System.err.print(printed);
    }
  }
}
