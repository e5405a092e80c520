package mill.core;

import java.io.IOException;
import java.util.concurrent.RejectedExecutionException;

/**
 * A fake of a throttle's gate, whose timer goes off when a virtual clock gets there, and that fails
 * when it is told.
 */
final class ManualGate implements ThrottleGate {
  private final VirtualNanos clock;
  private final Runnable onTime;
  boolean suspended;
  boolean timerRuns;
  int resumes;
  int timers;
  boolean failSuspend;
  boolean failTimer;
  private long dueNs;

  ManualGate(VirtualNanos clock, Runnable onTime) {
    this.clock = clock;
    this.onTime = onTime;
  }

  @Override
  public void suspend() throws IOException {
    if (failSuspend) {
      throw new IOException("no");
    }
    suspended = true;
  }

  @Override
  public void resume() {
    suspended = false;
    resumes++;
  }

  @Override
  public void startTimer(long delayNs) {
    if (failTimer) {
      throw new RejectedExecutionException("the loop has ended");
    }
    timers++;
    timerRuns = true;
    dueNs = clock.getAsLong() + delayNs;
  }

  @Override
  public void cancelTimer() {
    timerRuns = false;
  }

  /** How long the timer still runs. */
  long waitNs() {
    if (!timerRuns) {
      throw new AssertionError("no timer runs");
    }
    return dueNs - clock.getAsLong();
  }

  /** Moves the clock to the timer's time, and lets it go off. */
  void passTime() {
    clock.advance(waitNs());
    timerRuns = false;
    onTime.run();
  }

  /** Lets the timer go off if its time has come. */
  void goOffIfDue() {
    if (timerRuns && waitNs() <= 0) {
      timerRuns = false;
      onTime.run();
    }
  }

  /** The timer goes off although it was cancelled: it was on its way already. */
  void goOffLate() {
    onTime.run();
  }
}
