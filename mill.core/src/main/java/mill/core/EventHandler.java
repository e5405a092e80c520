package mill.core;

import java.lang.System.Logger.Level;
import mill.natives.Readiness;

/** Is called when what it is registered for is ready. */
@FunctionalInterface
public interface EventHandler {
  /**
   * Deals with readiness. On the loop's thread, or with {@link DispatchMode#WORKERS} on a worker;
   * never on two threads at once.
   *
   * <p>Readiness is a hint: a read or write may still find that it would block.
   *
   * @param registration what is ready
   * @param readiness how
   * @throws Exception what the handler cannot deal with: the loop cancels the registration, closes
   *     its pollable and calls {@link #onError}. Other registrations do not notice
   */
  void onReady(Registration registration, Readiness readiness) throws Exception;

  /**
   * Hears that {@link #onReady} threw, after the registration was cancelled and its pollable
   * closed. The last call for this registration, on the same thread. By default it logs a warning
   * to the logger {@code mill.core}.
   *
   * @param registration what was ready
   * @param error what was thrown
   */
  default void onError(Registration registration, Throwable error) {
    System.getLogger("mill.core")
        .log(Level.WARNING, "a handler threw, its connection was closed: " + registration, error);
  }

  /**
   * Hears, once, that the loop shuts down: finish and close. On the thread that calls {@link
   * #onReady}, never beside it; listeners are closed without it. By default it closes the
   * registration at once.
   *
   * <p>A handler that still has something to deliver goes on as before and closes its registration
   * when that is done. What is still there when the time is over is closed by the loop.
   *
   * @param registration what is to end
   * @throws Exception as from {@link #onReady}
   * @see EventLoop#shutdown
   */
  default void onShutdown(Registration registration) throws Exception {
    registration.close();
  }

  /**
   * Tells how many bytes this has taken over and not delivered yet, for the {@link ShutdownReport}.
   * Any thread, also beside {@link #onReady}: read a number, take no lock. Asked as a shutdown
   * begins and again when the registration ends meanwhile. By default none.
   *
   * @param registration whose bytes
   * @return the number of bytes, at least 0
   */
  default long undeliveredBytes(Registration registration) {
    return 0;
  }
}
