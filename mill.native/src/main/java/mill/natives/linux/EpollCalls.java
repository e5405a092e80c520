package mill.natives.linux;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import mill.natives.ffm.CallMemory;
import mill.natives.ffm.NativeCalls;
import mill.natives.gen.linux.Linux;

/** The epoll and eventfd calls. Each returns {@code n >= 0} or {@code -errno}. */
final class EpollCalls {
  private EpollCalls() {}

  /** {@code epoll_create1(2)}. */
  static int create(int flags) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno((int) Create.HANDLE.invokeExact(memory.errnoSegment(), flags));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code epoll_ctl(2)}. */
  static int ctl(int epfd, int op, int fd, MemorySegment event) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (int) Ctl.HANDLE.invokeExact(memory.errnoSegment(), epfd, op, fd, event));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code epoll_wait(2)}, milliseconds. */
  static int waitMs(int epfd, MemorySegment events, int maxEvents, int timeoutMs) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (int) Wait.HANDLE.invokeExact(memory.errnoSegment(), epfd, events, maxEvents, timeoutMs));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code epoll_pwait2(2)}, a {@code timespec}; Linux 5.11 and glibc 2.35. */
  static int waitTimespec(int epfd, MemorySegment events, int maxEvents, MemorySegment timeout) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (int)
              Pwait2.HANDLE.invokeExact(
                  memory.errnoSegment(), epfd, events, maxEvents, timeout, MemorySegment.NULL));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code eventfd(2)}. */
  static int eventFd(int initial, int flags) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (int) EventFd.HANDLE.invokeExact(memory.errnoSegment(), initial, flags));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /**
   * Whether the C library has {@code epoll_pwait2}; whether the kernel has it, only a call can
   * tell.
   */
  static boolean hasPwait2() {
    return NativeCalls.exists("epoll_pwait2");
  }

  // A class for each handle: linking costs start-up time, so a program links only what it calls.

  private static final class Create {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.epoll_create1$address(), Linux.epoll_create1$descriptor());
  }

  private static final class Ctl {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.epoll_ctl$address(), Linux.epoll_ctl$descriptor());
  }

  private static final class Wait {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.epoll_wait$address(), Linux.epoll_wait$descriptor());
  }

  private static final class Pwait2 {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.epoll_pwait2$address(), Linux.epoll_pwait2$descriptor());
  }

  private static final class EventFd {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.eventfd$address(), Linux.eventfd$descriptor());
  }
}
