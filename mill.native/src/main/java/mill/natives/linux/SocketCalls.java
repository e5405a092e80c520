package mill.natives.linux;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import mill.natives.ffm.CallMemory;
import mill.natives.ffm.NativeCalls;
import mill.natives.gen.linux.Linux;

/** The calls that make, name and set up sockets. Each returns {@code n >= 0} or {@code -errno}. */
final class SocketCalls {
  private SocketCalls() {}

  /** {@code socket(2)}. */
  static int socket(int domain, int type, int protocol) {
    CallMemory memory = CallMemory.current();
    try {
      return memory.orErrno(
          (int) Socket.HANDLE.invokeExact(memory.errnoSegment(), domain, type, protocol));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  /** {@code socketpair(2)}. */
  static int socketpair(int domain, int type, int protocol, MemorySegment fds) {
    CallMemory memory = CallMemory.current();
    try {
      return memory.orErrno(
          (int) Socketpair.HANDLE.invokeExact(memory.errnoSegment(), domain, type, protocol, fds));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  /** {@code pipe2(2)}. */
  static int pipe2(MemorySegment fds, int flags) {
    CallMemory memory = CallMemory.current();
    try {
      return memory.orErrno((int) Pipe2.HANDLE.invokeExact(memory.errnoSegment(), fds, flags));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  /** {@code bind(2)}. */
  static int bind(int fd, MemorySegment address, int length) {
    CallMemory memory = CallMemory.current();
    try {
      return memory.orErrno(
          (int) Bind.HANDLE.invokeExact(memory.errnoSegment(), fd, address, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  /** {@code listen(2)}. */
  static int listen(int fd, int backlog) {
    CallMemory memory = CallMemory.current();
    try {
      return memory.orErrno((int) Listen.HANDLE.invokeExact(memory.errnoSegment(), fd, backlog));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  /** {@code accept4(2)}. */
  static int accept4(int fd, MemorySegment address, MemorySegment length, int flags) {
    CallMemory memory = CallMemory.current();
    try {
      return memory.orErrno(
          (int) Accept4.HANDLE.invokeExact(memory.errnoSegment(), fd, address, length, flags));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  /** {@code connect(2)}. */
  static int connect(int fd, MemorySegment address, int length) {
    CallMemory memory = CallMemory.current();
    try {
      return memory.orErrno(
          (int) Connect.HANDLE.invokeExact(memory.errnoSegment(), fd, address, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  /** {@code getsockname(2)}. */
  static int getsockname(int fd, MemorySegment address, MemorySegment length) {
    CallMemory memory = CallMemory.current();
    try {
      return memory.orErrno(
          (int) Getsockname.HANDLE.invokeExact(memory.errnoSegment(), fd, address, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  /** {@code getpeername(2)}. */
  static int getpeername(int fd, MemorySegment address, MemorySegment length) {
    CallMemory memory = CallMemory.current();
    try {
      return memory.orErrno(
          (int) Getpeername.HANDLE.invokeExact(memory.errnoSegment(), fd, address, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  /** {@code setsockopt(2)}. */
  static int setsockopt(int fd, int level, int option, MemorySegment value, int length) {
    CallMemory memory = CallMemory.current();
    try {
      return memory.orErrno(
          (int)
              Setsockopt.HANDLE.invokeExact(
                  memory.errnoSegment(), fd, level, option, value, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  /** {@code getsockopt(2)}. */
  static int getsockopt(int fd, int level, int option, MemorySegment value, MemorySegment length) {
    CallMemory memory = CallMemory.current();
    try {
      return memory.orErrno(
          (int)
              Getsockopt.HANDLE.invokeExact(
                  memory.errnoSegment(), fd, level, option, value, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  /** {@code shutdown(2)}. */
  static int shutdown(int fd, int how) {
    CallMemory memory = CallMemory.current();
    try {
      return memory.orErrno((int) Shutdown.HANDLE.invokeExact(memory.errnoSegment(), fd, how));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  // A class for each handle: linking costs start-up time, so a program links only what it calls.

  private static final class Socket {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.socket$address(), Linux.socket$descriptor());
  }

  private static final class Socketpair {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.socketpair$address(), Linux.socketpair$descriptor());
  }

  private static final class Pipe2 {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.pipe2$address(), Linux.pipe2$descriptor());
  }

  private static final class Bind {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.bind$address(), Linux.bind$descriptor());
  }

  private static final class Listen {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.listen$address(), Linux.listen$descriptor());
  }

  private static final class Accept4 {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.accept4$address(), Linux.accept4$descriptor());
  }

  private static final class Connect {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.connect$address(), Linux.connect$descriptor());
  }

  private static final class Getsockname {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.getsockname$address(), Linux.getsockname$descriptor());
  }

  private static final class Getpeername {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.getpeername$address(), Linux.getpeername$descriptor());
  }

  private static final class Setsockopt {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.setsockopt$address(), Linux.setsockopt$descriptor());
  }

  private static final class Getsockopt {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.getsockopt$address(), Linux.getsockopt$descriptor());
  }

  private static final class Shutdown {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.shutdown$address(), Linux.shutdown$descriptor());
  }
}
