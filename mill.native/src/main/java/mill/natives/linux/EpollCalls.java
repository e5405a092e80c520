package mill.natives.linux;

import java.lang.foreign.MemorySegment;
import mill.natives.ffm.NativeCalls;
import mill.natives.ffm.NativeFunction;

/**
 * The epoll and eventfd calls. Each returns {@code n >= 0} or {@code -errno}. Their memory is the
 * poller's own and outlives the call.
 */
final class EpollCalls {
  private static final NativeFunction CREATE = NativeFunction.of("epoll_create1");
  private static final NativeFunction CTL = NativeFunction.of("epoll_ctl");
  private static final NativeFunction WAIT = NativeFunction.of("epoll_wait");
  private static final NativeFunction EVENT_FD = NativeFunction.of("eventfd");
  private static final NativeFunction WRITE = NativeFunction.of("write");

  private EpollCalls() {}

  /** {@code epoll_create1(2)}. */
  static int create(int flags) {
    return CREATE.call(flags);
  }

  /** {@code epoll_ctl(2)}. */
  static int ctl(int epfd, int op, int fd, MemorySegment event) {
    return CTL.call(epfd, op, fd, event.address());
  }

  /** {@code epoll_wait(2)}, milliseconds. */
  static int waitMs(int epfd, MemorySegment events, int maxEvents, int timeoutMs) {
    return WAIT.call(epfd, events.address(), maxEvents, timeoutMs);
  }

  /** {@code epoll_pwait2(2)}, a {@code timespec}; Linux 5.11 and glibc 2.35. */
  static int waitTimespec(int epfd, MemorySegment events, int maxEvents, MemorySegment timeout) {
    return Pwait2.FUNCTION.call(epfd, events.address(), maxEvents, timeout.address());
  }

  /** {@code eventfd(2)}. */
  static int eventFd(int initial, int flags) {
    return EVENT_FD.call(initial, flags);
  }

  /** {@code write(2)} to an eventfd; the number to add, eight bytes. */
  static int signal(int fd, MemorySegment number) {
    return WRITE.call(fd, number.address(), Long.BYTES);
  }

  /**
   * Whether the C library has {@code epoll_pwait2}; whether the kernel has it, only a call can
   * tell.
   */
  static boolean hasPwait2() {
    return NativeCalls.exists("epoll_pwait2");
  }

  /** A class of its own, for not every C library has it. */
  private static final class Pwait2 {
    static final NativeFunction FUNCTION = NativeFunction.of("epoll_pwait2");
  }
}
