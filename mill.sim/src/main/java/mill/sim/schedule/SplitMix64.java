package mill.sim.schedule;

/**
 * A stream of random numbers: Steele, Lea and Flood, "Fast splittable pseudorandom number
 * generators", 2014. Not {@code java.util.SplittableRandom}, whose numbers a later JDK may change.
 */
public final class SplitMix64 {
  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private long state;

  /**
   * Makes a stream.
   *
   * @param seed what it depends on, alone
   */
  public SplitMix64(long seed) {
    state = seed;
  }

  /**
   * {@return a bijection of all longs in which one changed bit changes half of the others}
   *
   * @param value any
   */
  public static long mix(long value) {
    long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /** {@return any long, each as often} */
  public long nextLong() {
    state += GOLDEN_GAMMA;
    return mix(state);
  }

  /**
   * {@return a number from 0 to {@code bound - 1}}
   *
   * @param bound more than 0; what is not a power of two is off by {@code bound / 2^63} at most
   */
  public long nextLong(long bound) {
    return Math.floorMod(nextLong() >>> 1, bound);
  }

  /**
   * {@return a number from 0 to {@code bound - 1}}
   *
   * @param bound more than 0
   */
  public int nextInt(int bound) {
    return (int) nextLong(bound);
  }

  /**
   * {@return true in so many of all cases}
   *
   * @param probability 0 to 1; 0 is never, and draws nothing
   */
  public boolean chance(double probability) {
    return probability > 0 && (nextLong() >>> 11) * 0x1.0p-53 < probability;
  }
}
