package mill.natives.windows;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Ends a {@code GetQueuedCompletionStatusEx} from another thread by posting a packet of its own.
 *
 * <pre>
 *              wake(): a packet              the poll took it: seen()
 *   IDLE ────────────────────────▶ PENDING ─────────────────────────▶ IDLE
 *                                   │  ▲
 *                                   └──┘ wake(): nothing to do, the wait ends anyway
 * </pre>
 *
 * <p>A port's queue has no bound, so the flag is what keeps a thousand calls to one packet. The
 * order in {@link #seen()} matters: the flag is lowered before the loop looks at its queues, so
 * whoever finds it still up has put its work where the loop is about to look.
 */
final class IocpWaker {
  /** The key of its packets; those of poll operations have 0. */
  static final long KEY = 1;

  private static final VarHandle PENDING;

  static {
    try {
      PENDING = MethodHandles.lookup().findVarHandle(IocpWaker.class, "pending", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final AfdCalls calls;
  private final MemorySegment port;

  @SuppressWarnings("FieldMayBeFinal") // written through PENDING
  private volatile boolean pending;

  private boolean closed; // guarded by this

  IocpWaker(AfdCalls calls, MemorySegment port) {
    this.calls = calls;
    this.port = port;
  }

  void wake() {
    if ((boolean) PENDING.getAndSet(this, true)) {
      return;
    }
    // Holding the monitor keeps close() from giving the handle to a stranger before the call.
    synchronized (this) {
      if (closed) {
        return;
      }
      int result = calls.post(port, KEY);
      if (result < 0) {
        PENDING.setVolatile(this, false); // there is no packet that would lower it
        throw new IllegalStateException(
            WindowsErrnos.TABLE.exception("PostQueuedCompletionStatus", result));
      }
    }
  }

  void seen() {
    PENDING.setVolatile(this, false);
  }

  synchronized void close() {
    closed = true;
  }
}
