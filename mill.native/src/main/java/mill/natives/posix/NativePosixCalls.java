package mill.natives.posix;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Objects;
import mill.natives.ffm.CallMemory;
import mill.natives.ffm.NativeCalls;
import mill.natives.gen.linux.Linux;

/**
 * The calls of the C library that Linux, macOS and FreeBSD declare alike.
 *
 * <p>A backend adds the two that make descriptors and have successors on some systems: {@link
 * #pipe} and {@link #accept}.
 */
public abstract class NativePosixCalls implements PosixCalls {
  // Where the variable arguments of fcntl begin.
  private static final int FCNTL_FIXED_ARGUMENTS = 2;

  /**
   * Links {@code close(2)} at once: giving descriptors back may not fail later because loading a
   * class needs a descriptor and there is none left.
   */
  protected NativePosixCalls() {
    Objects.requireNonNull(Close.HANDLE);
  }

  @Override
  public final int socket(int domain, int type, int protocol) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (int) Socket.HANDLE.invokeExact(memory.errnoSegment(), domain, type, protocol));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  @Override
  public final int socketpair(int domain, int type, int protocol, MemorySegment fds) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (int) Socketpair.HANDLE.invokeExact(memory.errnoSegment(), domain, type, protocol, fds));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  @Override
  public final int bind(int fd, MemorySegment address, int length) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (int) Bind.HANDLE.invokeExact(memory.errnoSegment(), fd, address, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  @Override
  public final int listen(int fd, int backlog) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno((int) Listen.HANDLE.invokeExact(memory.errnoSegment(), fd, backlog));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  @Override
  public final int connect(int fd, MemorySegment address, int length) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (int) Connect.HANDLE.invokeExact(memory.errnoSegment(), fd, address, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  @Override
  public final int getsockname(int fd, MemorySegment address, MemorySegment length) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (int) Getsockname.HANDLE.invokeExact(memory.errnoSegment(), fd, address, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  @Override
  public final int getpeername(int fd, MemorySegment address, MemorySegment length) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (int) Getpeername.HANDLE.invokeExact(memory.errnoSegment(), fd, address, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  @Override
  public final int setsockopt(int fd, int level, int option, MemorySegment value, int length) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (int)
              Setsockopt.HANDLE.invokeExact(
                  memory.errnoSegment(), fd, level, option, value, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  @Override
  public final int getsockopt(
      int fd, int level, int option, MemorySegment value, MemorySegment length) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (int)
              Getsockopt.HANDLE.invokeExact(
                  memory.errnoSegment(), fd, level, option, value, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  @Override
  public final int shutdown(int fd, int how) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno((int) Shutdown.HANDLE.invokeExact(memory.errnoSegment(), fd, how));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  @Override
  public final int fcntl(int fd, int command, int argument) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (int) Fcntl.HANDLE.invokeExact(memory.errnoSegment(), fd, command, argument));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  @Override
  public final int close(int fd) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno((int) Close.HANDLE.invokeExact(memory.errnoSegment(), fd));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  // A class for each handle: linking costs start-up time, so a program links only what it calls.

  private static final class Socket {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("socket"), Linux.socket$descriptor());
  }

  private static final class Socketpair {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("socketpair"), Linux.socketpair$descriptor());
  }

  private static final class Bind {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("bind"), Linux.bind$descriptor());
  }

  private static final class Listen {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("listen"), Linux.listen$descriptor());
  }

  private static final class Connect {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("connect"), Linux.connect$descriptor());
  }

  private static final class Getsockname {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("getsockname"), Linux.getsockname$descriptor());
  }

  private static final class Getpeername {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("getpeername"), Linux.getpeername$descriptor());
  }

  private static final class Setsockopt {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("setsockopt"), Linux.setsockopt$descriptor());
  }

  private static final class Getsockopt {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("getsockopt"), Linux.getsockopt$descriptor());
  }

  private static final class Shutdown {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("shutdown"), Linux.shutdown$descriptor());
  }

  private static final class Fcntl {
    private static final FunctionDescriptor DESCRIPTOR =
        Linux.fcntl.BASE_DESC.appendArgumentLayouts(Linux.C_INT);
    static final MethodHandle HANDLE =
        NativeCalls.linkVariadic(NativeCalls.function("fcntl"), DESCRIPTOR, FCNTL_FIXED_ARGUMENTS);
  }

  private static final class Close {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("close"), Linux.close$descriptor());
  }
}
