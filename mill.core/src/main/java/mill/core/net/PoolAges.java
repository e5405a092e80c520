package mill.core.net;

import mill.core.net.PoolCounts.Count;

/**
 * The ages of a pool's connections on one loop: closes what is idle or lives too long, keeps some
 * ready. One timer for all; it looks through the idle ones when the first is due, and not more
 * often than the times are long. The loop's thread.
 */
final class PoolAges extends LookTimer {
  /** How long a target that could not be connected to is left alone, if nobody waits for it. */
  static final long RETRY_NS = 1_000_000_000L;

  private static final int LOOKS = 64; // in the shorter of the times
  private static final long SHORTEST_NS = 1_000_000L;
  private static final double PARTS = 1L << 53;

  private final PoolPart part;
  private final long restNs; // between two looks
  private long random;

  PoolAges(PoolPart part) {
    super(part.home);
    this.part = part;
    long shorter = Math.min(part.config.idleNs, part.config.lifetimeNs);
    restNs = Math.clamp(shorter / LOOKS, SHORTEST_NS, RETRY_NS);
    random = home.seam.platform().nanoTime(); // told apart from other processes
  }

  // ---- what happens

  void isBorn(PooledConnection entry) {
    entry.diesNs = home.nowNs() + shortened(part.config.lifetimeNs);
  }

  void isIdle(PooledConnection entry) {
    entry.idleUntilNs = entry.idleSinceNs + shortened(part.config.idleNs);
    lookAtIfItRuns(Math.min(entry.idleUntilNs, entry.diesNs));
  }

  private long shortened(long timeNs) {
    return timeNs - (long) (timeNs * part.config.jitter * nextRandom());
  }

  /** From 0 to 1, by SplitMix64. */
  private double nextRandom() {
    random += 0x9E3779B97F4A7C15L;
    long mixed = (random ^ (random >>> 30)) * 0xBF58476D1CE4E5B9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
    return ((mixed ^ (mixed >>> 31)) >>> 11) / PARTS;
  }

  /** Makes connections so that some are idle for each target. */
  void replenish() {
    int minIdle = part.config.minIdle;
    if (minIdle == 0 || part.isClosed) {
      return;
    }
    long nowNs = home.nowNs();
    for (int i = 0; i < part.targets.size(); i++) {
      PoolTarget target = part.targets.get(i);
      while (target.idle + target.onTheirWay - target.waiting < minIdle
          && target.places < part.config.maxPerTarget
          && part.all.size() < part.config.maxTotal) {
        if (nowNs < target.dialAgainNs) {
          lookAtIfItRuns(target.dialAgainNs);
          break;
        }
        part.dial(target);
      }
    }
  }

  // ---- the timer

  @Override
  void look() {
    long nowNs = home.nowNs();
    long nextNs = NEVER;
    for (int i = 0; i < part.targets.size(); i++) {
      nextNs = Math.min(nextNs, look(part.targets.get(i), nowNs));
    }
    replenish();
    if (nextNs != NEVER) {
      lookAtIfItRuns(Math.max(nextNs, nowNs + restNs));
    }
  }

  private long look(PoolTarget target, long nowNs) {
    long nextNs = NEVER;
    PooledConnection next = target.bottomIdle;
    while (next != null) {
      PooledConnection entry = next;
      next = entry.above;
      boolean spare = target.idle > part.config.minIdle;
      if (entry.diesNs <= nowNs || (spare && entry.idleUntilNs <= nowNs)) {
        part.retire(entry, Count.EXPIRED);
      } else {
        nextNs = Math.min(nextNs, spare ? Math.min(entry.idleUntilNs, entry.diesNs) : entry.diesNs);
      }
    }
    return nextNs;
  }
}
