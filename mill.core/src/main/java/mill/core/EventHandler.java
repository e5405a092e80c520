package mill.core;

import mill.natives.Readiness;

/**
 * Handles readiness: called by an {@link EventLoop} when a pollable is ready for what it was
 * registered for.
 *
 * <pre>
 *   register ──▶ onReady, onShutdown, tasks of execute, in any order ──▶ onError, if one threw
 *       │                                │                                  │
 *       │                                └──────────▶ onClosed ◀────────────┘
 *       └── refused: register throws ─────────────────────▲
 * </pre>
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
   * cancelled and its pollable closed. On the same thread; only {@link #onClosed} comes after it.
   *
   * <p>By default it logs to the logger {@code mill.core}. That a read or a write failed, since the
   * peer has gone for instance, is one line of level {@code DEBUG} without a stack; so is a {@link
   * java.nio.channels.ClosedChannelException}. Everything else is a warning with its stack.
   *
   * @param registration what was ready
   * @param error what was thrown
   */
  default void onError(Registration registration, Throwable error) {
    HandlerErrors.log(registration, error);
  }

  /**
   * Called when the registration has ended, in whatever way: once, and last. What the handler holds
   * for it is to be given back here, buffers for instance. By default it does nothing.
   *
   * <p>It is called when the kernel has forgotten the pollable, which may still be open ({@link
   * CloseReason#CANCELLED}) or about to be closed. Never at the same time as another callback of
   * the registration nor inside one, however that ended it: with {@link DispatchMode#INLINE} on the
   * loop's thread, in the same turn if the loop's thread has ended it, and with {@link
   * DispatchMode#WORKERS} on a worker. While the loop does not run it is called on the thread that
   * ends the registration, or closes the loop, before that call returns; only if it ends one inside
   * {@code onClosed} of another it is called when that has returned. {@link CloseReason#REFUSED} is
   * told on the thread that registers, before {@code register} throws.
   *
   * <p>As the loop is closed nothing can be registered, executed or scheduled here any more.
   *
   * @param registration what has ended; {@link Registration#isCancelled()} is true
   * @param reason the cause that came first
   * @throws Exception goes to the thread's uncaught-exception handler, and nothing else comes of it
   */
  default void onClosed(Registration registration, CloseReason reason) throws Exception {}

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
