package mill.natives;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Something that can be closed from any thread while other threads are using it.
 *
 * <pre>
 *              enter              beginClose                  last exit
 *   OPEN, 0 ◀─────────▶ OPEN, n ─────────────▶ CLOSED, n+1 ─ … ─▶ CLOSED, 0: dispose()
 *              exit
 * </pre>
 *
 * <p>Nothing enters once it is closed, so {@code CLOSED, 0} is reached once and {@link #dispose()}
 * runs once.
 */
abstract class UseCounted {
  private static final int CLOSED = Integer.MIN_VALUE;
  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(UseCounted.class, "state", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  // The sign bit says closed, the rest counts the uses in flight.
  @SuppressWarnings("FieldMayBeFinal") // written through STATE
  private volatile int state;

  UseCounted() {}

  /** Begins a use; false, with nothing to exit, if this is closed. */
  final boolean enter() {
    int seen = state;
    while (seen >= 0) {
      int witness = (int) STATE.compareAndExchange(this, seen, seen + 1);
      if (witness == seen) {
        return true;
      }
      seen = witness;
    }
    return false;
  }

  /** Ends a use, and disposes if it was the last one of something closed. */
  final void exit() {
    if ((int) STATE.getAndAdd(this, -1) == (CLOSED | 1)) {
      dispose();
    }
  }

  /** Closes; true, and counted as a use that must exit, for the one call that did it. */
  final boolean beginClose() {
    int seen = state;
    while (seen >= 0) {
      int witness = (int) STATE.compareAndExchange(this, seen, (seen + 1) | CLOSED);
      if (witness == seen) {
        return true;
      }
      seen = witness;
    }
    return false;
  }

  /** Whether nobody has begun to close this. */
  final boolean isStillOpen() {
    return state >= 0;
  }

  /** Gives everything back. Called once, after the last use. */
  abstract void dispose();
}
