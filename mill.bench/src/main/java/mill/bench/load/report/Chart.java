package mill.bench.load.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import mill.bench.load.measure.Outcome;
import mill.bench.load.measure.Quartiles;

/**
 * The chart: server CPU per message as a multiple of the baseline's, one group of bars for each
 * workload, the quartiles as lines over their ends.
 */
final class Chart {
  private static final int LABELS = 150;
  private static final int BARS = 560;
  private static final int BAR = 13;
  private static final int HEAD = 26;
  private static final double MOST = 3; // longer bars are cut

  private final StringBuilder body = new StringBuilder();
  private int y = 48;

  private Chart() {}

  static String of(List<Outcome> outcomes) {
    var chart = new Chart();
    outcomes.forEach(chart::group);
    return chart.whole();
  }

  private void group(Outcome outcome) {
    List<String> shown = new ArrayList<>();
    for (String peer : outcome.peers()) {
      if (outcome.ratio(peer, Figure.CPU.of()).isKnown()) {
        shown.add(peer);
      }
    }
    if (shown.isEmpty()) {
      return;
    }
    text(10, y + 12, "bold", "start", outcome.workload().title());
    int top = y + HEAD - 6;
    y += HEAD;
    for (String peer : shown) {
      bar(peer, outcome.ratio(peer, Figure.CPU.of()));
    }
    double one = LABELS + BARS / MOST;
    body.append(
        String.format(
            Locale.ROOT,
            "<line x1='%.1f' y1='%d' x2='%.1f' y2='%d' class='one'/>\n",
            one,
            top,
            one,
            y));
    text((int) one + 4, top + 2, "small", "start", outcome.baseline() + " = 1");
    y += 14;
  }

  private void bar(String peer, Quartiles ratio) {
    double end = length(ratio.median());
    String kind = peer.startsWith("mill") && !peer.matches("mill-(io|net).*") ? "ours" : "other";
    text(LABELS - 6, y + 10, "label", "end", peer);
    body.append(
        String.format(
            Locale.ROOT,
            "<rect x='%d' y='%d' width='%.1f' height='%d' class='%s'/>\n",
            LABELS,
            y + 1,
            end,
            BAR - 2,
            kind));
    body.append(
        String.format(
            Locale.ROOT,
            "<line x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f' class='spread'/>\n",
            LABELS + length(ratio.low()),
            y + BAR / 2.0,
            LABELS + length(ratio.high()),
            y + BAR / 2.0));
    double after = Math.max(end, length(ratio.high()));
    text(
        LABELS + (int) after + 5,
        y + 10,
        "label",
        "start",
        String.format(Locale.ROOT, "%.2f", ratio.median()));
    y += BAR;
  }

  private static double length(double ratio) {
    return Math.min(ratio, MOST) / MOST * BARS;
  }

  private void text(int x, int at, String kind, String anchor, String words) {
    body.append(
        String.format(
            Locale.ROOT,
            "<text x='%d' y='%d' class='%s' text-anchor='%s'>%s</text>\n",
            x,
            at,
            kind,
            anchor,
            escaped(words)));
  }

  private static String escaped(String words) {
    return words.replace("&", "&amp;").replace("<", "&lt;");
  }

  private String whole() {
    int width = LABELS + BARS + 60;
    return String.format(
            Locale.ROOT,
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' width='%d'>\n",
            width,
            y + 6,
            width)
        + """
        <style>
        text { font-family: sans-serif; fill: #222 }
        .title { font-size: 15px; font-weight: bold } .bold { font-size: 12px; font-weight: bold }
        .label { font-size: 11px } .small { font-size: 9px; fill: #666 }
        .ours { fill: #2a78b8 } .other { fill: #b8bec4 }
        .spread { stroke: #222; stroke-width: 1.5 } .one { stroke: #c0392b; stroke-dasharray: 3 2 }
        </style>
        <rect width='100%' height='100%' fill='white'/>
        <text x='10' y='22' class='title'>Server CPU per message, as a multiple of the baseline's</text>
        <text x='10' y='38' class='small'>Medians of paired slices; the lines are quartiles. Less is better.</text>
        """
        + body
        + "</svg>\n";
  }
}
