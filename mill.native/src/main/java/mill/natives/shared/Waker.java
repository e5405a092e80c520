package mill.natives.shared;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import mill.natives.platform.Errnos;

/**
 * Ends a poller's wait from another thread: the protocol, of which a backend brings {@link
 * #signal()}.
 *
 * <pre>
 *              wake(): signal()              the poll saw it: seen()
 *   IDLE ────────────────────────▶ PENDING ─────────────────────────▶ IDLE
 *    ▲                              │ │  ▲
 *    └──────────────────────────────┘ └──┘ wake(): nothing to do, the wait ends anyway
 *       the signal failed, or threw
 * </pre>
 *
 * <p>The flag keeps a thousand calls to one signal. The order in {@link #seen()} matters: the flag
 * is lowered before the loop looks at its queues, so whoever finds it still up has put its work
 * where the loop is about to look. And it is lowered whatever ends a wake-up that did not get
 * through: left up, it would keep every later one from being tried.
 */
public abstract class Waker {
  private static final VarHandle PENDING;

  static {
    try {
      PENDING = MethodHandles.lookup().findVarHandle(Waker.class, "pending", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Errnos errnos;
  private final String call;
  private final Object lock = new Object();

  // Raised through PENDING, lowered by plain writes.
  private volatile boolean pending;

  @GuardedBy("lock")
  private boolean closed;

  /**
   * Makes a waker with the flag down.
   *
   * @param errnos names the errors
   * @param call names the call that {@link #signal()} makes
   */
  protected Waker(Errnos errnos, String call) {
    this.errnos = errnos;
    this.call = call;
  }

  /**
   * Ends the wait that is under way, or else the next one. Any thread, one at a time, never after
   * {@link #close()}.
   *
   * @return {@code n >= 0}, or {@code -errno} if no wait will end
   */
  protected abstract int signal();

  /**
   * Ends the wait that is under way, or else the next one, unless that is on its way already. Any
   * thread. Does nothing after {@link #close()}.
   *
   * @throws IllegalStateException if the system refuses; the next call tries again, as it does
   *     after anything else that is thrown here
   */
  public final void wake() {
    boolean done = false;
    try {
      // The raising is within, for it may throw when it is done, for want of stack. Lowering a flag
      // that somebody else has raised costs one signal too many at most.
      done = (boolean) PENDING.getAndSet(this, true) || signalUnlessClosed();
    } finally {
      if (!done) {
        pending = false; // no call: there may be no stack left for one
      }
    }
  }

  private boolean signalUnlessClosed() {
    // Holding the lock keeps close() from giving the number to a stranger before the call.
    synchronized (lock) {
      int result = closed ? 0 : signal();
      if (result < 0) {
        throw new IllegalStateException(errnos.exception(call, result));
      }
      return true;
    }
  }

  /** Takes note that the poll has seen the signal. The polling thread. */
  public final void seen() {
    pending = false;
  }

  /** Ends signalling: when this returns, nobody signals any more. Any thread. */
  public final void close() {
    synchronized (lock) {
      closed = true;
    }
  }
}
