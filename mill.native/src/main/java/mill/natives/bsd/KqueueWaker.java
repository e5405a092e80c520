package mill.natives.bsd;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import mill.natives.gen.macos.MacOs;
import mill.natives.platform.Errnos;
import mill.natives.platform.PollerBackend;

/**
 * Ends a {@code kevent} wait from another thread by triggering an EVFILT_USER event.
 *
 * <pre>
 *              wake(): NOTE_TRIGGER          the poll saw it: seen()
 *   IDLE ────────────────────────▶ PENDING ─────────────────────────▶ IDLE
 *                                   │  ▲
 *                                   └──┘ wake(): nothing to do, the wait ends anyway
 * </pre>
 *
 * <p>EV_CLEAR takes the trigger back as it is reported, so the polling side makes no call. The flag
 * is lowered before the loop looks at its queues, so whoever finds it still up has put its work
 * where the loop is about to look. The trigger repeats the token: a kqueue may take over the udata
 * of any change that touches an event.
 */
final class KqueueWaker {
  private static final VarHandle PENDING;

  static {
    try {
      PENDING = MethodHandles.lookup().findVarHandle(KqueueWaker.class, "pending", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final int kq;
  private final KqueueCalls calls;
  private final Errnos errnos;

  // Written once, so that any thread may pass it to the kernel.
  private final MemorySegment trigger;

  @SuppressWarnings("FieldMayBeFinal") // written through PENDING
  private volatile boolean pending;

  private boolean closed; // guarded by this

  KqueueWaker(int kq, KqueueCalls calls, Errnos errnos, KeventLayout layout, Arena arena) {
    this.kq = kq;
    this.calls = calls;
    this.errnos = errnos;
    trigger = arena.allocate(layout.list(1));
    layout.write(trigger, 0, 0, layout.evfiltUser(), 0, PollerBackend.WAKER_TOKEN);
    layout.setFilterFlags(trigger, 0, MacOs.NOTE_TRIGGER());
  }

  /** Registers the event; 0 or {@code -errno}. */
  static int register(int kq, KqueueCalls calls, KeventLayout layout, MemorySegment change) {
    int flags = MacOs.EV_ADD() | MacOs.EV_ENABLE() | MacOs.EV_CLEAR();
    layout.write(change, 0, 0, layout.evfiltUser(), flags, PollerBackend.WAKER_TOKEN);
    return calls.kevent(kq, change, 1, MemorySegment.NULL, 0, MemorySegment.NULL);
  }

  void wake() {
    if ((boolean) PENDING.getAndSet(this, true)) {
      return;
    }
    // Holding the monitor keeps close() from giving the number to a stranger before the call.
    synchronized (this) {
      if (closed) {
        return;
      }
      int result = calls.kevent(kq, trigger, 1, MemorySegment.NULL, 0, MemorySegment.NULL);
      // An interrupted kevent has applied its changes.
      if (result < 0 && !errnos.isInterrupted(result)) {
        throw new IllegalStateException(errnos.exception("kevent(NOTE_TRIGGER)", result));
      }
    }
  }

  void seen() {
    PENDING.setVolatile(this, false);
  }

  /** After this nobody uses the kqueue any more. */
  synchronized void close() {
    closed = true;
  }
}
