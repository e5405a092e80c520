import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Makes and checks the FFM bindings of {@code mill.natives}.
 *
 * <p>Started from anywhere inside the repository with Java 22 or newer, without compiling anything:
 *
 * <pre>
 *   java native-headers/GenerateBindings.java generate   headers -> Java, needs jextract
 *   java native-headers/GenerateBindings.java check      has anything drifted? needs no jextract
 *   java native-headers/GenerateBindings.java compare    generate again and compare every byte
 * </pre>
 *
 * <p>Exit code 0 is success, 1 a difference or a failure, 2 a wrong command line.
 */
public final class GenerateBindings {

  /**
   * One header and the class that it becomes.
   *
   * @param header file name in {@code native-headers/}
   * @param os last part of the package name
   * @param className name of the class with the constants and functions
   * @param library library whose functions the class binds, or empty for the C library
   */
  record Binding(String header, String os, String className, String library) {

    /** Arguments for jextract, without the output folder and the header. */
    List<String> arguments() {
      var arguments =
          new ArrayList<>(List.of("-t", PACKAGE + os, "--header-class-name", className));
      if (!library.isEmpty()) {
        // The Windows classes share one class of C types; each opens its own DLL, at first use.
        arguments.addAll(List.of("--symbols-class-name", "Windows$shared", "-l", library));
      }
      return arguments;
    }
  }

  private static final String PACKAGE = "mill.natives.gen.";
  private static final String GENERATED = "mill.native/src/generated/java";
  private static final String HEADERS = "native-headers";
  private static final String SUMS = HEADERS + "/bindings.sha256";
  private static final String COMMAND = "java " + HEADERS + "/GenerateBindings.java ";

  private static final List<Binding> BINDINGS =
      List.of(
          new Binding("linux.h", "linux", "Linux", ""),
          new Binding("macos.h", "macos", "MacOs", ""),
          new Binding("freebsd.h", "freebsd", "FreeBsd", ""),
          new Binding("windows.h", "windows", "Windows", ""),
          new Binding("windows-kernel32.h", "windows", "Kernel32", "kernel32"),
          new Binding("windows-ntdll.h", "windows", "Ntdll", "ntdll"),
          new Binding("windows-ws2_32.h", "windows", "Ws2_32", "ws2_32"));

  private final Path root;

  private GenerateBindings(Path root) {
    this.root = root;
  }

  /**
   * Runs one mode.
   *
   * @param args the mode: {@code generate}, {@code check} or {@code compare}
   */
  public static void main(String[] args) throws InterruptedException {
    if (args.length != 1 || !List.of("generate", "check", "compare").contains(args[0])) {
      System.err.println("usage: " + COMMAND + "generate|check|compare");
      System.exit(2);
    }
    try {
      System.exit(new GenerateBindings(findRoot()).run(args[0]) ? 0 : 1);
    } catch (IOException | UncheckedIOException | IllegalStateException e) {
      System.err.println("bindings: " + e.getMessage());
      System.exit(1);
    }
  }

  private boolean run(String mode) throws IOException, InterruptedException {
    return switch (mode) {
      case "generate" -> generate();
      case "check" -> check();
      default -> compare();
    };
  }

  private static Path findRoot() {
    for (Path dir = Path.of("").toAbsolutePath(); dir != null; dir = dir.getParent()) {
      if (Files.isRegularFile(dir.resolve(HEADERS).resolve("GenerateBindings.java"))) {
        return dir;
      }
    }
    throw new IllegalStateException("start this inside the repository: no " + HEADERS + " found");
  }

  private boolean generate() throws IOException, InterruptedException {
    var jextract = Jextract.find();
    if (jextract.isEmpty()) {
      System.err.println(Jextract.HOW_TO_PROVIDE);
      return false;
    }
    Map<String, byte[]> fresh = extract(jextract.get());
    Path target = root.resolve(GENERATED);
    deleteTree(target);
    for (var file : fresh.entrySet()) {
      Path path = target.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.write(path, file.getValue());
    }
    Checksums.write(root.resolve(SUMS), Checksums.of(inputsAndOutputs()));
    System.out.println("bindings: wrote " + fresh.size() + " files below " + GENERATED);
    return true;
  }

