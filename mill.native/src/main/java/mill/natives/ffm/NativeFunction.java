package mill.natives.ffm;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;

/**
 * A C function whose result is an {@code int}, and whose arguments are at most six whole numbers
 * and addresses. All of them are called through one downcall handle, whatever their signatures:
 * only the first call of a program pays for its linking, which costs more than anything else that
 * mill does when it starts.
 *
 * <p>Each argument takes a register of its own on every system that mill runs on. The callee reads
 * as many of its bits as it has declared, and no registers but those of its own arguments: the
 * System V ABI of x86-64 and the AAPCS64, Apple's variant of it included, leave the others
 * undefined. So a variadic function does not belong here, nor one that takes a floating-point
 * number.
 *
 * <p>Memory is passed by its address, so nothing here keeps it alive or looks whether it is: it is
 * mill's own, and who calls sees to it that it is there until the call returns. What a user brings
 * is passed as a segment, by a handle of {@link NativeCalls}.
 *
 * @param address where it is
 */
public record NativeFunction(MemorySegment address) {
  private static final int MAX_ARGUMENTS = 6;
  private static final MethodHandle CALL = link();

  /**
   * Finds a function of the C library.
   *
   * @param name its name
   * @return the function, to keep in a static final field
   * @throws java.util.NoSuchElementException if there is none
   */
  public static NativeFunction of(String name) {
    return new NativeFunction(NativeCalls.function(name));
  }

  private static MethodHandle link() {
    var arguments = new MemoryLayout[MAX_ARGUMENTS];
    Arrays.fill(arguments, ValueLayout.JAVA_LONG);
    return Linker.nativeLinker()
        .downcallHandle(
            FunctionDescriptor.of(ValueLayout.JAVA_LONG, arguments),
            Linker.Option.captureCallState("errno"));
  }

  /** Calls it without an argument: {@link #call(long, long, long, long, long, long)}. */
  public int call() {
    return call(0, 0, 0, 0, 0, 0);
  }

  /** Calls it with one argument: {@link #call(long, long, long, long, long, long)}. */
  public int call(long first) {
    return call(first, 0, 0, 0, 0, 0);
  }

  /** Calls it with two arguments: {@link #call(long, long, long, long, long, long)}. */
  public int call(long first, long second) {
    return call(first, second, 0, 0, 0, 0);
  }

  /** Calls it with three arguments: {@link #call(long, long, long, long, long, long)}. */
  public int call(long first, long second, long third) {
    return call(first, second, third, 0, 0, 0);
  }

  /** Calls it with four arguments: {@link #call(long, long, long, long, long, long)}. */
  public int call(long first, long second, long third, long fourth) {
    return call(first, second, third, fourth, 0, 0);
  }

  /** Calls it with five arguments: {@link #call(long, long, long, long, long, long)}. */
  public int call(long first, long second, long third, long fourth, long fifth) {
    return call(first, second, third, fourth, fifth, 0);
  }

  /**
   * Calls it. Any thread.
   *
   * @return what it returned if that is not negative, else {@code -errno}
   */
  public int call(long first, long second, long third, long fourth, long fifth, long sixth) {
    CallMemory memory = CallMemory.acquire();
    try {
      // The upper half of what an int function returns is undefined as well.
      return memory.orErrno(
          (int)
              (long)
                  CALL.invokeExact(
                      address, memory.errnoSegment(), first, second, third, fourth, fifth, sixth));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }
}
