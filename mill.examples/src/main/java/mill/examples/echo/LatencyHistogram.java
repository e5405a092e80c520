package mill.examples.echo;

import java.util.Arrays;

/**
 * Counts times in nanoseconds, with a constant relative error: buckets are linear within a power of
 * two.
 *
 * <p>Values below {@value #SUB_BUCKETS} have a bucket each; above, every power of two is divided
 * into {@value #SUB_BUCKETS} buckets, so that none is wider than 1/{@value #SUB_BUCKETS} of what it
 * counts. Recording allocates nothing. Not thread-safe.
 */
final class LatencyHistogram {
  /** How finely a power of two is divided. */
  static final int SUB_BUCKETS = 128;

  private static final int SUB_BUCKET_BITS = 7;

  private final long[] counts = new long[(Long.SIZE - SUB_BUCKET_BITS) * SUB_BUCKETS];
  private long total;
  private long max;

  /** Counts a time; a negative one counts as 0. */
  void record(long ns) {
    long value = Math.max(ns, 0);
    counts[index(value)]++;
    total++;
    max = Math.max(max, value);
  }

  /** Forgets everything. */
  void reset() {
    Arrays.fill(counts, 0);
    total = 0;
    max = 0;
  }

  /** Tells how many times were counted. */
  long total() {
    return total;
  }

  /** Gives the longest time, exactly; 0 if there is none. */
  long max() {
    return max;
  }

  /**
   * Gives the time that a share of all times does not exceed.
   *
   * @param share above 0, at most 1
   * @return the upper end of the bucket that holds it; 0 if nothing was counted
   */
  long percentile(double share) {
    if (!(share > 0 && share <= 1)) {
      throw new IllegalArgumentException("a share is above 0 and at most 1, not " + share);
    }
    long wanted = (long) Math.ceil(share * total);
    long seen = 0;
    for (int i = 0; i < counts.length; i++) {
      seen += counts[i];
      if (seen >= wanted && seen > 0) {
        return Math.min(upperEnd(i), max);
      }
    }
    return max;
  }

  private static int index(long value) {
    if (value < SUB_BUCKETS) {
      return (int) value;
    }
    int shift = Long.SIZE - 1 - SUB_BUCKET_BITS - Long.numberOfLeadingZeros(value);
    return shift * SUB_BUCKETS + (int) (value >>> shift);
  }

  private static long upperEnd(int index) {
    if (index < 2 * SUB_BUCKETS) {
      return index;
    }
    int shift = index / SUB_BUCKETS - 1;
    long first = (long) (index % SUB_BUCKETS + SUB_BUCKETS) << shift;
    return first + (1L << shift) - 1;
  }
}
