package mill.core.internal;

import java.time.Duration;

/** Durations as nanoseconds, which end at 292 years instead of overflowing. */
public final class Durations {
  // 2^63 ns are 9,223,372,036 seconds and something.
  private static final long MAX_SECONDS = Long.MAX_VALUE / 1_000_000_000;

  private Durations() {}

  /**
   * Converts a duration.
   *
   * @param duration any duration
   * @return nanoseconds: 0 if it is negative, {@link Long#MAX_VALUE} from 292 years on
   */
  public static long saturatedNs(Duration duration) {
    if (duration.isNegative()) {
      return 0;
    }
    return duration.toSeconds() < MAX_SECONDS ? duration.toNanos() : Long.MAX_VALUE;
  }
}
