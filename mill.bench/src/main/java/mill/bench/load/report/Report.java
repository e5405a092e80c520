package mill.bench.load.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import mill.bench.load.measure.MemoryOutcome;
import mill.bench.load.measure.Outcome;
import mill.bench.load.measure.StartOutcome;

/**
 * All that a run of the harness has found.
 *
 * @param machine what it ran on, and how, by name
 * @param outcomes of the workloads
 * @param memory of idle connections
 * @param starts of processes to their first echo
 * @param missing why something could not be measured, by its name
 * @param broken which bounds are broken, of those that were checked
 */
public record Report(
    Map<String, String> machine,
    List<Outcome> outcomes,
    List<MemoryOutcome> memory,
    List<StartOutcome> starts,
    Map<String, String> missing,
    List<String> broken) {

  /** Makes a report to be filled. */
  public static Report begin(Map<String, String> machine) {
    return new Report(
        machine,
        new ArrayList<>(),
        new ArrayList<>(),
        new ArrayList<>(),
        new TreeMap<>(),
        new ArrayList<>());
  }

  /** Writes {@code results.json}, {@code results.md} and {@code chart.svg}. */
  public void write(Path folder) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("results.json"), Json.of(Tree.of(this)));
    Files.writeString(folder.resolve("results.md"), Tables.of(this));
    Files.writeString(folder.resolve("chart.svg"), Chart.of(outcomes));
  }
}
