package mill.natives.bsd;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Objects;
import mill.natives.ffm.CallMemory;
import mill.natives.ffm.NativeCalls;
import mill.natives.gen.macos.MacOs;

/**
 * The kqueue calls of the C library, or of the library that {@value #LIBRARY_PROPERTY} names.
 *
 * <p>macOS and FreeBSD declare them alike; what differs is the size of {@code struct kevent}.
 */
final class NativeKqueueCalls implements KqueueCalls {
  /** For tests only: the path of a userspace libkqueue. */
  static final String LIBRARY_PROPERTY = "mill.kqueue.library";

  /** Links {@code close(2)} at once, as {@link mill.natives.posix.NativePosixCalls} does. */
  NativeKqueueCalls() {
    Objects.requireNonNull(Close.HANDLE);
  }

  @Override
  public int kqueue() {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno((int) Create.HANDLE.invokeExact(memory.errnoSegment()));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  @Override
  public int kevent(
      int kq,
      MemorySegment changes,
      int changeCount,
      MemorySegment events,
      int eventCapacity,
      MemorySegment timeout) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (int)
              Kevent.HANDLE.invokeExact(
                  memory.errnoSegment(), kq, changes, changeCount, events, eventCapacity, timeout));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  @Override
  public int close(int kq) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno((int) Close.HANDLE.invokeExact(memory.errnoSegment(), kq));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  private static MethodHandle link(String name, FunctionDescriptor descriptor) {
    String library = System.getProperty(LIBRARY_PROPERTY);
    MemorySegment address =
        library == null
            ? NativeCalls.function(name)
            : SymbolLookup.libraryLookup(Path.of(library), Arena.global()).findOrThrow(name);
    return NativeCalls.link(address, descriptor);
  }

  // A class for each handle: linking costs start-up time, so a program links only what it calls.

  private static final class Create {
    static final MethodHandle HANDLE = link("kqueue", MacOs.kqueue$descriptor());
  }

  private static final class Kevent {
    static final MethodHandle HANDLE = link("kevent", MacOs.kevent$descriptor());
  }

  private static final class Close {
    static final MethodHandle HANDLE =
        NativeCalls.link(NativeCalls.function("close"), MacOs.close$descriptor());
  }
}
