package mill.natives.windows;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Objects;
import mill.natives.ffm.CallMemory;
import mill.natives.ffm.NativeCalls;
import mill.natives.gen.windows.Kernel32;
import mill.natives.gen.windows.Ntdll;
import mill.natives.gen.windows.Windows;

/**
 * The calls of kernel32 and ntdll. The former return {@code n >= 0} or the negated error; the
 * latter an {@code NTSTATUS}, of which negative ones are failures.
 */
final class KernelCalls {
  private static final int HANDLE_FLAG_INHERIT = 1;

  private KernelCalls() {}

  /** {@code CreateIoCompletionPort}; with key 0 and as many threads as there are processors. */
  static int createIoCompletionPort(
      MemorySegment file, MemorySegment existing, MemorySegment[] port) {
    CallMemory memory = CallMemory.acquire();
    try {
      port[0] =
          (MemorySegment)
              CreatePort.HANDLE.invokeExact(memory.errnoSegment(), file, existing, 0L, 0);
      return port[0].address() == 0 ? LastErrors.kernel(memory) : 0;
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code GetQueuedCompletionStatusEx}, not alertable; 0 when the time is over. */
  static int dequeue(MemorySegment port, MemorySegment entries, int max, int timeoutMs) {
    CallMemory memory = CallMemory.acquire();
    MemorySegment removed = memory.scratch();
    try {
      int done =
          (int)
              Dequeue.HANDLE.invokeExact(
                  memory.errnoSegment(), port, entries, max, removed, timeoutMs, 0);
      if (done != 0) {
        return removed.get(ValueLayout.JAVA_INT, 0);
      }
      int error = LastErrors.kernel(memory);
      return error == -Windows.WAIT_TIMEOUT() ? 0 : error;
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /**
   * Links {@code PostQueuedCompletionStatus} now: whoever wakes a poller for the first time may
   * have no stack left for it, and a class that could not be initialized never is.
   */
  static void linkPost() {
    Objects.requireNonNull(Post.HANDLE);
  }

  /** {@code PostQueuedCompletionStatus}. */
  static int postCompletion(MemorySegment port, int bytes, long key, MemorySegment overlapped) {
    CallMemory memory = CallMemory.acquire();
    try {
      int done = (int) Post.HANDLE.invokeExact(memory.errnoSegment(), port, bytes, key, overlapped);
      return done != 0 ? 0 : LastErrors.kernel(memory);
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code SetFileCompletionNotificationModes}. */
  static int setCompletionModes(MemorySegment file, byte flags) {
    CallMemory memory = CallMemory.acquire();
    try {
      int done = (int) CompletionModes.HANDLE.invokeExact(memory.errnoSegment(), file, flags);
      return done != 0 ? 0 : LastErrors.kernel(memory);
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code SetHandleInformation}: keeps a handle from child processes. */
  static int setNotInherited(MemorySegment handle) {
    CallMemory memory = CallMemory.acquire();
    try {
      int done =
          (int)
              HandleInformation.HANDLE.invokeExact(
                  memory.errnoSegment(), handle, HANDLE_FLAG_INHERIT, 0);
      return done != 0 ? 0 : LastErrors.kernel(memory);
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code CloseHandle}. */
  static int closeHandle(MemorySegment handle) {
    CallMemory memory = CallMemory.acquire();
    try {
      int done = (int) Close.HANDLE.invokeExact(memory.errnoSegment(), handle);
      return done != 0 ? 0 : LastErrors.kernel(memory);
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code NtCreateFile}, for a device: only what must be said of one. */
  static int createFile(MemorySegment handle, MemorySegment attributes, MemorySegment statusBlock) {
    try {
      return (int)
          CreateFile.HANDLE.invokeExact(
              handle,
              Windows.SYNCHRONIZE(),
              attributes,
              statusBlock,
              MemorySegment.NULL,
              0,
              Windows.FILE_SHARE_READ() | Windows.FILE_SHARE_WRITE(),
              Windows.FILE_OPEN(),
              0,
              MemorySegment.NULL,
              0);
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  /** {@code NtDeviceIoControlFile}, with neither event nor routine. */
  static int deviceIoControl(
      MemorySegment device,
      MemorySegment context,
      MemorySegment statusBlock,
      int code,
      MemorySegment in,
      int inLength,
      MemorySegment out,
      int outLength) {
    try {
      return (int)
          DeviceIoControl.HANDLE.invokeExact(
              device,
              MemorySegment.NULL,
              MemorySegment.NULL,
              context,
              statusBlock,
              code,
              in,
              inLength,
              out,
              outLength);
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  /** {@code NtCancelIoFileEx}. */
  static int cancelIo(MemorySegment device, MemorySegment request, MemorySegment statusBlock) {
    try {
      return (int) CancelIo.HANDLE.invokeExact(device, request, statusBlock);
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  /** {@code RtlNtStatusToDosError}. */
  static int statusToError(int status) {
    try {
      return (int) StatusToError.HANDLE.invokeExact(status);
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    }
  }

  // A class for each handle: linking costs start-up time, so a program links only what it calls.

  private static final class CreatePort {
    static final MethodHandle HANDLE =
        NativeCalls.link(
            Kernel32.CreateIoCompletionPort$address(),
            Kernel32.CreateIoCompletionPort$descriptor(),
            LastErrors.KERNEL);
  }

  private static final class Dequeue {
    static final MethodHandle HANDLE =
        NativeCalls.link(
            Kernel32.GetQueuedCompletionStatusEx$address(),
            Kernel32.GetQueuedCompletionStatusEx$descriptor(),
            LastErrors.KERNEL);
  }

  private static final class Post {
    static final MethodHandle HANDLE =
        NativeCalls.link(
            Kernel32.PostQueuedCompletionStatus$address(),
            Kernel32.PostQueuedCompletionStatus$descriptor(),
            LastErrors.KERNEL);
  }

  private static final class CompletionModes {
    static final MethodHandle HANDLE =
        NativeCalls.link(
            Kernel32.SetFileCompletionNotificationModes$address(),
            Kernel32.SetFileCompletionNotificationModes$descriptor(),
            LastErrors.KERNEL);
  }

  // Not in the generated bindings yet: BOOL SetHandleInformation(HANDLE, DWORD mask, DWORD flags).
  private static final class HandleInformation {
    static final MethodHandle HANDLE =
        NativeCalls.link(
            SymbolLookup.libraryLookup("kernel32", Arena.global())
                .findOrThrow("SetHandleInformation"),
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT),
            LastErrors.KERNEL);
  }

  private static final class Close {
    static final MethodHandle HANDLE =
        NativeCalls.link(
            Kernel32.CloseHandle$address(), Kernel32.CloseHandle$descriptor(), LastErrors.KERNEL);
  }

  private static final class CreateFile {
    static final MethodHandle HANDLE =
        NativeCalls.linkUncaptured(Ntdll.NtCreateFile$address(), Ntdll.NtCreateFile$descriptor());
  }

  private static final class DeviceIoControl {
    static final MethodHandle HANDLE =
        NativeCalls.linkUncaptured(
            Ntdll.NtDeviceIoControlFile$address(), Ntdll.NtDeviceIoControlFile$descriptor());
  }

  private static final class CancelIo {
    static final MethodHandle HANDLE =
        NativeCalls.linkUncaptured(
            Ntdll.NtCancelIoFileEx$address(), Ntdll.NtCancelIoFileEx$descriptor());
  }

  private static final class StatusToError {
    static final MethodHandle HANDLE =
        NativeCalls.linkUncaptured(
            Ntdll.RtlNtStatusToDosError$address(), Ntdll.RtlNtStatusToDosError$descriptor());
  }
}
