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
   * @param delay how long from now; negative is as good as zero, and 292 years are as good as for
   *     ever
   * @return true if it was scheduled before, and is moved
   * @throws RejectedExecutionException if the loop has ended; the task will not run then
   */
  boolean reschedule(Duration delay);

  /**
   * As {@link #reschedule(Duration)}, for those who do not want to make a {@link Duration}.
   *
   * @param delayNs how long from now, in nanoseconds; negative is as good as zero
   * @return true if it was scheduled before, and is moved
   * @throws RejectedExecutionException if the loop has ended; the task will not run then
   */
  boolean rescheduleNs(long delayNs);

  /**
   * Tells whether the task is going to run (again).
   *
   * @return true if so
   */
  boolean isScheduled();

  /**
   * Tells how long it is until the task is due. The loop adds up to one tick, so that what is due
   * at nearly the same time runs together.
   *
   * @return nanoseconds, 0 if the task is due now, or -1 if it is not scheduled
   */
  long remainingNs();
}
