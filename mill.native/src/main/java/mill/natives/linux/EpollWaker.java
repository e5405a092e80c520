package mill.natives.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mill.natives.platform.Errnos;
import mill.natives.shared.Waker;

/**
 * Ends an {@code epoll_wait} from another thread by writing to an eventfd ({@code eventfd(2)}).
 *
 * <p>The eventfd is watched edge-triggered and never read: each write is a new edge, and its 64-bit
 * counter outlasts any program. So a wake-up costs one write and nothing on the polling side.
 */
final class EpollWaker extends Waker {
  private final int fd;
  private final MemorySegment one;

  EpollWaker(int fd, Errnos errnos, Arena arena) {
    super(errnos, "write(eventfd)");
    this.fd = fd;
    one = arena.allocate(ValueLayout.JAVA_LONG);
    one.set(ValueLayout.JAVA_LONG, 0, 1);
  }

  int fd() {
    return fd;
  }

  @Override
  protected int signal() {
    return EpollCalls.signal(fd, one);
  }
}
