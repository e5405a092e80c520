import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Tells from Surefire's XML reports which tests were skipped and why, which the build's console
 * does not show; with {@code --total} also how many passed, failed and were skipped. The other
 * arguments are modules' build folders.
 *
 * <pre>java .mvn/TestReport.java --total mill.native/target mill.core/target</pre>
 */
final class TestReport {
  private int passed;
  private int failed;
  private final List<String> skipped = new ArrayList<>();

  public static void main(String[] arguments) throws Exception {
    List<String> folders = new ArrayList<>(List.of(arguments));
    boolean total = folders.remove("--total");
    TestReport report = new TestReport();
    for (String folder : folders) {
      for (Path file : reports(Path.of(folder))) {
        report.read(file);
      }
    }
    report.skipped.forEach(System.out::println);
    if (total) {
      System.out.printf(
          "%d passed, %d failed, %d skipped%n",
          report.passed, report.failed, report.skipped.size());
    }
  }

  private static List<Path> reports(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.walk(folder, 2)) {
      return files
          .filter(file -> file.getFileName().toString().matches("TEST-.*\\.xml"))
          .filter(file ->
              file.getParent().getFileName().toString().matches("(surefire|failsafe)-reports"))
          .sorted()
          .toList();
    }
  }

  private void read(Path file) throws Exception {
    NodeList cases =
        DocumentBuilderFactory.newDefaultInstance()
            .newDocumentBuilder()
            .parse(file.toFile())
            .getElementsByTagName("testcase");
    for (int i = 0; i < cases.getLength(); i++) {
      Element test = (Element) cases.item(i);
      NodeList skips = test.getElementsByTagName("skipped");
      if (skips.getLength() > 0) {
        String reason = reason((Element) skips.item(0));
        skipped.add(
            "skipped: %s.%s: %s".formatted(simpleName(test), test.getAttribute("name"), reason));
      } else if (test.getElementsByTagName("failure").getLength() > 0
          || test.getElementsByTagName("error").getLength() > 0) {
        failed++;
      } else {
        passed++;
      }
    }
  }

  /**
   * A disabled test's reason is an attribute, a failed assumption's the first line of its stack
   * trace.
   */
  private static String reason(Element skip) {
    String message = skip.getAttribute("message");
    return message.isEmpty() ? firstLine(skip) : message;
  }

  private static String firstLine(Element skip) {
    String line = skip.getTextContent().strip().lines().findFirst().orElse("");
    return line.substring(line.indexOf(": ") + 1).strip();
  }

  private static String simpleName(Element test) {
    String name = test.getAttribute("classname");
    return name.substring(name.lastIndexOf('.') + 1);
  }
}
