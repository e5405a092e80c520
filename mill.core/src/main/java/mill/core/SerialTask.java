package mill.core;

import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import mill.core.internal.TaskQueue;

/**
 * A task that runs when a time has passed, one at a time with the callbacks of a registration. Not
 * any more once that is cancelled.
 *
 * <p>The timer goes off on the loop's thread. There it runs at once, or is handed to the workers.
 */
final class SerialTask implements Runnable {
  private final SerialCalls calls;
  private final boolean inline;
  private final Runnable task;
  private final Runnable onWorker = this::runUnlessCancelled;
  private final Timeout timer;

  /**
   * Makes it; its timer is not scheduled yet.
   *
   * @param calls the registration
   * @param inline whether its callbacks run on the loop's thread
   * @param timers makes a timer of the loop
   * @param task what to run
   */
  SerialTask(SerialCalls calls, boolean inline, Function<Runnable, Timeout> timers, Runnable task) {
    this.calls = calls;
    this.inline = inline;
    this.task = task;
    timer = timers.apply(this);
  }

  Timeout timer() {
    return timer;
  }

  @Override
  public void run() {
    if (inline) {
      runUnlessCancelled();
    } else if (calls.offer(onWorker) == TaskQueue.Offer.FULL) {
      tryAgain();
    }
  }

  // As many tasks wait as may: a tick later, until one of them has run.
  private void tryAgain() {
    try {
      timer.rescheduleNs(0);
    } catch (RejectedExecutionException e) {
      // The loop has ended meanwhile, and with it the timers.
    }
  }

  private void runUnlessCancelled() {
    if (!calls.isMarkedCancelled()) {
      task.run();
    }
  }
}
