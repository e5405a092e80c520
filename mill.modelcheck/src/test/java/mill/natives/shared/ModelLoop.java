package mill.natives.shared;

import static mill.modelcheck.Scenario.check;

import mill.core.internal.TaskQueue;
import mill.core.internal.TaskQueue.Offer;

/**
 * A model of the loop with waker and queue as they are: what {@code LoopSleep.poll} and {@code
 * LoopSleep.wakeIfAsleep} do.
 */
final class ModelLoop {
  private final TaskQueue tasks = new TaskQueue(4);
  private final ModelWaker waker = new ModelWaker();
  private final int looks;
  private volatile boolean asleep;
  private int ran;

  /** Makes one that looks so often again before it sleeps. */
  ModelLoop(int looks) {
    this.looks = looks;
  }

  /** Brings work. Any thread. */
  void execute() {
    check(tasks.offer(() -> ran++) == Offer.ACCEPTED, "refused");
    if (asleep) {
      waker.wake();
    }
  }

  /** Turns until so many tasks have run. */
  void runUntil(int count) {
    while (ran < count) {
      poll();
      Runnable task;
      while ((task = tasks.poll()) != null) {
        task.run();
      }
    }
  }

  private void poll() {
    if (looks > 0 && look()) {
      return;
    }
    boolean waits = tasks.isEmpty() && fallsAsleep();
    waker.poll(waits);
    if (asleep) {
      asleep = false;
    }
  }

  private boolean fallsAsleep() {
    asleep = true;
    if (!tasks.isEmpty()) {
      asleep = false;
      return false;
    }
    return true;
  }

  /** What {@code LoopSleep.look} does, by number and not by time. */
  private boolean look() {
    for (int i = 0; i < looks; i++) {
      waker.poll(false);
      if (!tasks.isEmpty()) {
        return true;
      }
    }
    return false;
  }
}
