package mill.natives.bsd;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import mill.natives.gen.macos.MacOs;
import mill.natives.platform.Errnos;
import mill.natives.platform.PollerBackend;
import mill.natives.shared.Waker;

/**
 * Ends a {@code kevent} wait from another thread by triggering an EVFILT_USER event.
 *
 * <p>EV_CLEAR takes the trigger back as it is reported, so the polling side makes no call. The
 * trigger repeats the token: a kqueue may take over the udata of any change that touches an event.
 */
final class KqueueWaker extends Waker {
  private final int kq;
  private final KqueueCalls calls;
  private final Errnos errnos;

  // Written once, so that any thread may pass it to the kernel.
  private final MemorySegment trigger;

  KqueueWaker(int kq, KqueueCalls calls, Errnos errnos, KeventLayout layout, Arena arena) {
    super(errnos, "kevent(NOTE_TRIGGER)");
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

  @Override
  protected int signal() {
    int result = calls.kevent(kq, trigger, 1, MemorySegment.NULL, 0, MemorySegment.NULL);
    return errnos.isInterrupted(result) ? 0 : result; // the changes were applied all the same
  }
}
