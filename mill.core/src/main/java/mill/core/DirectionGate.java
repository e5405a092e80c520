package mill.core;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.Function;

/** One direction of a registration, and a timer of its loop. */
final class DirectionGate implements ThrottleGate {
  /** Takes a direction out of what the kernel is asked for, or puts it back. */
  @FunctionalInterface
  interface Suspension {
    void set(boolean suspended) throws IOException;
  }

  private final Suspension suspension;
  private final Runnable close;
  private final Timeout timer;

  /**
   * Makes a gate.
   *
   * @param suspension suspends and resumes the direction
   * @param close closes the registration, when it cannot be resumed
   * @param timers makes a timer of the loop
   * @param onTime what the timer is to run
   */
  DirectionGate(
      Suspension suspension, Runnable close, Function<Runnable, Timeout> timers, Runnable onTime) {
    this.suspension = suspension;
    this.close = close;
    timer = timers.apply(onTime);
  }

  @Override
  public void suspend() throws IOException {
    suspension.set(true);
  }

  @Override
  public void resume() {
    try {
      suspension.set(false);
    } catch (IOException e) {
      // Nothing would ever be reported again.
      close.run();
      throw new UncheckedIOException("closed, for it cannot be resumed", e);
    }
  }

  @Override
  public void startTimer(long delayNs) {
    timer.rescheduleNs(delayNs);
  }

  @Override
  public void cancelTimer() {
    timer.cancel();
  }
}
