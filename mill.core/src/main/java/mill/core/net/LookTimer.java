package mill.core.net;

import java.util.concurrent.RejectedExecutionException;
import mill.core.Timeout;
import org.jspecify.annotations.Nullable;

/**
 * One timer for many times: it is moved when a time comes nearer, and not when one goes away. Who
 * looks when it fires sets it for what is next. The loop's thread.
 */
final class LookTimer {
  /** A time that never comes. */
  static final long NEVER = Long.MAX_VALUE;

  private final LoopConnections home;
  private final Runnable look;
  private @Nullable Timeout timer; // from the first time on
  private long setForNs = NEVER;

  LookTimer(LoopConnections home, Runnable look) {
    this.home = home;
    this.look = look;
  }

  /**
   * Looks at a time, or before.
   *
   * @param timeNs as {@link LoopConnections#nowNs}
   * @throws RejectedExecutionException if the loop has ended
   */
  void lookAt(long timeNs) {
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

  private void fires() {
    setForNs = NEVER;
    look.run();
  }

  /** Looks no more. */
  void stop() {
    setForNs = Long.MIN_VALUE; // nothing is nearer
    if (timer != null) {
      timer.cancel();
    }
  }
}
