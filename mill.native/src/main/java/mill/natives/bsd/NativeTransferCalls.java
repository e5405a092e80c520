package mill.natives.bsd;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import mill.natives.ffm.CallMemory;
import mill.natives.ffm.NativeCalls;
import mill.natives.gen.macos.MacOs;

/** The transfers of the C library; macOS and FreeBSD declare them alike. */
final class NativeTransferCalls implements TransferCalls {
  NativeTransferCalls() {}

  @Override
  public long recv(int fd, MemorySegment buffer, long length, int flags) {
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

  @Override
  public long send(int fd, MemorySegment buffer, long length, int flags) {
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

  @Override
  public long recvfrom(
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

  @Override
  public long sendto(
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

  @Override
  public long sendmsg(int fd, MemorySegment message, int flags) {
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

  @Override
  public long recvmsg(int fd, MemorySegment message, int flags) {
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

  @Override
  public long read(int fd, MemorySegment buffer, long length) {
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

  @Override
  public long write(int fd, MemorySegment buffer, long length) {
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

  @Override
  public long readv(int fd, MemorySegment vectors, int count) {
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
        NativeCalls.link(NativeCalls.function("recv"), MacOs.recv$descriptor());
  }

  private static final class Send {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("send"), MacOs.send$descriptor());
  }

  private static final class Recvfrom {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("recvfrom"), MacOs.recvfrom$descriptor());
  }

  private static final class Sendto {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("sendto"), MacOs.sendto$descriptor());
  }

  private static final class Sendmsg {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("sendmsg"), MacOs.sendmsg$descriptor());
  }

  private static final class Recvmsg {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("recvmsg"), MacOs.recvmsg$descriptor());
  }

  private static final class Read {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("read"), MacOs.read$descriptor());
  }

  private static final class Write {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("write"), MacOs.write$descriptor());
  }

  private static final class Readv {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("readv"), MacOs.readv$descriptor());
  }
}
