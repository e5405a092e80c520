package mill.bench.load.client;

import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** Times in buckets, as the load generator counts them: the highest of each, in nanoseconds. */
public final class Histogram {
  private final NavigableMap<Long, Long> buckets = new TreeMap<>();
  private long count;

  /** Adds a bucket. */
  public void add(long highestNs, long times) {
    buckets.merge(highestNs, times, Long::sum);
    count += times;
  }

  /** {@return how many times there are} */
  public long count() {
    return count;
  }

  /**
   * {@return the smallest time that this share of all times does not exceed} By the nearest rank;
   * NaN if there are none.
   *
   * @param share from 0 to 1
   */
  public double percentileNs(double share) {
    // 0.999 of 1,000 is the 999th, whatever the rounding of the product.
    long rank = Math.max(1, (long) Math.ceil(share * count - 1e-9));
    long passed = 0;
    for (Map.Entry<Long, Long> bucket : buckets.entrySet()) {
      passed += bucket.getValue();
      if (passed >= rank) {
        return bucket.getKey();
      }
    }
    return Double.NaN;
  }
}
