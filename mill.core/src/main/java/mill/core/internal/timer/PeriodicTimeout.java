package mill.core.internal.timer;

import java.time.Duration;
import mill.core.internal.Durations;

/** A timer that runs again and again. */
final class PeriodicTimeout extends LoopTimeout {
  // Positive counts from deadline to deadline, negative from the end of a run.
  private final long periodNs;

  private PeriodicTimeout(TimerEngine timers, Runnable task, long periodNs) {
    super(timers, task);
    this.periodNs = periodNs;
  }

  static PeriodicTimeout atFixedRate(TimerEngine timers, Runnable task, Duration period) {
    return new PeriodicTimeout(timers, task, positiveNs("period", period));
  }

  static PeriodicTimeout withFixedDelay(TimerEngine timers, Runnable task, Duration delay) {
    return new PeriodicTimeout(timers, task, -positiveNs("delay", delay));
  }

  @Override
  long deadlineWhileRunning(long dueNs) {
    return periodNs > 0 ? deadlineAfter(dueNs, periodNs) : RUNNING;
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
