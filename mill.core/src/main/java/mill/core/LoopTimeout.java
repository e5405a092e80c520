package mill.core;

import java.time.Duration;
import mill.core.internal.TimerNode;

/** A one-shot timer: 48 bytes, with compressed references and the usual headers. */
sealed class LoopTimeout extends TimerNode implements Timeout permits PeriodicTimeout {
  final Runnable task;
  private final LoopTimers timers;

  LoopTimeout(LoopTimers timers, Runnable task) {
    this.timers = timers;
    this.task = task;
  }

  @Override
  public final boolean cancel() {
    return timers.cancel(this);
  }

  @Override
  public final boolean reschedule(Duration delay) {
    return timers.arm(this, LoopTimers.saturatedNs(delay));
  }

  @Override
  public final boolean rescheduleNs(long delayNs) {
    return timers.arm(this, delayNs);
  }

  @Override
  public final boolean isScheduled() {
    return deadline() != NONE;
  }

  @Override
  public final long remainingNs() {
    long deadlineNs = deadline();
    if (deadlineNs == NONE) {
      return -1;
    }
    return deadlineNs == PeriodicTimeout.RUNNING
        ? delayAfterRunNs()
        : Math.max(0, deadlineNs - timers.nowNs());
  }

  /** What the deadline is while the task runs that was due. */
  long deadlineWhileRunning(long dueNs) {
    return NONE;
  }

  /** How long after the end of a run the next one is due, if that is how the timer counts. */
  long delayAfterRunNs() {
    return 0;
  }

  @Override
  public final String toString() {
    long remainingNs = remainingNs();
    return remainingNs < 0
        ? "Timeout[not scheduled]"
        : "Timeout[due in " + Duration.ofNanos(remainingNs) + "]";
  }
}
