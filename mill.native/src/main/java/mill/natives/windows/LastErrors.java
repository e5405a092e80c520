package mill.natives.windows;

import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.ValueLayout;
import mill.natives.ffm.CallMemory;
import mill.natives.gen.windows.Windows;

/** Where Windows leaves the error of a failed call: a different place for each library. */
final class LastErrors {
  /** What to capture for functions of kernel32. */
  static final String KERNEL = "GetLastError";

  /** What to capture for functions of ws2_32. */
  static final String WINSOCK = "WSAGetLastError";

  private static final long KERNEL_OFFSET = offset(KERNEL);
  private static final long WINSOCK_OFFSET = offset(WINSOCK);

  private LastErrors() {}

  /** The error of the kernel32 call that has just failed on this thread, negated. */
  static int kernel(CallMemory memory) {
    return -memory.errnoSegment().get(ValueLayout.JAVA_INT, KERNEL_OFFSET);
  }

  /** The error of the ws2_32 call that has just failed on this thread, negated. */
  static int winsock(CallMemory memory) {
    int error = memory.errnoSegment().get(ValueLayout.JAVA_INT, WINSOCK_OFFSET);
    // Winsock has no other word for a number that is not open, and keeps WSAEBADF for file handles
    // that it never sees.
    return error == Windows.WSAENOTSOCK() ? -Windows.WSAEBADF() : -error;
  }

  /**
   * What a ws2_32 function that returns {@code SOCKET_ERROR} on failure returned, as mill has it.
   */
  static int orWinsock(CallMemory memory, int result) {
    return result >= 0 ? result : winsock(memory);
  }

  private static long offset(String name) {
    return Linker.Option.captureStateLayout().byteOffset(PathElement.groupElement(name));
  }
}
