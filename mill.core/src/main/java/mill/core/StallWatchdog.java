package mill.core;

import mill.core.internal.UncaughtExceptions;
import mill.natives.platform.Threads;

/** The thread that watches a loop's thread for as long as it runs. */
final class StallWatchdog implements AutoCloseable {
  /** How many times a threshold's length is looked at the loop. */
  static final int CHECKS_PER_THRESHOLD = 2;

  /** The shortest time between two looks. */
  static final long MIN_CHECK_NS = 1_000_000;

  /** How long an ending loop waits for a listener that does not return. */
  static final long MAX_JOIN_NS = 1_000_000_000;

  private final StallWatch watch;
  private final Threads threads;
  private final Thread watched;
  private final long checkNs;
  private final Thread thread;
  private volatile boolean ended;

  private StallWatchdog(StallWatch watch, LoopConfig config, Threads threads) {
    this.watch = watch;
    this.threads = threads;
    watched = Thread.currentThread();
    checkNs = Math.max(MIN_CHECK_NS, config.stallThresholdNs() / CHECKS_PER_THRESHOLD);
    thread = threads.unstarted(config.name() + "-watchdog", true, this::watchOn);
  }

  /** Watches the calling thread from now on. */
  static StallWatchdog start(StallWatch watch, LoopConfig config, Threads threads) {
    var watchdog = new StallWatchdog(watch, config, threads);
    watchdog.thread.start();
    return watchdog;
  }

  private void watchOn() {
    while (!ended) {
      threads.park(this, checkNs);
      boolean interrupted = Thread.interrupted(); // a listener's doing: the next wait is to wait
      if (!ended && !interrupted) {
        check();
      }
    }
  }

  private void check() {
    try {
      watch.check(watched);
    } catch (Throwable thrown) { // a logger is the user's too
      UncaughtExceptions.report(thrown);
    }
  }

  /** Ends the thread. A listener that waits for the loop in its turn is not waited for long. */
  @Override
  public void close() {
    ended = true;
    threads.unpark(thread);
    boolean interrupted = Thread.interrupted(); // or the wait would not wait
    try {
      threads.join(thread, MAX_JOIN_NS);
    } catch (InterruptedException e) {
      interrupted = true; // the thread ends by itself
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
