package mill.core;

import java.io.IOException;
import java.io.UncheckedIOException;
import mill.natives.Interest;

/** One direction of a registration, and a timer of its loop. */
final class RegistrationGate implements ThrottleGate {
  private final Registration registration;
  private final Interest direction;
  private final Timeout timer;

  RegistrationGate(Registration registration, Interest direction, Runnable onTime) {
    this.registration = registration;
    this.direction = direction;
    timer = registration.loop().newTimeout(onTime);
  }

  @Override
  public void suspend() throws IOException {
    registration.suspend(direction);
  }

  @Override
  public void resume() {
    try {
      registration.resume(direction);
    } catch (IOException e) {
      // Nothing would ever be reported again.
      registration.close();
      throw new UncheckedIOException("closed, for it cannot be resumed: " + registration, e);
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
