package mill.core;

import java.io.IOException;
import mill.core.internal.loop.LoopExtension;
import mill.core.internal.timer.LoopTimers;
import mill.natives.Poller;
import mill.natives.ReadyEvents;
import mill.natives.platform.Platform;
import org.jspecify.annotations.Nullable;

/**
 * Polls at the begin of a loop's turn: decides whether and for how long the loop sleeps, and wakes
 * it.
 *
 * <pre>
 *   busy ──nothing to do──▶ looks, if it is to ──▶ asleep ──work is there by now──▶ polls, no wait
 *     ▲                           │                  │                                  │
 *     │                           │                  └──▶ waits ◀── wakeIfAsleep()      │
 *     └───────────────────────────┴─────────────────────────┴───────────────────────────┘
 * </pre>
 *
 * <p>The loop's thread, but for {@link #wakeIfAsleep}.
 */
final class LoopSleep {
  private final Platform platform;
  private final LoopLifecycle lifecycle;
  private final Poller poller;
  private final ReadyEvents events;
  private final @Nullable WorkerEvents<?> workerEvents; // if there are workers
  private final RunQueue<?> runQueue;
  private final LoopTimers timers;
  private final LoopTasks tasks;
  private final ExtensionPlace extension;
  private final LoopEnd<?> ending;
  private final LoopDrain<?> drain;
  private final long maxPollTimeoutNs;
  private final long spinNs;
  private final long lookNs; // 0 for a loop that sleeps at once
  private volatile boolean asleep;

  /**
   * Makes it.
   *
   * @param events where the poller reports to
   * @param workerEvents what sleeps in place of the poller, or null for the poller
   */
  LoopSleep(
      LoopConfig config,
      LoopLifecycle lifecycle,
      Poller poller,
      ReadyEvents events,
      @Nullable WorkerEvents<?> workerEvents,
      RunQueue<?> runQueue,
      LoopTimers timers,
      LoopTasks tasks,
      ExtensionPlace extension,
      LoopEnd<?> ending,
      LoopDrain<?> drain) {
    platform = poller.platform();
    this.lifecycle = lifecycle;
    this.poller = poller;
    this.events = events;
    this.workerEvents = workerEvents;
    this.runQueue = runQueue;
    this.timers = timers;
    this.tasks = tasks;
    this.extension = extension;
    this.ending = ending;
    this.drain = drain;
    maxPollTimeoutNs = config.maxPollTimeoutNs();
    spinNs = config.spinNs();
    lookNs = config.lookNs();
  }

  /** Fetches events; waits for them if there is nothing else to do. */
  void poll() throws IOException {
    if (lookNs > 0 && look()) {
      return;
    }
    long timeoutNs = sooner(maxPollTimeoutNs, timers.nextDelayNs());
    if (hasWork() || !fallsAsleep()) {
      timeoutNs = 0;
    } else {
      GracefulShutdown draining = ending.shutdown();
      if (draining != null) {
        timeoutNs = sooner(timeoutNs, draining.leftNs(platform.nanoTime()));
      }
    }
    try {
      if (workerEvents != null) {
        workerEvents.sleep(events, timeoutNs);
      } else {
        poller.poll(events, timeoutNs);
      }
    } finally {
      if (asleep) {
        asleep = false;
      }
    }
  }

  /**
   * Whoever brings work looks at asleep after leaving it, and this looks for all of it anew after
   * raising asleep: one of the two sees the other. With work at hand it is not raised: those who
   * bring more have it in their caches.
   */
  private boolean fallsAsleep() {
    asleep = true;
    if (hasWork()) {
      asleep = false; // so that nobody pays for waking what does not sleep
      return false;
    }
    return true;
  }

  /**
   * Polls without waiting for as long as the idle strategy says; false if nothing came. The loop is
   * not asleep meanwhile, so nobody wakes it: it looks for work as often as for events.
   */
  private boolean look() throws IOException {
    poller.poll(events, 0);
    if (hasFound()) {
      return true;
    }
    long startNs = platform.nanoTime();
    long dueNs = sooner(maxPollTimeoutNs, timers.nextDelayNs());
    long passedNs = 0;
    while (!isOver(dueNs, passedNs)) {
      if (passedNs >= lookNs) {
        return false;
      }
      if (passedNs < spinNs) {
        platform.threads().onSpinWait();
      } else {
        platform.threads().yieldProcessor();
      }
      poller.poll(events, 0);
      if (hasFound()) {
        return true;
      }
      passedNs = platform.nanoTime() - startNs;
    }
    return true;
  }

  private boolean hasFound() {
    return events.size() > 0 || events.woken() || hasWork();
  }

  private boolean isOver(long dueNs, long passedNs) {
    GracefulShutdown draining = ending.shutdown();
    return (dueNs >= 0 && passedNs >= dueNs)
        || (draining != null && draining.leftNs(platform.nanoTime()) == 0);
  }

  // Negative is without end.
  private static long sooner(long ns, long otherNs) {
    return ns < 0 || (otherNs >= 0 && otherNs < ns) ? otherNs : ns;
  }

  private boolean hasWork() {
    if (lifecycle.isStopping() || tasks.areWaiting() || !runQueue.isEmpty() || timers.hasInbox()) {
      return true;
    }
    LoopExtension more = extension.get();
    if (more != null && more.hasWork()) {
      return true;
    }
    if (workerEvents != null && workerEvents.hasFailed()) {
      return true;
    }
    GracefulShutdown draining = ending.shutdown();
    return draining != null && drain.hasWork(draining);
  }

  /** Wakes the loop, if it sleeps: there is work for it by now. Any thread. */
  void wakeIfAsleep() {
    if (asleep && !lifecycle.isLoopThread()) {
      wake();
    }
  }

  private void wake() {
    if (workerEvents != null) {
      workerEvents.wake(lifecycle.thread());
    } else {
      poller.wake();
    }
  }
}
