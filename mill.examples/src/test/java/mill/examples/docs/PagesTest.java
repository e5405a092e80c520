package mill.examples.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the pages name is there: files, classes, each other. */
class PagesTest {
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#\\s]+)(?:#[^)]*)?\\)");
  private static final Pattern CLASS = Pattern.compile("`([A-Z]\\w*[a-z]\\w*)(?:[.#(<][^`]*)?`");

  private static final String QUICK_START =
      "mill.examples/src/main/java/mill/examples/echo/QuickStart.java";

  private static final String LOW_LEVEL_ECHO =
      "mill.examples/src/main/java/mill/examples/echo/LowLevelEcho.java";

  private static final Pattern JAVA = Pattern.compile("(?ms)^```java\\n(.*?)^```");
  private static final Pattern PROGRAM = Pattern.compile("-m mill\\.examples/(\\S+)(.*)");
  private static final Pattern ARGUMENT = Pattern.compile("--[a-z]+");

  private static final String FIRST_SIMULATION =
      "mill.sim/src/it/external-simulation/external/sim/GreetingTest.java";

  /** What the pages name of the JDK, of Windows and of peers. */
  private static final Set<String> OTHERS =
      Set.of(
          "Arena",
          "ConcurrentLinkedQueue",
          "EpollIoHandle",
          "Error",
          "ForkJoinPool",
          "GetQueuedCompletionStatusEx",
          "Linker",
          "MemorySegment",
          "HashSet",
          "InetSocketAddress",
          "IOException",
          "Instant",
          "KeyManagerFactory",
          "KeyStore",
          "NoSuchElementException",
          "Random",
          "SSLContext",
          "SSLEngine",
          "SSLParameters",
          "ServiceLoader",
          "System",
          "Thread",
          "ThreadPoolExecutor",
          "TrustManagerFactory",
          "Unsafe",
          "WatchService");

  static List<Path> pages() throws IOException {
    return Pages.pages();
  }

  /** The changelog tells of what is gone as well. */
  static List<Path> pagesOfToday() throws IOException {
    return pages().stream().filter(page -> !page.endsWith("CHANGELOG.md")).toList();
  }

  @ParameterizedTest
  @MethodSource("pages")
  void everyLinkedFileExists(Path page) throws IOException {
    assertThat(links(page)).allMatch(target -> Files.isRegularFile(Pages.file(target)), "exists");
  }

  @ParameterizedTest
  @MethodSource("pagesOfToday")
  void everyClassThatIsNamedExists(Path page) throws IOException {
    Set<String> classes =
        Pages.sources().stream()
            .map(source -> source.getFileName().toString().replace(".java", ""))
            .collect(Collectors.toSet());
    assertThat(CLASS.matcher(Pages.read(page.toString())).results().map(name -> name.group(1)))
        .allMatch(name -> classes.contains(name) || OTHERS.contains(name), "is a class");
  }

  @Test
  void readmeLinksToEveryPage() throws IOException {
    Path readme = Path.of("README.md");
    assertThat(links(readme).stream().map(Path::of))
        .containsAll(pages().stream().filter(page -> !page.equals(readme)).toList());
  }

  @Test
  void readmesFirstTwoExamplesAreTheQuickStartAndTheEchoBelowConnections() throws IOException {
    List<String> examples = javaBlocks("README.md");
    assertThat(Pages.read(QUICK_START)).containsIgnoringWhitespaces(examples.get(0));
    assertThat(Pages.read(LOW_LEVEL_ECHO)).containsIgnoringWhitespaces(examples.get(1));
  }

  static List<Path> guide() throws IOException {
    return pages().stream().filter(page -> page.startsWith("docs/guide")).toList();
  }

  /**
   * Each piece of Java in the guide stands in a source that the build compiles, module-info aside.
   */
  @ParameterizedTest
  @MethodSource("guide")
  void whatTheGuideShowsIsCompiled(Path page) throws IOException {
    List<String> sources = new ArrayList<>();
    for (Path source : Pages.sources()) {
      sources.add(withoutBlanks(Files.readString(source)));
    }
    assertThat(javaBlocks(page.toString()))
        .filteredOn(block -> !block.startsWith("module "))
        .allSatisfy(
            block -> assertThat(sources).anyMatch(source -> source.contains(withoutBlanks(block))));
  }

  /** Each program that a page starts is there and knows the arguments that the page gives. */
  @Test
  void commandsThatStartProgramsAreRight() throws IOException {
    List<MatchResult> commands = new ArrayList<>();
    for (Path page : pagesOfToday()) {
      commands.addAll(PROGRAM.matcher(Pages.read(page.toString())).results().toList());
    }
    assertThat(commands).hasSizeGreaterThanOrEqualTo(7);
    for (MatchResult command : commands) {
      Path source =
          Path.of("mill.examples/src/main/java", command.group(1).replace('.', '/') + ".java");
      assertThat(Pages.file(source.toString())).isRegularFile();
      String known = sourcesOf(source.getParent());
      assertThat(ARGUMENT.matcher(command.group(2)).results().map(MatchResult::group))
          .allMatch(argument -> known.contains(" " + argument + " "), "is in the usage");
    }
  }

  private static String sourcesOf(Path folder) throws IOException {
    var text = new StringBuilder();
    try (Stream<Path> files = Files.list(Pages.file(folder.toString()))) {
      for (Path file : files.toList()) {
        text.append(Files.readString(file));
      }
    }
    return text.toString();
  }

  private static List<String> javaBlocks(String page) throws IOException {
    return JAVA.matcher(Pages.read(page)).results().map(block -> block.group(1)).toList();
  }

  private static String withoutBlanks(String text) {
    return text.replaceAll("\\s+", "");
  }

  /** The guide shows what ExternalSimulationIT compiles and runs. */
  @Test
  void guidesFirstSimulatedTestIsTheOneThatIsRun() throws IOException {
    String guide = Pages.read("docs/guide/testing.md");
    int begin = guide.indexOf("  private static void scenario(");
    assertThat(Pages.read(FIRST_SIMULATION))
        .contains(guide.substring(begin, guide.indexOf("```", begin)));
  }

  /** A row that names no file would be of no use to who asks where. */
  @Test
  void architectureNamesAFileForEachThingToChange() throws IOException {
    String page = Pages.read("docs/architecture.md");
    int begin = page.indexOf("## Where do I change");
    String table = page.substring(begin, page.indexOf("\n## ", begin + 1));
    List<String> rows = table.lines().filter(line -> line.startsWith("| ")).skip(2).toList();
    assertThat(rows).hasSizeGreaterThanOrEqualTo(15).allMatch(row -> LINK.matcher(row).find());
  }

  private static List<String> links(Path page) throws IOException {
    return LINK.matcher(Pages.read(page.toString()))
        .results()
        .map(link -> link.group(1))
        .filter(target -> !target.contains("://"))
        .map(target -> page.resolveSibling(target).normalize().toString())
        .toList();
  }
}
