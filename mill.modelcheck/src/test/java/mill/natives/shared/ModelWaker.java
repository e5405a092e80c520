package mill.natives.shared;

import static mill.modelcheck.Scenario.check;

import java.util.Map;
import mill.natives.platform.Errnos;

/** A waker with a model of the kernel's side: one event for all signals since the last one. */
final class ModelWaker extends Waker {
  private static final Errnos ERRNOS =
      new Errnos(Map.of("EAGAIN", 11, "EINTR", 4, "EINPROGRESS", 115, "ENOTCONN", 107));

  private boolean signalled;
  private boolean gone;

  ModelWaker() {
    super(ERRNOS, "signal");
  }

  @Override
  protected synchronized int signal() {
    check(!gone, "signalled after the close");
    signalled = true;
    notifyAll();
    return 0;
  }

  /** What a backend's poll does, and whether it waits for a signal. */
  void poll(boolean waits) {
    if (takeSignal(waits)) {
      seen();
    }
  }

  private synchronized boolean takeSignal(boolean waits) {
    while (waits && !signalled) {
      try {
        wait();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
    boolean taken = signalled;
    signalled = false;
    return taken;
  }

  /** The kernel gives its number to a stranger. */
  synchronized void release() {
    gone = true;
  }
}
