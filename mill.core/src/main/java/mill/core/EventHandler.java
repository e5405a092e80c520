package mill.core;

import java.lang.System.Logger.Level;
import mill.natives.Readiness;

/**
 * Handles readiness: called by an {@link EventLoop} when a pollable is ready for what it was
 * registered for.
 */
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
   * Called after {@link #onReady} or {@link #onShutdown} has thrown, when the registration has been
   * cancelled and its pollable closed. On the same thread; the last call for this registration. By
   * default it logs a warning to the logger {@code mill.core}.
   *
   * @param registration what was ready
   * @param error what was thrown
   */
  default void onError(Registration registration, Throwable error) {
    System.getLogger("mill.core")
        .log(Level.WARNING, "a handler threw, its connection was closed: " + registration, error);
  }

  /**
   * Called once when the loop shuts down: the handler is to finish its work and close the
   * registration. On the thread that calls {@link #onReady}, never at the same time; not called for
   * listeners, which are closed at once. By default it closes the registration.
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
   * Any thread, also while {@link #onReady} runs: read a number, take no lock. Asked when a
   * shutdown begins, and again when the registration ends during it. By default none.
   *
   * @param registration whose bytes
   * @return the number of bytes, at least 0
   */
  default long undeliveredBytes(Registration registration) {
    return 0;
  }
}
