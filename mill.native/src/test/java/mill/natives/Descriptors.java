package mill.natives;

import java.lang.invoke.MethodHandle;
import mill.natives.ffm.CallMemory;
import mill.natives.ffm.NativeCalls;
import mill.natives.gen.linux.Linux;

/** What tests do to descriptors behind mill's back. */
public final class Descriptors {
  private Descriptors() {}

  /** {@code dup(2)}: a second descriptor of the same open file, for the caller to close. */
  public static int duplicate(int fd) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno((int) Dup.HANDLE.invokeExact(memory.errnoSegment(), fd));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  private static final class Dup {
    static final MethodHandle HANDLE =
        NativeCalls.link(Linux.dup$address(), Linux.dup$descriptor());
  }
}
