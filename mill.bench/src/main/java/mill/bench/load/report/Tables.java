package mill.bench.load.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import mill.bench.load.measure.MemoryOutcome;
import mill.bench.load.measure.Outcome;
import mill.bench.load.measure.Quartiles;
import mill.bench.load.measure.StartOutcome;

/** A report as tables in Markdown, which also read well on a console. */
public final class Tables {
  private static final String UNKNOWN = "–";

  private Tables() {}

  /** {@return all tables} */
  public static String of(Report report) {
    var text = new StringBuilder();
    report.machine().forEach((name, value) -> text.append(name + ": " + value + "  \n"));
    for (Outcome outcome : report.outcomes()) {
      text.append("\n### " + outcome.workload().title() + "\n\n").append(of(outcome));
    }
    if (!report.memory().isEmpty()) {
      text.append("\n### Memory of an idle connection, of 10,000\n\n").append(memory(report));
    }
    if (!report.starts().isEmpty()) {
      text.append("\n### Start of the process to the first echo\n\n").append(starts(report));
    }
    if (!report.missing().isEmpty()) {
      text.append("\n### Missing\n\n");
      report.missing().forEach((name, why) -> text.append("- " + name + ": " + why + "\n"));
    }
    return text.toString();
  }

  private static String of(Outcome outcome) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of(
            "server",
            "CPU/message vs " + outcome.baseline(),
            "CPU µs",
            "user µs",
            "messages/s",
            "vs " + outcome.baseline(),
            "p50 µs",
            "p99 µs",
            "p99.9 µs",
            "B/message",
            "calls/message",
            "slices"));
    for (String peer : outcome.peers()) {
      String failure = outcome.failures().getOrDefault(peer, "");
      rows.add(failure.isEmpty() ? row(outcome, peer) : List.of(peer, "failed: " + failure));
    }
    return table(rows);
  }

  private static List<String> row(Outcome outcome, String peer) {
    long thrownAway = outcome.thrownAway(peer);
    double cpu = outcome.figure(peer, Figure.CPU.of()).median();
    int counted = outcome.figure(peer, Figure.CPU.of()).count();
    return List.of(
        peer,
        spread(outcome.ratio(peer, Figure.CPU.of())), // the baseline's own: the noise
        number("%.3g", cpu),
        number("%.2g", cpu * outcome.userShare(peer)),
        number("%,.0f", outcome.figure(peer, Figure.THROUGHPUT.of()).median()),
        spread(outcome.ratio(peer, Figure.THROUGHPUT.of())),
        number("%.3g", outcome.figure(peer, Figure.P50.of()).median()),
        number("%.3g", outcome.figure(peer, Figure.P99.of()).median()),
        number("%.3g", outcome.figure(peer, Figure.P999.of()).median()),
        number("%.2f", outcome.allocatedPerMessage(peer)),
        number("%.2f", outcome.systemCallsPerMessage(peer)),
        counted + (thrownAway == 0 ? "" : " + " + thrownAway + " thrown away"));
  }

  private static String memory(Report report) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("server", "user memory, bytes", "of it live heap", "resident, bytes"));
    for (MemoryOutcome memory : report.memory()) {
      rows.add(
          List.of(
              memory.peer(), number("%,.0f", memory.user()),
              number("%,.0f", memory.heap()), number("%,.0f", memory.resident())));
    }
    return table(rows);
  }

  private static String starts(Report report) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("program", "wall ms", "CPU ms", "resident MB", "idle for 8 s"));
    for (StartOutcome start : report.starts()) {
      rows.add(
          List.of(
              start.peer(),
              spread(start.wallMs(), "%.3g"),
              number("%.3g", start.cpuMs().median()),
              number("%.3g", start.residentMb().median()),
              number("%.3g", start.idleMb().median())));
    }
    return table(rows);
  }

  private static String spread(Quartiles quartiles) {
    return spread(quartiles, "%.2f");
  }

  private static String spread(Quartiles quartiles, String format) {
    return quartiles.isKnown()
        ? "%s (%s – %s)"
            .formatted(
                number(format, quartiles.median()),
                number(format, quartiles.low()),
                number(format, quartiles.high()))
        : UNKNOWN;
  }

  private static String number(String format, double value) {
    if (!Double.isFinite(value)) {
      return UNKNOWN;
    } else if (format.endsWith("g") && Math.abs(value) >= 100) {
      return String.format(Locale.ROOT, "%,.0f", value);
    }
    return format.endsWith("g")
        ? significant(value, format.charAt(2) - '0')
        : String.format(Locale.ROOT, format, value);
  }

  private static String significant(double value, int digits) {
    int before = value == 0 ? 1 : (int) Math.floor(Math.log10(Math.abs(value))) + 1;
    return String.format(Locale.ROOT, "%." + Math.max(0, digits - before) + "f", value);
  }

  /** The first row is the head; short rows are filled up. */
  private static String table(List<List<String>> rows) {
    int columns = rows.getFirst().size();
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(Math.max(widths[i], 3), cell(row, i).length());
      }
    }
    var text = new StringBuilder();
    for (int r = 0; r < rows.size(); r++) {
      text.append('|');
      for (int i = 0; i < columns; i++) {
        String cell = cell(rows.get(r), i);
        String space = " ".repeat(widths[i] - cell.length());
        text.append(i == 0 ? ' ' + cell + space + " |" : ' ' + space + cell + " |");
      }
      text.append('\n');
      if (r == 0) {
        text.append('|');
        for (int i = 0; i < columns; i++) {
          text.append(i == 0 ? "-".repeat(widths[i] + 2) + '|' : "-".repeat(widths[i] + 1) + ":|");
        }
        text.append('\n');
      }
    }
    return text.toString();
  }

  private static String cell(List<String> row, int column) {
    return column < row.size() ? row.get(column) : "";
  }

  /** {@return one outcome, for who follows the run} */
  public static String ofOne(Outcome outcome) {
    return "\n" + outcome.workload().title() + "\n\n" + of(outcome);
  }
}
