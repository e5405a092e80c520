package mill.sim.schedule;

import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Looks, in real time, whether turns are still passed on. It counts how often it has looked in
 * vain, not how much time has passed: on a machine that gives neither it nor the simulation its
 * turn, nothing is stuck.
 */
final class Watchdog {
  /** How often it looks in vain. */
  static final int LOOKS = 50;

  private final long everyNs;
  private final LongSupplier nanoTime;
  private long seenTurns = -1;
  private long sinceNs;
  private long lookedNs;
  private int looks;

  /**
   * Makes one.
   *
   * @param stuckNs how long a turn may last, if the machine is not busy otherwise
   * @param nanoTime a clock of real time
   */
  Watchdog(long stuckNs, LongSupplier nanoTime) {
    everyNs = Math.max(1, stuckNs / LOOKS);
    this.nanoTime = nanoTime;
    sinceNs = nanoTime.getAsLong();
    lookedNs = sinceNs;
  }

  long everyNs() {
    return everyNs;
  }

  /** What holds the world up, or null. Does nothing before its time. */
  @Nullable String look(long turns, @Nullable SimThread holder) {
    long nowNs = nanoTime.getAsLong();
    if (nowNs - lookedNs < everyNs) {
      return null;
    }
    lookedNs = nowNs;
    if (turns != seenTurns) {
      seenTurns = turns;
      sinceNs = nowNs;
      looks = 0;
      return null;
    }
    if (++looks < LOOKS || holder == null) {
      return null;
    }
    String stuck = Waiting.stuck(holder, nowNs - sinceNs);
    holder.thread.interrupt();
    return stuck;
  }
}
