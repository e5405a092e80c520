package mill.examples.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** {@code docs/promises.md} and the tests that it names, which cite its numbers, agree. */
class PromisesTest {
  private static final Pattern PROMISE = Pattern.compile("(?ms)^## (\\d+)\\. .*?(?=^## |\\z)");
  private static final Pattern NAMED_TEST = Pattern.compile("(?m)^- `(\\w+)#(\\w+)`$");
  private static final Pattern NOT_YET = Pattern.compile("(?ms)^Not yet: .*?\\bissue \\d+");
  private static final Pattern CITATION = Pattern.compile("(?i)\\bpromise (\\d+)");

  /** What a test method is marked by; other marks and their arguments may stand before its name. */
  private static final Pattern TEST_METHOD =
      Pattern.compile(
          "@(?:Test|ParameterizedTest|RepeatedTest|TestFactory)\\b[^;]*?(?:void|>)\\s+(\\w+)\\(");

  private record Promise(int number, String text) {
    List<String> tests() {
      return NAMED_TEST.matcher(text).results().map(t -> t.group(1) + "#" + t.group(2)).toList();
    }

    boolean isTested() {
      return !tests().isEmpty();
    }

    boolean isTestedBy(String testClass) {
      return tests().stream().anyMatch(test -> test.startsWith(testClass + "#"));
    }
  }

  /** A test class whose source says "promise" and a number. */
  private record Citation(String testClass, int number) {}

  private static List<Promise> promises;

  /** The sources by the simple names of their classes. */
  private static final Map<String, String> SOURCES = new HashMap<>();

  @BeforeAll
  static void read() throws IOException {
    promises =
        PROMISE
            .matcher(Pages.read("docs/promises.md"))
            .results()
            .map(promise -> new Promise(Integer.parseInt(promise.group(1)), promise.group()))
            .toList();
    for (Path source : Pages.testSources()) {
      String name = source.getFileName().toString().replace(".java", "");
      SOURCES.merge(name, Files.readString(source), String::concat);
    }
  }

  @Test
  void promisesAreNumberedFromOneOn() {
    assertThat(promises)
        .isNotEmpty()
        .extracting(Promise::number)
        .containsExactlyElementsOf(IntStream.rangeClosed(1, promises.size()).boxed().toList());
  }

  @Test
  void everyTestThatAPromiseNamesExists() {
    assertThat(promises.stream().flatMap(promise -> promise.tests().stream()))
        .isNotEmpty()
        .allMatch(PromisesTest::exists, "exists as a test method");
  }

  @Test
  void everyPromiseHasATestOrTheIssueThatBringsIt() {
    assertThat(promises)
        .allMatch(
            promise -> promise.isTested() || NOT_YET.matcher(promise.text()).find(),
            "names a test, or says 'Not yet' and an issue");
  }

  @Test
  void testThatCitesAPromiseIsNamedByIt() {
    assertThat(citations())
        .isNotEmpty()
        .allMatch(
            citation ->
                promises.stream()
                    .filter(promise -> promise.number() == citation.number())
                    .anyMatch(promise -> promise.isTestedBy(citation.testClass())),
            "is named below that promise");
  }

  @Test
  void promiseThatHasTestsIsCitedByOneOfThem() {
    assertThat(promises.stream().filter(Promise::isTested))
        .allMatch(
            promise ->
                citations().stream().anyMatch(citation -> citation.number() == promise.number()),
            "is cited by a test");
  }

  private static boolean exists(String test) {
    String[] classAndMethod = test.split("#", 2);
    return TEST_METHOD
        .matcher(SOURCES.getOrDefault(classAndMethod[0], ""))
        .results()
        .anyMatch(method -> method.group(1).equals(classAndMethod[1]));
  }

  private static List<Citation> citations() {
    return SOURCES.entrySet().stream().flatMap(PromisesTest::citations).toList();
  }

  private static Stream<Citation> citations(Map.Entry<String, String> source) {
    return CITATION
        .matcher(source.getValue())
        .results()
        .map(found -> new Citation(source.getKey(), Integer.parseInt(found.group(1))));
  }
}
