package mill.bench.load.measure;

import java.util.Collection;

/**
 * The median of some values and the quartiles around it; NaN if there are none.
 *
 * @param count how many values there were
 */
public record Quartiles(double low, double median, double high, int count) {
  /** Computes them, between the nearest values in proportion; NaN does not count. */
  public static Quartiles of(Collection<Double> values) {
    double[] sorted =
        values.stream()
            .mapToDouble(Double::doubleValue)
            .filter(Double::isFinite)
            .sorted()
            .toArray();
    return new Quartiles(at(sorted, 0.25), at(sorted, 0.5), at(sorted, 0.75), sorted.length);
  }

  private static double at(double[] sorted, double share) {
    if (sorted.length == 0) {
      return Double.NaN;
    }
    double place = share * (sorted.length - 1);
    int below = (int) place;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  }

  /** {@return whether there is a median} */
  public boolean isKnown() {
    return Double.isFinite(median);
  }
}
