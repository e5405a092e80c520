package mill.core.internal.timer;

import java.time.Duration;
import mill.core.internal.Durations;

/** A timer that runs again and again. */
final class PeriodicTimeout extends LoopTimeout {
  // Positive counts from deadline to deadline, negative from the end of a run.
  private final long periodNs;

  private final boolean skipsMissed;

  private PeriodicTimeout(TimerEngine timers, Runnable task, long periodNs, boolean skipsMissed) {
    super(timers, task);
    this.periodNs = periodNs;
    this.skipsMissed = skipsMissed;
  }

  static PeriodicTimeout atFixedRate(
      TimerEngine timers, Runnable task, Duration period, boolean skipsMissed) {
    return new PeriodicTimeout(timers, task, positiveNs("period", period), skipsMissed);
  }

  static PeriodicTimeout withFixedDelay(TimerEngine timers, Runnable task, Duration delay) {
    return new PeriodicTimeout(timers, task, -positiveNs("delay", delay), false);
  }

  @Override
  long deadlineWhileRunning(long dueNs) {
    if (periodNs < 0) {
      return RUNNING;
    }
    long lateNs = skipsMissed ? nowNs() - dueNs : 0;
    long next = deadlineAfter(dueNs, periodNs);
    // The last of the missed ones is the one that runs now.
    return lateNs < periodNs ? next : deadlineAfter(next, lateNs - lateNs % periodNs);
  }

  @Override
  long delayAfterRunNs() {
    return -periodNs;
  }

  private static long positiveNs(String name, Duration value) {
    if (!value.isPositive()) {
      throw new IllegalArgumentException(
          name + " must be longer than zero, not " + value + ": use schedule to run a task once");
    }
    return Durations.saturatedNs(value);
  }
}
