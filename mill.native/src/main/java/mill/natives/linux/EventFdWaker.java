package mill.natives.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import mill.natives.platform.Errnos;

/**
 * Ends an {@code epoll_wait} from another thread by writing to an eventfd.
 *
 * <pre>
 *              wake(): write(2)              the poll saw it: seen()
 *   IDLE ────────────────────────▶ PENDING ─────────────────────────▶ IDLE
 *                                   │  ▲
 *                                   └──┘ wake(): nothing to do, the wait ends anyway
 * </pre>
 *
 * <p>The eventfd is watched edge-triggered and never read: each write is a new edge, and its 64-bit
 * counter outlasts any program. So a wake-up costs one write and nothing on the polling side. The
 * order in {@link #seen()} matters: the flag is lowered before the loop looks at its queues, so
 * whoever finds it still up has put its work where the loop is about to look.
 */
final class EventFdWaker {
  private static final VarHandle PENDING;

  static {
    try {
      PENDING = MethodHandles.lookup().findVarHandle(EventFdWaker.class, "pending", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final int fd;
  private final LinuxSockets sockets;
  private final Errnos errnos;
  private final MemorySegment one;

  @SuppressWarnings("FieldMayBeFinal") // written through PENDING
  private volatile boolean pending;

  private boolean closed; // guarded by this

  EventFdWaker(int fd, LinuxSockets sockets, Errnos errnos, Arena arena) {
    this.fd = fd;
    this.sockets = sockets;
    this.errnos = errnos;
    one = arena.allocate(ValueLayout.JAVA_LONG);
    one.set(ValueLayout.JAVA_LONG, 0, 1);
  }

  int fd() {
    return fd;
  }

  void wake() {
    if ((boolean) PENDING.getAndSet(this, true)) {
      return;
    }
    // Holding the monitor keeps close() from giving the number to a stranger before the write.
    synchronized (this) {
      if (closed) {
        return;
      }
      int written = sockets.write(fd, one, 0, Long.BYTES);
      if (written < 0) {
        PENDING.setVolatile(this, false); // nothing is on its way: the next call must try again
        throw new IllegalStateException(errnos.exception("write(eventfd)", written));
      }
    }
  }

  void seen() {
    PENDING.setVolatile(this, false);
  }

  synchronized void close() {
    closed = true;
    sockets.close(fd);
  }
}
