package mill.core.net;

import java.util.concurrent.RejectedExecutionException;
import mill.core.Timeout;
import org.jspecify.annotations.Nullable;

/**
 * One timer for many times: it is moved when a time comes nearer, and not when one goes away. Who
 * looks when it fires sets it for what is next. The loop's thread.
 */
abstract class LookTimer {
  /** A time that never comes. */
  static final long NEVER = Long.MAX_VALUE;

  final LoopConnections home;
  private @Nullable Timeout timer; // from the first time on
  private long setForNs = NEVER;

  LookTimer(LoopConnections home) {
    this.home = home;
  }

  /** Looks whether the time of something is over, and when to look next. */
  abstract void look();

  /**
   * Looks at a time, or before.
   *
   * @param timeNs as {@link LoopConnections#nowNs}
   * @throws RejectedExecutionException if the loop has ended
   */
  final void lookAt(long timeNs) {
    if (timeNs >= setForNs) {
      return;
    }
    Timeout made = timer;
    if (made == null) {
      made = home.loop.newTimeout(this::fires);
      timer = made;
    }
    made.rescheduleNs(Math.max(0, timeNs - home.nowNs()));
    setForNs = timeNs;
  }

  /** The same, unless the loop is at its end, which ends all before any time does. */
  final void lookAtIfItRuns(long timeNs) {
    try {
      lookAt(timeNs);
    } catch (RejectedExecutionException e) {
      // What waits for the time hears of the end instead.
    }
  }

  private void fires() {
    setForNs = NEVER;
    look();
  }

  /** Looks no more. */
  final void stop() {
    setForNs = Long.MIN_VALUE; // nothing is nearer
    if (timer != null) {
      timer.cancel();
    }
  }
}
