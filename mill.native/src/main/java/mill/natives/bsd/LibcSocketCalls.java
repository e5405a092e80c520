package mill.natives.bsd;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import mill.natives.ffm.CallMemory;
import mill.natives.ffm.NativeCalls;
import mill.natives.gen.macos.MacOs;

/** The socket calls of the C library; macOS and FreeBSD declare them alike. */
final class LibcSocketCalls implements SocketCalls {
  LibcSocketCalls() {}

  @Override
  public int socket(int domain, int type, int protocol) {
    CallMemory memory = CallMemory.current();
    try {
      return memory.orErrno(
          (int) Socket.HANDLE.invokeExact(memory.errnoSegment(), domain, type, protocol));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  @Override
  public int socketpair(int domain, int type, int protocol, MemorySegment fds) {
    CallMemory memory = CallMemory.current();
    try {
      return memory.orErrno(
          (int) Socketpair.HANDLE.invokeExact(memory.errnoSegment(), domain, type, protocol, fds));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  @Override
  public int pipe(MemorySegment fds) {
    CallMemory memory = CallMemory.current();
    try {
      return memory.orErrno((int) Pipe.HANDLE.invokeExact(memory.errnoSegment(), fds));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  @Override
  public int bind(int fd, MemorySegment address, int length) {
    CallMemory memory = CallMemory.current();
    try {
      return memory.orErrno(
          (int) Bind.HANDLE.invokeExact(memory.errnoSegment(), fd, address, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  @Override
  public int listen(int fd, int backlog) {
    CallMemory memory = CallMemory.current();
    try {
      return memory.orErrno((int) Listen.HANDLE.invokeExact(memory.errnoSegment(), fd, backlog));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  @Override
  public int accept(int fd, MemorySegment address, MemorySegment length) {
    CallMemory memory = CallMemory.current();
    try {
      return memory.orErrno(
          (int) Accept.HANDLE.invokeExact(memory.errnoSegment(), fd, address, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  @Override
  public int connect(int fd, MemorySegment address, int length) {
    CallMemory memory = CallMemory.current();
    try {
      return memory.orErrno(
          (int) Connect.HANDLE.invokeExact(memory.errnoSegment(), fd, address, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  @Override
  public int getsockname(int fd, MemorySegment address, MemorySegment length) {
    CallMemory memory = CallMemory.current();
    try {
      return memory.orErrno(
          (int) Getsockname.HANDLE.invokeExact(memory.errnoSegment(), fd, address, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  @Override
  public int getpeername(int fd, MemorySegment address, MemorySegment length) {
    CallMemory memory = CallMemory.current();
    try {
      return memory.orErrno(
          (int) Getpeername.HANDLE.invokeExact(memory.errnoSegment(), fd, address, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  @Override
  public int setsockopt(int fd, int level, int option, MemorySegment value, int length) {
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

  @Override
  public int getsockopt(int fd, int level, int option, MemorySegment value, MemorySegment length) {
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

  @Override
  public int shutdown(int fd, int how) {
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
        NativeCalls.link(NativeCalls.function("socket"), MacOs.socket$descriptor());
  }

  private static final class Socketpair {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("socketpair"), MacOs.socketpair$descriptor());
  }

  private static final class Pipe {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("pipe"), MacOs.pipe$descriptor());
  }

  private static final class Bind {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("bind"), MacOs.bind$descriptor());
  }

  private static final class Listen {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("listen"), MacOs.listen$descriptor());
  }

  private static final class Accept {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("accept"), MacOs.accept$descriptor());
  }

  private static final class Connect {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("connect"), MacOs.connect$descriptor());
  }

  private static final class Getsockname {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("getsockname"), MacOs.getsockname$descriptor());
  }

  private static final class Getpeername {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("getpeername"), MacOs.getpeername$descriptor());
  }

  private static final class Setsockopt {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("setsockopt"), MacOs.setsockopt$descriptor());
  }

  private static final class Getsockopt {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("getsockopt"), MacOs.getsockopt$descriptor());
  }

  private static final class Shutdown {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("shutdown"), MacOs.shutdown$descriptor());
  }
}
