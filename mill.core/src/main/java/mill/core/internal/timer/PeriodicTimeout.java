package mill.core.internal.timer;

import java.time.Duration;
import mill.core.internal.Durations;

/** A timer that runs again and again. */
sealed class PeriodicTimeout extends LoopTimeout {
  // Positive counts from deadline to deadline, negative from the end of a run.
  private final long periodNs;

  private PeriodicTimeout(TimerEngine timers, Runnable task, long periodNs) {
    super(timers, task);
    this.periodNs = periodNs;
  }

  static PeriodicTimeout atFixedRate(
      TimerEngine timers, Runnable task, Duration period, boolean skipsMissed) {
    long periodNs = positiveNs("period", period);
    return skipsMissed
        ? new Skipping(timers, task, periodNs)
        : new PeriodicTimeout(timers, task, periodNs);
  }

  static PeriodicTimeout withFixedDelay(TimerEngine timers, Runnable task, Duration delay) {
    return new PeriodicTimeout(timers, task, -positiveNs("delay", delay));
  }

  @Override
  long deadlineWhileRunning(long dueNs) {
    return periodNs > 0 ? deadlineAfter(dueNs, periodNs) : RUNNING;
  }

  @Override
  final long delayAfterRunNs() {
    return -periodNs;
  }

  private static long positiveNs(String name, Duration value) {
    if (!value.isPositive()) {
      throw new IllegalArgumentException(
          name + " must be longer than zero, not " + value + ": use schedule to run a task once");
    }
    return Durations.saturatedNs(value);
  }

  /** Does not make up for what it has missed. A class and no field: 56 bytes are enough. */
  private static final class Skipping extends PeriodicTimeout {
    Skipping(TimerEngine timers, Runnable task, long periodNs) {
      super(timers, task, periodNs);
    }

    // The last of the missed runs is the one that runs now.
    @Override
    long deadlineWhileRunning(long dueNs) {
      long lateNs = Math.max(0, nowNs() - dueNs);
      long periodNs = -delayAfterRunNs();
      return deadlineAfter(super.deadlineWhileRunning(dueNs), lateNs - lateNs % periodNs);
    }
  }
}
