package mill.core;

import java.time.Duration;
import mill.core.internal.TimerNode;

/** Times of timers, which end at 292 years instead of overflowing. */
final class Deadlines {
  /** The deadline while a timer runs whose next run counts from the end of this one. */
  static final long RUNNING = TimerNode.NONE - 1;

  /** As far as time goes. */
  static final long MAX_NS = RUNNING - 1;

  private Deadlines() {}

  /** Adds two times that are not negative. */
  static long after(long fromNs, long delayNs) {
    long sum = fromNs + delayNs;
    return sum < 0 || sum > MAX_NS ? MAX_NS : sum;
  }

  /** Duration to nanoseconds: as good as for ever from 292 years on, and 0 if it is negative. */
  static long saturatedNs(Duration duration) {
    if (duration.isNegative()) {
      return 0;
    }
    // 2^63 ns are 9,223,372,036 seconds and something.
    return duration.toSeconds() < Long.MAX_VALUE / 1_000_000_000
        ? duration.toNanos()
        : Long.MAX_VALUE;
  }
}
