package mill.natives.ffm;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The memory that a thread's native calls work in: where {@code errno} is captured, and scratch
 * space for small structures.
 *
 * <p>One for each thread, since a capture segment that two threads share returns the wrong error.
 * Freed when the thread is gone.
 */
public final class CallMemory {
  /** How much scratch space a call has. */
  public static final int SCRATCH_BYTES = 2048;

  private static final ThreadLocal<CallMemory> CURRENT = ThreadLocal.withInitial(CallMemory::new);
  private static final long ERRNO_OFFSET =
      Linker.Option.captureStateLayout().byteOffset(MemoryLayout.PathElement.groupElement("errno"));

  private final MemorySegment errno;
  private final MemorySegment scratch;

  private CallMemory() {
    Arena arena = Arena.ofAuto();
    errno = arena.allocate(Linker.Option.captureStateLayout());
    scratch = arena.allocate(SCRATCH_BYTES, Long.BYTES);
  }

  /**
   * Finds the calling thread's memory.
   *
   * @return the memory, for this thread alone
   */
  public static CallMemory current() {
    return CURRENT.get();
  }

  /**
   * Gives the segment that handles of {@link NativeCalls} take first.
   *
   * @return the capture segment
   */
  public MemorySegment errnoSegment() {
    return errno;
  }

  /**
   * Turns what a call returned into mill's convention.
   *
   * @param result what the C function returned
   * @return {@code result} if it is not negative, else {@code -errno}
   */
  public long orErrno(long result) {
    return result >= 0 ? result : -errno.get(ValueLayout.JAVA_INT, ERRNO_OFFSET);
  }

  /**
   * Turns what a call returned into mill's convention.
   *
   * @param result what the C function returned
   * @return {@code result} if it is not negative, else {@code -errno}
   */
  public int orErrno(int result) {
    return result >= 0 ? result : -errno.get(ValueLayout.JAVA_INT, ERRNO_OFFSET);
  }

  /**
   * Gives space for a call's small structures. It holds nothing between calls.
   *
   * @return {@value #SCRATCH_BYTES} bytes, aligned to 8
   */
  public MemorySegment scratch() {
    return scratch;
  }
}