  private boolean check() throws IOException {
    var differences =
        Checksums.compare(
            Checksums.read(root.resolve(SUMS)), Checksums.of(inputsAndOutputs()), "last generated");
    return report(differences, "bindings: headers, generator and generated files agree");
  }

  private boolean compare() throws IOException, InterruptedException {
    var jextract = Jextract.find();
    if (jextract.isEmpty()) {
      System.out.println("bindings: comparison skipped: " + Jextract.HOW_TO_PROVIDE);
      return true;
    }
    var expected = Checksums.of(extract(jextract.get()));
    var found = Checksums.of(filesBelow(root.resolve(GENERATED)));
    return report(
        Checksums.compare(expected, found, "what jextract makes now"),
        "bindings: " + expected.size() + " files are byte for byte what jextract makes now");
  }

  private static boolean report(List<String> differences, String success) {
    if (differences.isEmpty()) {
      System.out.println(success);
      return true;
    }
    differences.forEach(difference -> System.err.println("bindings: " + difference));
    System.err.println(
        "bindings: after a change of a header or of the generator, type: " + COMMAND + "generate");
    return false;
  }

  /** Runs jextract over every header and returns the filtered sources by relative path. */
  private Map<String, byte[]> extract(Jextract jextract) throws IOException, InterruptedException {
    var sources = new TreeMap<String, byte[]>();
    for (Binding binding : BINDINGS) {
      Path scratch = Files.createTempDirectory("mill-bindings");
      try {
        Path output = scratch.resolve("java");
        Path header = root.resolve(HEADERS).resolve(binding.header());
        jextract.run(scratch, binding.arguments(), output, header);
        for (var file : filesBelow(output).entrySet()) {
          // The class of C types that the Windows headers share has no single origin.
          String origin = file.getKey().endsWith("$shared.java") ? "*.h" : binding.header();
          byte[] source = GeneratedSource.filter(file.getValue(), HEADERS + "/" + origin);
          byte[] other = sources.put(file.getKey(), source);
          if (other != null && !Arrays.equals(other, source)) {
            throw new IllegalStateException(file.getKey() + " comes from two headers");
          }
        }
      } finally {
        deleteTree(scratch);
      }
    }
    return sources;
  }

  /** Everything whose change must be noticed, by path relative to the repository. */
  private Map<String, byte[]> inputsAndOutputs() throws IOException {
    var files = new TreeMap<String, byte[]>();
    filesBelow(root.resolve(HEADERS))
        .forEach((name, bytes) -> {
          if (name.endsWith(".h") || name.endsWith(".java")) {
            files.put(HEADERS + "/" + name, bytes);
          }
        });
    filesBelow(root.resolve(GENERATED))
        .forEach((name, bytes) -> files.put(GENERATED + "/" + name, bytes));
    return files;
  }

  private static Map<String, byte[]> filesBelow(Path dir) throws IOException {
    var files = new TreeMap<String, byte[]>();
    if (Files.isDirectory(dir)) {
      try (var paths = Files.walk(dir)) {
        for (Path path : (Iterable<Path>) paths.filter(Files::isRegularFile)::iterator) {
          String name = dir.relativize(path).toString().replace('\\', '/');
          files.put(name, Files.readAllBytes(path));
        }
      }
    }
    return files;
  }

  private static void deleteTree(Path dir) throws IOException {
    if (!Files.exists(dir)) {
      return;
    }
    try (var paths = Files.walk(dir)) {
      paths
          .sorted(Comparator.reverseOrder())
          .forEach(path -> {
            try {
              Files.delete(path);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }
  }
}
