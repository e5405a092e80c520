package mill.natives.linux;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import mill.natives.ffm.CallMemory;
import mill.natives.ffm.NativeCalls;
import mill.natives.gen.linux.Linux;
import mill.natives.posix.NativePosixCalls;

/**
 * The cold calls of Linux: those that all POSIX systems share, and the successors that set the
 * flags of new descriptors in the same call.
 */
final class LinuxCalls extends NativePosixCalls {
  LinuxCalls() {}

  /** {@code pipe2(2)}. */
  @Override
  public int pipe(MemorySegment fds) {
    int flags = Linux.O_NONBLOCK() | Linux.O_CLOEXEC();
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno((int) Pipe2.HANDLE.invokeExact(memory.errnoSegment(), fds, flags));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code accept4(2)}. */
  @Override
  public int accept(int fd, MemorySegment address, MemorySegment length) {
    int flags = Linux.SOCK_NONBLOCK() | Linux.SOCK_CLOEXEC();
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (int) Accept4.HANDLE.invokeExact(memory.errnoSegment(), fd, address, length, flags));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code sched_setaffinity(2)}. */
  int schedSetAffinity(int tid, long bytes, MemorySegment mask) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (int) SchedSetAffinity.HANDLE.invokeExact(memory.errnoSegment(), tid, bytes, mask));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  // A class for each handle: linking costs start-up time, so a program links only what it calls.

  private static final class Pipe2 {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.pipe2$address(), Linux.pipe2$descriptor());
  }

  private static final class Accept4 {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.accept4$address(), Linux.accept4$descriptor());
  }

  private static final class SchedSetAffinity {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.sched_setaffinity$address(), Linux.sched_setaffinity$descriptor());
  }
}
