package mill.bench.load;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import mill.bench.load.client.Workload;
import mill.bench.load.measure.Bounds;
import mill.bench.load.measure.Outcome;

/**
 * {@code --check}: mill beside java.nio, within {@link Bounds}. What breaks them is measured again,
 * with a longer warm-up; where the machine is busy otherwise nothing is said.
 */
final class Check {
  /** The baseline. */
  static final String BESIDE = "nio";

  static final String CHECKED = "mill";

  private static final int ATTEMPTS = 3;
  private static final int BROKEN_AT = 2;

  /** Measures. */
  @FunctionalInterface
  interface Measurement {
    /**
     * Measures a workload.
     *
     * @param attempt from 1
     */
    Outcome of(Workload workload, int attempt)
        throws IOException, InterruptedException, UsageException;
  }

  private final Measurement measurement;
  private final PrintStream out;

  Check(Measurement measurement, PrintStream out) {
    this.measurement = measurement;
    this.out = out;
  }

  /** {@return what is broken, in words} */
  List<String> run(List<Workload> workloads)
      throws IOException, InterruptedException, UsageException {
    List<String> broken = new ArrayList<>();
    for (Workload workload : workloads) {
      for (String what : run(workload)) {
        broken.add(workload.id() + ": " + what);
      }
    }
    return broken;
  }

  private List<String> run(Workload workload)
      throws IOException, InterruptedException, UsageException {
    int times = 0;
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      Outcome outcome = measurement.of(workload, attempt);
      if (Bounds.canTell(outcome, CHECKED)) {
        List<String> broken = Bounds.broken(outcome, CHECKED);
        times += broken.isEmpty() ? 0 : 1;
        if (broken.isEmpty() || times == BROKEN_AT) {
          return broken;
        }
        out.println(workload.id() + ", again, for it broke: " + String.join("; ", broken));
      }
    }
    out.println(workload.id() + " was not checked: the machine was busy otherwise");
    return List.of();
  }
}
