package mill.bench.load.measure;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import mill.bench.load.client.Sample;
import mill.bench.load.client.Workload;

/**
 * All slices of a workload.
 *
 * @param baseline the peer that the others are measured against
 * @param peers those that ran, the baseline among them
 * @param systemCalls per message and name, by peer, as far as they were counted
 * @param failures what went wrong, by peer
 */
public record Outcome(
    Workload workload,
    String baseline,
    List<String> peers,
    List<Slice> slices,
    Map<String, Map<String, Double>> systemCalls,
    Map<String, String> failures) {
  /** {@return a figure of a peer's slices that count} */
  public Quartiles figure(String peer, ToDoubleFunction<Sample> figure) {
    return Quartiles.of(
        counting(peer).stream().map(slice -> figure.applyAsDouble(slice.sample())).toList());
  }

  /** {@return the same as a multiple of the baseline's in the same minute} */
  public Quartiles ratio(String peer, ToDoubleFunction<Sample> figure) {
    return Quartiles.of(Pairing.ratios(slices, peer, baseline, figure));
  }

  /**
   * {@return what a peer allocates per message, in bytes, over all slices; NaN if it is unknown}
   */
  public double allocatedPerMessage(String peer) {
    return sum(peer, "allocated_bytes") / sum(peer, "messages");
  }

  /**
   * {@return the share of a peer's processor time outside the kernel, over all slices} The kernel
   * samples it, so one slice says little.
   */
  public double userShare(String peer) {
    double user = sum(peer, "user_ticks");
    return user / (user + sum(peer, "system_ticks"));
  }

  private double sum(String peer, String name) {
    return counting(peer).stream().mapToDouble(slice -> slice.sample().get(name)).sum();
  }

  /** {@return system calls per message, all together; NaN if they were not counted} */
  public double systemCallsPerMessage(String peer) {
    Map<String, Double> counted = systemCalls.getOrDefault(peer, new TreeMap<>());
    return counted.isEmpty()
        ? Double.NaN
        : counted.values().stream().mapToDouble(Double::doubleValue).sum();
  }

  /** {@return how many of a peer's slices were thrown away} */
  public long thrownAway(String peer) {
    return slices.stream().filter(slice -> slice.peer().equals(peer) && !slice.counts()).count();
  }

  private List<Slice> counting(String peer) {
    return slices.stream().filter(slice -> slice.peer().equals(peer) && slice.counts()).toList();
  }
}
