package mill.bench.load.measure;

import mill.bench.load.client.Sample;
import mill.bench.load.client.Workload;

/**
 * One run of one peer.
 *
 * @param place its place among all slices of the workload, in time
 * @param thrownAway why it does not count; empty if it does
 */
public record Slice(
    Workload workload, String peer, int round, int place, Sample sample, String thrownAway) {
  /** {@return whether it counts} */
  public boolean counts() {
    return thrownAway.isEmpty();
  }
}
