package mill.natives.linux;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import mill.natives.ffm.CallMemory;
import mill.natives.ffm.NativeCalls;
import mill.natives.gen.linux.Linux;

/** The calls that move bytes: the hot half. Each returns {@code n >= 0} or {@code -errno}. */
final class TransferCalls {
  private TransferCalls() {}

  /** {@code recv(2)}. */
  static long recv(int fd, MemorySegment buffer, long length, int flags) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (long) Recv.HANDLE.invokeExact(memory.errnoSegment(), fd, buffer, length, flags));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code send(2)}. */
  static long send(int fd, MemorySegment buffer, long length, int flags) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (long) Send.HANDLE.invokeExact(memory.errnoSegment(), fd, buffer, length, flags));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code recvfrom(2)}. */
  static long recvfrom(
      int fd,
      MemorySegment buffer,
      long length,
      int flags,
      MemorySegment address,
      MemorySegment addressLength) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (long)
              Recvfrom.HANDLE.invokeExact(
                  memory.errnoSegment(), fd, buffer, length, flags, address, addressLength));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code sendto(2)}. */
  static long sendto(
      int fd,
      MemorySegment buffer,
      long length,
      int flags,
      MemorySegment address,
      int addressLength) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (long)
              Sendto.HANDLE.invokeExact(
                  memory.errnoSegment(), fd, buffer, length, flags, address, addressLength));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code sendmsg(2)}. */
  static long sendmsg(int fd, MemorySegment message, int flags) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (long) Sendmsg.HANDLE.invokeExact(memory.errnoSegment(), fd, message, flags));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code recvmsg(2)}. */
  static long recvmsg(int fd, MemorySegment message, int flags) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (long) Recvmsg.HANDLE.invokeExact(memory.errnoSegment(), fd, message, flags));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code sendmmsg(2)}. */
  static int sendmmsg(int fd, MemorySegment messages, int count, int flags) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (int) Sendmmsg.HANDLE.invokeExact(memory.errnoSegment(), fd, messages, count, flags));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code recvmmsg(2)}, which waits for nothing. */
  static int recvmmsg(int fd, MemorySegment messages, int count, int flags) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (int)
              Recvmmsg.HANDLE.invokeExact(
                  memory.errnoSegment(), fd, messages, count, flags, MemorySegment.NULL));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code read(2)}. */
  static long read(int fd, MemorySegment buffer, long length) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (long) Read.HANDLE.invokeExact(memory.errnoSegment(), fd, buffer, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code write(2)}. */
  static long write(int fd, MemorySegment buffer, long length) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (long) Write.HANDLE.invokeExact(memory.errnoSegment(), fd, buffer, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code readv(2)}. */
  static long readv(int fd, MemorySegment vectors, int count) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (long) Readv.HANDLE.invokeExact(memory.errnoSegment(), fd, vectors, count));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  // A class for each handle: linking costs start-up time, so a program links only what it calls.

  private static final class Recv {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.recv$address(), Linux.recv$descriptor());
  }

  private static final class Send {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.send$address(), Linux.send$descriptor());
  }

  private static final class Recvfrom {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.recvfrom$address(), Linux.recvfrom$descriptor());
  }

  private static final class Sendto {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.sendto$address(), Linux.sendto$descriptor());
  }

  private static final class Sendmsg {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.sendmsg$address(), Linux.sendmsg$descriptor());
  }

  private static final class Recvmsg {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.recvmsg$address(), Linux.recvmsg$descriptor());
  }

  private static final class Sendmmsg {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.sendmmsg$address(), Linux.sendmmsg$descriptor());
  }

  private static final class Recvmmsg {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.recvmmsg$address(), Linux.recvmmsg$descriptor());
  }

  private static final class Read {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.read$address(), Linux.read$descriptor());
  }

  private static final class Write {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.write$address(), Linux.write$descriptor());
  }

  private static final class Readv {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.readv$address(), Linux.readv$descriptor());
  }
}
