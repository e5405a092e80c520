package mill.sim.kernel;

/**
 * A host's monotonic clock: the world's time, with a skew and jumps of its own. It never goes back.
 */
public final class HostClock {
  private static final long PPM = 1_000_000;

  private long baseWorldNs;
  private long baseHostNs;
  private long skewPpm;
  private long newestNs;

  /** Makes a clock that shows the world's time. */
  public HostClock() {}

  /**
   * {@return what the clock shows, in nanoseconds}
   *
   * @param worldNs the world's time
   */
  public long read(long worldNs) {
    newestNs = Math.max(newestNs, at(worldNs));
    return newestNs;
  }

  private long at(long worldNs) {
    long passed = worldNs - baseWorldNs;
    return baseHostNs + passed + passed / PPM * skewPpm + passed % PPM * skewPpm / PPM;
  }

  /**
   * Has the clock go faster or slower from now on.
   *
   * @param worldNs the world's time
   * @param ppm by how many millionths, above -1,000,000; negative is slower
   */
  public void skew(long worldNs, long ppm) {
    if (ppm <= -PPM) {
      throw new IllegalArgumentException("a clock goes on: not " + ppm + " ppm");
    }
    rebase(worldNs, 0);
    skewPpm = ppm;
  }

  /**
   * Has the clock jump. Backwards it stands still until the time has come again.
   *
   * @param worldNs the world's time
   * @param byNs how far
   */
  public void jump(long worldNs, long byNs) {
    rebase(worldNs, byNs);
  }

  private void rebase(long worldNs, long byNs) {
    long hostNs = at(worldNs);
    baseWorldNs = worldNs;
    baseHostNs = hostNs + byNs;
  }

  /**
   * {@return how much of the world's time passes while the clock advances, rounded up}
   *
   * @param hostNs by how much it advances
   */
  long worldNs(long hostNs) {
    if (skewPpm == 0 || hostNs <= 0) {
      return hostNs;
    }
    double exact = (double) hostNs * PPM / (PPM + skewPpm);
    return exact >= Long.MAX_VALUE ? Long.MAX_VALUE : (long) Math.ceil(exact) + 1;
  }
}
