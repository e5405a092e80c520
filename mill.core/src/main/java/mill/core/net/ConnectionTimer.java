package mill.core.net;

import java.util.concurrent.RejectedExecutionException;
import mill.core.Timeout;
import org.jspecify.annotations.Nullable;

/**
 * The one timer of a connection. What happens on it only notes the time; the timer looks at the
 * notes when it fires, and is set anew. A time that comes nearer moves it, one that goes further
 * away does not. The loop's thread.
 */
final class ConnectionTimer {
  /** A time that never comes. */
  static final long NEVER = Long.MAX_VALUE;

  private final LoopConnections home;
  private final Runnable look;
  private @Nullable Timeout timeout;
  private long setFor = NEVER;

  ConnectionTimer(LoopConnections home, Runnable look) {
    this.home = home;
    this.look = look;
  }

  /** Looks at a time, at the latest. */
  void lookAt(long timeNs) {
    if (timeNs >= setFor) {
      return;
    }
    setFor = timeNs;
    Timeout made = timeout;
    if (made == null) {
      made = home.loop.newTimeout(this::fire);
      timeout = made;
    }
    try {
      made.rescheduleNs(Math.max(0, timeNs - home.nowNs()));
    } catch (RejectedExecutionException e) {
      // The loop is at its end, which ends the connection before any time does.
    }
  }

  private void fire() {
    setFor = NEVER;
    look.run();
  }

  void cancel() {
    setFor = Long.MIN_VALUE; // nothing is nearer
    if (timeout != null) {
      timeout.cancel();
    }
  }
}
