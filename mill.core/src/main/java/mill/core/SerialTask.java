package mill.core;

import java.util.concurrent.RejectedExecutionException;
import mill.core.internal.TaskQueue;

/**
 * A task that runs when a time has passed, one at a time with the callbacks of a registration. Not
 * any more once that is cancelled.
 *
 * <p>The timer goes off on the loop's thread. There it runs at once, or is handed to the workers.
 */
final class SerialTask implements Runnable {
  private final Registration registration;
  private final boolean inline;
  private final Runnable task;
  private final Runnable onWorker = this::runUnlessCancelled;
  private final Timeout timer;

  SerialTask(Registration registration, boolean inline, Runnable task) {
    this.registration = registration;
    this.inline = inline;
    this.task = task;
    timer = registration.loop().newTimeout(this);
  }

  Timeout timer() {
    return timer;
  }

  @Override
  public void run() {
    if (inline) {
      runUnlessCancelled();
    } else if (registration.offer(onWorker) == TaskQueue.Offer.FULL) {
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
    if (!registration.isCancelled()) {
      task.run();
    }
  }
}
