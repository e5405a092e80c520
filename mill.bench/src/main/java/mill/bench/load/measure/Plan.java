package mill.bench.load.measure;

import mill.bench.load.client.LoadClient;

/**
 * How long and how often.
 *
 * @param rounds how often each peer has its turn
 * @param warmUp seconds of load before the first round
 * @param slice warm-up and measured time of each slice
 * @param retries how often a slice is repeated at once that was thrown away
 * @param endNs when no further slice begins, in {@link System#nanoTime}
 */
public record Plan(int rounds, double warmUp, LoadClient.SliceTime slice, int retries, long endNs) {
  /** {@return whether the time is over} */
  public boolean isOver() {
    return System.nanoTime() - endNs >= 0;
  }
}
