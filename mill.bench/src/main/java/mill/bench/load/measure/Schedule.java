package mill.bench.load.measure;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The order of the slices of a round. */
final class Schedule {
  private static final int BETWEEN = 3;

  private Schedule() {}

  /**
   * {@return the baseline before and after every three others} Each round begins with another of
   * the others, so that none is always beside the same.
   */
  static List<String> round(String baseline, List<String> others, int round) {
    List<String> turned = new ArrayList<>(others);
    Collections.rotate(turned, -round);
    List<String> order = new ArrayList<>();
    for (int i = 0; i < turned.size(); i++) {
      if (i % BETWEEN == 0) {
        order.add(baseline);
      }
      order.add(turned.get(i));
    }
    order.add(baseline);
    return order;
  }
}
