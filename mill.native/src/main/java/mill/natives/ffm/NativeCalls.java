package mill.natives.ffm;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Links C functions so that {@code errno}, or what the system has in its place, is captured with
 * the call.
 *
 * <p>Between a downcall's return and anything the caller could do, the virtual machine may itself
 * make calls that overwrite {@code errno}: only the linker can save it in time. The handles take
 * the calling thread's {@link CallMemory#errnoSegment()} first.
 */
public final class NativeCalls {
  private static final Linker LINKER = Linker.nativeLinker();

  private NativeCalls() {}

  /**
   * Links a function.
   *
   * @param address where it is
   * @param descriptor its C signature
   * @return a handle to keep in a static final field and to call by {@code invokeExact}
   */
  public static MethodHandle link(MemorySegment address, FunctionDescriptor descriptor) {
    return link(address, descriptor, "errno");
  }

  /**
   * Links a function whose error is not in {@code errno}.
   *
   * @param address where it is
   * @param descriptor its C signature
   * @param captured what to save with the call, a name that {@link
   *     Linker.Option#captureStateLayout()} knows on this system
   * @return a handle to keep in a static final field and to call by {@code invokeExact}
   */
  public static MethodHandle link(
      MemorySegment address, FunctionDescriptor descriptor, String captured) {
    return LINKER.downcallHandle(address, descriptor, Linker.Option.captureCallState(captured));
  }

  /**
   * Links a function that returns its error: nothing is captured, and the handle takes no capture
   * segment.
   *
   * @param address where it is
   * @param descriptor its C signature
   * @return a handle to keep in a static final field and to call by {@code invokeExact}
   */
  public static MethodHandle linkUncaptured(MemorySegment address, FunctionDescriptor descriptor) {
    return LINKER.downcallHandle(address, descriptor);
  }

  /**
   * Links a variadic function. Some systems pass the variable arguments elsewhere than the fixed
   * ones, so the linker must know.
   *
   * @param address where it is
   * @param descriptor its C signature, as called here
   * @param firstVariadic the index of the first variable argument
   * @return a handle to keep in a static final field and to call by {@code invokeExact}
   */
  public static MethodHandle linkVariadic(
      MemorySegment address, FunctionDescriptor descriptor, int firstVariadic) {
    return LINKER.downcallHandle(
        address,
        descriptor,
        Linker.Option.captureCallState("errno"),
        Linker.Option.firstVariadicArg(firstVariadic));
  }

  /**
   * Finds a function of the C library.
   *
   * @param name its name
   * @return its address
   * @throws java.util.NoSuchElementException if there is none
   */
  public static MemorySegment function(String name) {
    return LINKER.defaultLookup().findOrThrow(name);
  }

  /**
   * Tells whether the C library has a function.
   *
   * @param name its name
   * @return true if so
   */
  public static boolean exists(String name) {
    return LINKER.defaultLookup().find(name).isPresent();
  }

  /**
   * Passes on what a handle threw: closed or foreign memory is the caller's fault and says so
   * itself.
   *
   * @param thrown what {@code invokeExact} threw
   * @return never, it always throws; a type that callers can rethrow
   */
  public static RuntimeException rethrow(Throwable thrown) {
    if (thrown instanceof RuntimeException e) {
      throw e;
    }
    if (thrown instanceof Error e) {
      throw e;
    }
    throw new AssertionError("a downcall threw a checked exception", thrown);
  }
}
