package mill.sim.schedule;

import org.jspecify.annotations.Nullable;

/** Looks, in real time, whether turns are still passed on. */
final class Watchdog {
  private final long stuckNs;
  private long seenTurns = -1;
  private long sinceNs = System.nanoTime();

  Watchdog(long stuckNs) {
    this.stuckNs = stuckNs;
  }

  long checkNs() {
    return Math.max(1, stuckNs / 50);
  }

  /** What holds the world up, or null. */
  @Nullable String look(long turns, @Nullable SimThread holder) {
    long nowNs = System.nanoTime();
    if (turns != seenTurns) {
      seenTurns = turns;
      sinceNs = nowNs;
      return null;
    }
    if (nowNs - sinceNs < stuckNs || holder == null) {
      return null;
    }
    String stuck = Waiting.stuck(holder, nowNs - sinceNs);
    holder.thread.interrupt();
    return stuck;
  }
}
