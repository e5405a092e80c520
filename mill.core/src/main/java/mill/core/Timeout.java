package mill.core;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import mill.core.internal.timer.LoopTimeout;

/**
 * A timer of an {@link EventLoop}: runs its task on the loop's thread when the time has come, never
 * before.
 *
 * <p>All methods may be called from any thread, also by the task itself. On the loop's thread they
 * take effect at once. A timer may be scheduled again and again: it allocates nothing for that, and
 * being scheduled or cancelled costs the same however many timers there are. Timers that are due at
 * the same tick run in the order in which the loop heard of them.
 *
 * <p>A task that has begun cannot be called back. From then on a one-shot timer is not scheduled
 * any more, and a periodic one is scheduled for its next run.
 */
public sealed interface Timeout permits LoopTimeout {
  /**
   * Cancels the timer. A periodic one will not run again.
   *
   * @return true if it was scheduled and now will not run; false if it was not scheduled, since it
   *     has run, is just running, or somebody else has cancelled it. Of several threads that cancel
   *     at the same time one gets true
   */
  boolean cancel();

  /**
   * Schedules the timer anew, whether it is scheduled already or not. A periodic one goes on with
   * its period from there.
   *
   * @param delay how long from now; a negative delay counts as zero, and after 292 years or more
   *     the task will never run
   * @return true if it was scheduled before, and is moved
   * @throws RejectedExecutionException if the loop has ended; the task will not run then
   */
  boolean reschedule(Duration delay);

  /**
   * Schedules the timer anew, as {@link #reschedule(Duration)} does, without the garbage of a
   * {@link Duration}.
   *
   * @param delayNs how long from now, in nanoseconds; a negative delay counts as zero
   * @return true if it was scheduled before, and is moved
   * @throws RejectedExecutionException if the loop has ended; the task will not run then
   */
  boolean rescheduleNs(long delayNs);

  /** {@return whether the task is going to run, or to run again} Any thread. */
  boolean isScheduled();

  /**
   * {@return nanoseconds until the task is due, 0 if it is due now, or -1 if it is not scheduled}
   * Any thread. The loop adds up to one tick, so that what is due at nearly the same time runs
   * together.
   */
  long remainingNs();
}
