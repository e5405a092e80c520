package mill.natives.windows;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import mill.natives.ffm.CallMemory;
import mill.natives.ffm.NativeCalls;
import mill.natives.gen.windows.Windows;
import mill.natives.gen.windows.Ws2_32;

/**
 * The calls of ws2_32 that make, name and set up sockets. Each returns {@code n >= 0} or the
 * negated Winsock error.
 */
final class WindowsCalls {
  private WindowsCalls() {}

  /** {@code WSAStartup}; returns the positive error, for there is nowhere to leave it yet. */
  static int startup(short version, MemorySegment data) {
    try {
      return (int) Startup.HANDLE.invokeExact(version, data);
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  /** {@code WSASocketW}. */
  static long socket(int family, int type, int protocol, int group, int flags) {
    CallMemory memory = CallMemory.acquire();
    try {
      long socket =
          (long)
              Socket.HANDLE.invokeExact(
                  memory.errnoSegment(), family, type, protocol, MemorySegment.NULL, group, flags);
      return socket == Windows.INVALID_SOCKET() ? LastErrors.winsock(memory) : socket;
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code WSAIoctl}, not overlapped. */
  static int ioctl(
      int fd,
      int code,
      MemorySegment in,
      int inLength,
      MemorySegment out,
      int outLength,
      MemorySegment returned) {
    CallMemory memory = CallMemory.acquire();
    try {
      return LastErrors.orWinsock(
          memory,
          (int)
              Ioctl.HANDLE.invokeExact(
                  memory.errnoSegment(),
                  (long) fd,
                  code,
                  in,
                  inLength,
                  out,
                  outLength,
                  returned,
                  MemorySegment.NULL,
                  MemorySegment.NULL));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code ioctlsocket}. */
  static int ioctlsocket(int fd, int command, MemorySegment argument) {
    CallMemory memory = CallMemory.acquire();
    try {
      return LastErrors.orWinsock(
          memory,
          (int)
              Ioctlsocket.HANDLE.invokeExact(memory.errnoSegment(), (long) fd, command, argument));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code bind}. */
  static int bind(int fd, MemorySegment address, int length) {
    CallMemory memory = CallMemory.acquire();
    try {
      return LastErrors.orWinsock(
          memory, (int) Bind.HANDLE.invokeExact(memory.errnoSegment(), (long) fd, address, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code listen}. */
  static int listen(int fd, int backlog) {
    CallMemory memory = CallMemory.acquire();
    try {
      return LastErrors.orWinsock(
          memory, (int) Listen.HANDLE.invokeExact(memory.errnoSegment(), (long) fd, backlog));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code accept}. */
  static long accept(int fd, MemorySegment address, MemorySegment length) {
    CallMemory memory = CallMemory.acquire();
    try {
      long socket =
          (long) Accept.HANDLE.invokeExact(memory.errnoSegment(), (long) fd, address, length);
      return socket == Windows.INVALID_SOCKET() ? LastErrors.winsock(memory) : socket;
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code connect}. */
  static int connect(int fd, MemorySegment address, int length) {
    CallMemory memory = CallMemory.acquire();
    try {
      return LastErrors.orWinsock(
          memory,
          (int) Connect.HANDLE.invokeExact(memory.errnoSegment(), (long) fd, address, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code getsockname}. */
  static int getsockname(int fd, MemorySegment address, MemorySegment length) {
    CallMemory memory = CallMemory.acquire();
    try {
      return LastErrors.orWinsock(
          memory,
          (int) Getsockname.HANDLE.invokeExact(memory.errnoSegment(), (long) fd, address, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code getpeername}. */
  static int getpeername(int fd, MemorySegment address, MemorySegment length) {
    CallMemory memory = CallMemory.acquire();
    try {
      return LastErrors.orWinsock(
          memory,
          (int) Getpeername.HANDLE.invokeExact(memory.errnoSegment(), (long) fd, address, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code setsockopt}. */
  static int setsockopt(int fd, int level, int option, MemorySegment value, int length) {
    CallMemory memory = CallMemory.acquire();
    try {
      return LastErrors.orWinsock(
          memory,
          (int)
              Setsockopt.HANDLE.invokeExact(
                  memory.errnoSegment(), (long) fd, level, option, value, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code getsockopt}. */
  static int getsockopt(int fd, int level, int option, MemorySegment value, MemorySegment length) {
    CallMemory memory = CallMemory.acquire();
    try {
      return LastErrors.orWinsock(
          memory,
          (int)
              Getsockopt.HANDLE.invokeExact(
                  memory.errnoSegment(), (long) fd, level, option, value, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code shutdown}. */
  static int shutdown(int fd, int how) {
    CallMemory memory = CallMemory.acquire();
    try {
      return LastErrors.orWinsock(
          memory, (int) Shutdown.HANDLE.invokeExact(memory.errnoSegment(), (long) fd, how));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code closesocket}. */
  static int closesocket(int fd) {
    CallMemory memory = CallMemory.acquire();
    try {
      return LastErrors.orWinsock(
          memory, (int) Closesocket.HANDLE.invokeExact(memory.errnoSegment(), (long) fd));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  // A class for each handle: linking costs start-up time, so a program links only what it calls.

  private static final class Startup {
    static final MethodHandle HANDLE =
        NativeCalls.linkUncaptured(Ws2_32.WSAStartup$address(), Ws2_32.WSAStartup$descriptor());
  }

  private static final class Socket {
    static final MethodHandle HANDLE =
        NativeCalls.link(
            Ws2_32.WSASocketW$address(), Ws2_32.WSASocketW$descriptor(), LastErrors.WINSOCK);
  }

  private static final class Ioctl {
    static final MethodHandle HANDLE =
        NativeCalls.link(
            Ws2_32.WSAIoctl$address(), Ws2_32.WSAIoctl$descriptor(), LastErrors.WINSOCK);
  }

  private static final class Ioctlsocket {
    static final MethodHandle HANDLE =
        NativeCalls.link(
            Ws2_32.ioctlsocket$address(), Ws2_32.ioctlsocket$descriptor(), LastErrors.WINSOCK);
  }

  private static final class Bind {
    static final MethodHandle HANDLE =
        NativeCalls.link(Ws2_32.bind$address(), Ws2_32.bind$descriptor(), LastErrors.WINSOCK);
  }

  private static final class Listen {
    static final MethodHandle HANDLE =
        NativeCalls.link(Ws2_32.listen$address(), Ws2_32.listen$descriptor(), LastErrors.WINSOCK);
  }

  private static final class Accept {
    static final MethodHandle HANDLE =
        NativeCalls.link(Ws2_32.accept$address(), Ws2_32.accept$descriptor(), LastErrors.WINSOCK);
  }

  private static final class Connect {
    static final MethodHandle HANDLE =
        NativeCalls.link(Ws2_32.connect$address(), Ws2_32.connect$descriptor(), LastErrors.WINSOCK);
  }

  private static final class Getsockname {
    static final MethodHandle HANDLE =
        NativeCalls.link(
            Ws2_32.getsockname$address(), Ws2_32.getsockname$descriptor(), LastErrors.WINSOCK);
  }

  private static final class Getpeername {
    static final MethodHandle HANDLE =
        NativeCalls.link(
            Ws2_32.getpeername$address(), Ws2_32.getpeername$descriptor(), LastErrors.WINSOCK);
  }

  private static final class Setsockopt {
    static final MethodHandle HANDLE =
        NativeCalls.link(
            Ws2_32.setsockopt$address(), Ws2_32.setsockopt$descriptor(), LastErrors.WINSOCK);
  }

  private static final class Getsockopt {
    static final MethodHandle HANDLE =
        NativeCalls.link(
            Ws2_32.getsockopt$address(), Ws2_32.getsockopt$descriptor(), LastErrors.WINSOCK);
  }

  private static final class Shutdown {
    static final MethodHandle HANDLE =
        NativeCalls.link(
            Ws2_32.shutdown$address(), Ws2_32.shutdown$descriptor(), LastErrors.WINSOCK);
  }

  private static final class Closesocket {
    static final MethodHandle HANDLE =
        NativeCalls.link(
            Ws2_32.closesocket$address(), Ws2_32.closesocket$descriptor(), LastErrors.WINSOCK);
  }
}
