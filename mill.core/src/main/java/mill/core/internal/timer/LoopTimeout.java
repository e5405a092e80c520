package mill.core.internal.timer;

import java.time.Duration;
import mill.core.Timeout;
import mill.core.internal.Durations;

/**
 * A one-shot timer: 48 bytes, with compressed references and the usual headers.
 *
 * <p>Deadlines end at 292 years instead of overflowing.
 */
public sealed class LoopTimeout extends TimerNode implements Timeout permits PeriodicTimeout {
  /** The deadline while a timer runs whose next run counts from the end of this one. */
  static final long RUNNING = NONE - 1;

  /** As far as time goes. */
  static final long MAX_DEADLINE_NS = RUNNING - 1;

  final Runnable task;
  private final TimerEngine timers;

  LoopTimeout(TimerEngine timers, Runnable task) {
    this.timers = timers;
    this.task = task;
  }

  /** Adds two times that are not negative. */
  static long deadlineAfter(long fromNs, long delayNs) {
    long sum = fromNs + delayNs;
    return sum < 0 || sum > MAX_DEADLINE_NS ? MAX_DEADLINE_NS : sum;
  }

  /** {@return the class of the task, which names it in a report} Any thread. */
  public final Class<?> taskClass() {
    return task.getClass();
  }

  @Override
  public final boolean cancel() {
    return timers.cancel(this);
  }

  @Override
  public final boolean reschedule(Duration delay) {
    return timers.arm(this, Durations.saturatedNs(delay));
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
    return deadlineNs == RUNNING ? delayAfterRunNs() : Math.max(0, deadlineNs - timers.nowNs());
  }

  /** The time by the clock that deadlines are of. */
  final long nowNs() {
    return timers.nowNs();
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
