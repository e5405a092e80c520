package mill.bench.load.measure;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;
import mill.bench.load.client.Sample;

/** Ratios of a peer's slices to those of the baseline that are next to them in time. */
public final class Pairing {
  private Pairing() {}

  /**
   * {@return for each slice of a peer that counts, a figure of it as a multiple of the mean of the
   * baseline's slices just before and just after, in the same round} Of one of them if the other
   * does not count; a slice between two that do not count has no ratio.
   *
   * @param slices those of a workload, thrown away or not
   */
  public static List<Double> ratios(
      List<Slice> slices, String peer, String baseline, ToDoubleFunction<Sample> figure) {
    List<Slice> inTime = slices.stream().sorted(Comparator.comparingInt(Slice::place)).toList();
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < inTime.size(); i++) {
      Slice slice = inTime.get(i);
      if (slice.counts() && slice.peer().equals(peer)) {
        double reference =
            mean(
                neighbour(inTime, i, -1, baseline, figure),
                neighbour(inTime, i, 1, baseline, figure));
        double ratio = figure.applyAsDouble(slice.sample()) / reference;
        if (Double.isFinite(ratio)) {
          ratios.add(ratio);
        }
      }
    }
    return ratios;
  }

  /**
   * The baseline's nearest turn in one direction: the slice of it that counts, if there is one,
   * else NaN.
   */
  private static double neighbour(
      List<Slice> inTime, int from, int step, String baseline, ToDoubleFunction<Sample> figure) {
    int round = inTime.get(from).round();
    boolean isTurn = false;
    for (int i = from + step; i >= 0 && i < inTime.size(); i += step) {
      Slice slice = inTime.get(i);
      boolean isBaseline = slice.peer().equals(baseline);
      if (slice.round() != round || (isTurn && !isBaseline)) {
        return Double.NaN;
      } else if (isBaseline && slice.counts()) {
        return figure.applyAsDouble(slice.sample());
      }
      isTurn = isBaseline;
    }
    return Double.NaN;
  }

  private static double mean(double before, double after) {
    if (Double.isNaN(before)) {
      return after;
    }
    return Double.isNaN(after) ? before : (before + after) / 2;
  }
}
