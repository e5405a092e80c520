package mill.bench.load.client;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What the load generator, or a client of others and the meter around it, tell of one run. */
public final class Sample {
  private static final String MARK = "= ";
  private static final double NS = 1e9;

  private final Map<String, Double> values = new TreeMap<>();
  private final Histogram times = new Histogram();

  /** Reads the lines {@code = name value}; others are not its. */
  public static Sample parse(List<String> lines) {
    var sample = new Sample();
    for (String line : lines) {
      if (line.startsWith(MARK)) {
        String[] words = line.substring(MARK.length()).split(" ", -1);
        if (words[0].equals("bucket")) {
          sample.times.add(Long.parseLong(words[1]), Long.parseLong(words[2]));
        } else {
          sample.values.put(words[0], Double.parseDouble(words[1]));
        }
      }
    }
    for (double share : new double[] {0.5, 0.99, 0.999}) {
      sample.put(percentileName(share), sample.times.percentileNs(share));
    }
    return sample;
  }

  private static String percentileName(double share) {
    return share == 0.5 ? "p50_ns" : share == 0.99 ? "p99_ns" : "p999_ns";
  }

  /** Sets a value that somebody else knows. */
  public void put(String name, double value) {
    values.put(name, value);
  }

  /** {@return a value} NaN if nobody told it. */
  public double get(String name) {
    return values.getOrDefault(name, Double.NaN);
  }

  /** {@return all values, by name} */
  public Map<String, Double> values() {
    return values;
  }

  /** {@return processor time of the server per message, in nanoseconds} */
  public double serverNsPerMessage() {
    return get("server_ns") / get("messages");
  }

  /** {@return messages per second} */
  public double throughput() {
    return get("messages") / get("elapsed_ns") * NS;
  }

  /** {@return a share of the time of the two processors, that of the host's other guests} */
  public double stolenShare() {
    return get("steal_ticks") / allTicks();
  }

  /**
   * {@return the share of the two processors' time that neither server nor client had and that was
   * not idle}
   *
   * @param interruptsApart whether the kernel counts interrupts apart from the processes that they
   *     interrupt, of which most are loopback's
   */
  public double othersShare(boolean interruptsApart) {
    double apart = interruptsApart ? get("interrupt_ticks") : 0;
    double idle = (get("idle_ticks") + get("steal_ticks") + apart) / allTicks();
    double ours = (get("server_ns") + get("client_ns")) / (2 * get("elapsed_ns"));
    return Math.max(0, 1 - idle - ours);
  }

  private double allTicks() {
    return 2 * get("elapsed_ns") / NS * get("ticks_per_second");
  }
}
