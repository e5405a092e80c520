package mill.bench.jmh;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.PrintStream;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Prints JMH's JSON as one table: what was measured, on what, the median over all iterations of all
 * forks, the lowest and the highest of them, the median as a multiple of mill's, and the bytes
 * allocated by each operation.
 *
 * <p>Several files are taken together, so rounds can be run one after the other, mixed with each
 * other, and summed up here.
 *
 * <pre>
 * java -cp 'mill.bench/target/jmh-classes:mill.bench/target/lib/*' mill.bench.jmh.ResultTable mill.bench/target/jmh.json
 * </pre>
 */
public final class ResultTable {
  private static final String ALLOCATION = "gc.alloc.rate.norm";
  private static final String BASELINE = "mill";

  /** What the rows of one comparison have in common, in the order of the file. */
  private record Comparison(String benchmark, Map<String, String> parameters, String unit) {}

  /** One row: what every iteration of every fork measured. */
  private record Subject(List<Double> scores, List<Double> allocations) {
    private Subject() {
      this(new ArrayList<>(), new ArrayList<>());
    }
  }

  private final Map<Comparison, Map<String, Subject>> comparisons = new LinkedHashMap<>();

  private ResultTable() {}

  /**
   * Prints the table in Markdown.
   *
   * @param arguments JMH's JSON files
   */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length == 0) {
      System.err.println("which results? Give the JSON files of JMH, mill.bench/target/jmh.json");
      System.exit(2);
    }
    ResultTable table = new ResultTable();
    for (String file : arguments) {
      try (Reader reader = Files.newBufferedReader(Path.of(file))) {
        JsonParser.parseReader(reader).getAsJsonArray().forEach(table::add);
      } catch (NoSuchFileException e) {
        System.err.println("no such file: " + e.getMessage() + "; run the benchmarks first");
        System.exit(2);
      }
    }
    table.print(System.out);
  }

  private void add(JsonElement element) {
    JsonObject result = element.getAsJsonObject();
    String name = result.get("benchmark").getAsString();
    int dot = name.lastIndexOf('.');
    JsonObject metric = result.getAsJsonObject("primaryMetric");
    Comparison comparison =
        new Comparison(
            name.substring(name.lastIndexOf('.', dot - 1) + 1, dot),
            parameters(result),
            metric.get("scoreUnit").getAsString());
    Subject subject =
        comparisons
            .computeIfAbsent(comparison, _ -> new LinkedHashMap<>())
            .computeIfAbsent(name.substring(dot + 1), _ -> new Subject());
    addAll(metric, subject.scores());
    JsonObject secondary = result.getAsJsonObject("secondaryMetrics");
    for (String key : secondary.keySet()) {
      if (key.endsWith(ALLOCATION)) {
        addAll(secondary.getAsJsonObject(key), subject.allocations());
      }
    }
  }

  private static Map<String, String> parameters(JsonObject result) {
    Map<String, String> parameters = new TreeMap<>();
    if (result.has("params")) {
      result
          .getAsJsonObject("params")
          .asMap()
          .forEach((name, value) -> parameters.put(name, value.getAsString()));
    }
    return parameters;
  }

  private static void addAll(JsonObject metric, List<Double> values) {
    for (JsonElement fork : metric.getAsJsonArray("rawData")) {
      JsonArray iterations = fork.getAsJsonArray();
      iterations.forEach(iteration -> values.add(iteration.getAsDouble()));
    }
  }

  private void print(PrintStream out) {
    out.println("| benchmark | of | median | min – max | × mill | B/op | n |");
    out.println("|---|---|--:|--:|--:|--:|--:|");
    comparisons.forEach((comparison, subjects) -> {
      Subject baseline = subjects.get(BASELINE);
      double unit = baseline == null ? Double.NaN : median(baseline.scores());
      inOrder(subjects)
          .forEach((name, subject) -> out.println(row(comparison, name, subject, unit)));
    });
  }

  // mill and its variants first, whatever the order of the methods; the rest as in the file.
  private static Map<String, Subject> inOrder(Map<String, Subject> subjects) {
    Map<String, Subject> ordered = new LinkedHashMap<>();
    for (boolean ours : new boolean[] {true, false}) {
      subjects.forEach((name, subject) -> {
        if (name.startsWith(BASELINE) == ours) {
          ordered.put(name, subject);
        }
      });
    }
    return ordered;
  }

  private static String row(Comparison comparison, String name, Subject subject, double baseline) {
    StringBuilder what = new StringBuilder(comparison.benchmark());
    comparison
        .parameters()
        .forEach((key, value) -> what.append(' ').append(key).append('=').append(value));
    double[] scores = sorted(subject.scores());
    double median = median(subject.scores());
    return "| %s | %s | %s %s | %s – %s | %s | %s | %d |"
        .formatted(
            what,
            name,
            number(median),
            comparison.unit(),
            number(scores[0]),
            number(scores[scores.length - 1]),
            Double.isNaN(baseline) ? "" : String.format(Locale.ROOT, "%.2f", median / baseline),
            subject.allocations().isEmpty() ? "?" : number(median(subject.allocations())),
            scores.length);
  }

  /** Three or more digits are enough for anything measured. */
  private static String number(double value) {
    String format = value >= 100 ? "%,.0f" : value >= 10 ? "%.1f" : "%.3f";
    return String.format(Locale.ROOT, format, value);
  }

  private static double[] sorted(List<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
    Arrays.sort(sorted);
    return sorted;
  }

  private static double median(List<Double> values) {
    double[] sorted = sorted(values);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
