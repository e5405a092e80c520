package mill.natives.bsd;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import mill.natives.ffm.CallMemory;
import mill.natives.ffm.NativeCalls;
import mill.natives.gen.macos.MacOs;
import mill.natives.posix.NativePosixCalls;

/**
 * The cold calls of macOS and FreeBSD: those that all POSIX systems share, and the two that macOS
 * has in their oldest form alone.
 */
final class BsdCalls extends NativePosixCalls {
  BsdCalls() {}

  @Override
  public int pipe(MemorySegment fds) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno((int) Pipe.HANDLE.invokeExact(memory.errnoSegment(), fds));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  @Override
  public int accept(int fd, MemorySegment address, MemorySegment length) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (int) Accept.HANDLE.invokeExact(memory.errnoSegment(), fd, address, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  // A class for each handle: linking costs start-up time, so a program links only what it calls.

  private static final class Pipe {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("pipe"), MacOs.pipe$descriptor());
  }

  private static final class Accept {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("accept"), MacOs.accept$descriptor());
  }
}
