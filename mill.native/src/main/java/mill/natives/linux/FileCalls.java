package mill.natives.linux;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Objects;
import mill.natives.ffm.CallMemory;
import mill.natives.ffm.NativeCalls;
import mill.natives.gen.linux.Linux;

/** The calls on any descriptor, and on threads. Each returns {@code n >= 0} or {@code -errno}. */
final class FileCalls {
  private FileCalls() {}

  /**
   * Links what gives descriptors back and what wakes a loop: neither may fail later because loading
   * a class needs a descriptor and there is none left.
   */
  static void linkEssentials() {
    Objects.requireNonNull(Close.HANDLE);
    Objects.requireNonNull(Write.HANDLE);
  }

  /** {@code read(2)}. */
  static long read(int fd, MemorySegment buffer, long length) {
    CallMemory memory = CallMemory.current();
    try {
      return memory.orErrno(
          (long) Read.HANDLE.invokeExact(memory.errnoSegment(), fd, buffer, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  /** {@code write(2)}. */
  static long write(int fd, MemorySegment buffer, long length) {
    CallMemory memory = CallMemory.current();
    try {
      return memory.orErrno(
          (long) Write.HANDLE.invokeExact(memory.errnoSegment(), fd, buffer, length));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  /** {@code readv(2)}. */
  static long readv(int fd, MemorySegment vectors, int count) {
    CallMemory memory = CallMemory.current();
    try {
      return memory.orErrno(
          (long) Readv.HANDLE.invokeExact(memory.errnoSegment(), fd, vectors, count));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  /** {@code close(2)}. */
  static int close(int fd) {
    CallMemory memory = CallMemory.current();
    try {
      return memory.orErrno((int) Close.HANDLE.invokeExact(memory.errnoSegment(), fd));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  /** {@code fcntl(2)}. */
  static int fcntl(int fd, int command, int argument) {
    CallMemory memory = CallMemory.current();
    try {
      return memory.orErrno(
          (int) Fcntl.HANDLE.invokeExact(memory.errnoSegment(), fd, command, argument));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  /** {@code sched_setaffinity(2)}. */
  static int schedSetAffinity(int tid, long bytes, MemorySegment mask) {
    CallMemory memory = CallMemory.current();
    try {
      return memory.orErrno(
          (int) SchedSetAffinity.HANDLE.invokeExact(memory.errnoSegment(), tid, bytes, mask));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  // A class for each handle: linking costs start-up time, so a program links only what it calls.

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

  private static final class Close {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.close$address(), Linux.close$descriptor());
  }

  private static final class Fcntl {
    static final MethodHandle HANDLE =
        NativeCalls.linkVariadic(
            NativeCalls.function("fcntl"),
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT),
            2);
  }

  private static final class SchedSetAffinity {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.sched_setaffinity$address(), Linux.sched_setaffinity$descriptor());
  }
}
