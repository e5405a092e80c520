package mill.sim.programs;

import java.time.Duration;
import mill.core.EventLoop;
import mill.core.Timeout;
import mill.sim.Simulation;

/** A timer: never early, not twice, not after it was cancelled, not after its loop. */
final class TrackedTimer {
  private final Simulation sim;
  private final EventLoop loop;
  private final Timeout timeout;
  private Duration due;
  private boolean cancelled;
  private boolean over;
  private int ran;

  TrackedTimer(Simulation sim, EventLoop loop, Duration delay) {
    this.sim = sim;
    this.loop = loop;
    due = sim.now().plus(delay);
    timeout = loop.schedule(delay, this::fire);
  }

  private void fire() {
    ran++;
    if (sim.now().compareTo(due) < 0) {
      sim.fail(new AssertionError("a timer fired at " + sim.now() + ", before " + due));
    }
    if (cancelled || over || ran > 1) {
      sim.fail(new AssertionError("a timer fired that was cancelled, over, or had fired: " + ran));
    }
  }

  /** Cancels or moves it. */
  void change() {
    if (sim.chance(0.5)) {
      cancelled |= timeout.cancel();
      return;
    }
    Duration delay = Duration.ofNanos(sim.between(0, 50_000_000));
    Duration before = due;
    due = sim.now().plus(delay);
    if (cancelled || ran > 0 || !timeout.reschedule(delay)) {
      due = before;
    }
  }

  boolean isDone() {
    return ran > 0 || cancelled;
  }

  /** When the loop has ended. */
  void verifyEnd() {
    over = true;
    if (timeout.isScheduled()) {
      sim.fail(new AssertionError("a timer is scheduled, and its loop has ended: " + loop));
    }
  }
}
