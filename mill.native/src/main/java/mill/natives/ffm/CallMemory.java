package mill.natives.ffm;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.WeakReference;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The memory that a native call works in: where {@code errno} is captured, and scratch space for
 * small structures. Of one thread at a time, since a capture segment that two threads share returns
 * the wrong error.
 *
 * <p>A platform thread has one for itself; that of a thread that has ended is another's. Virtual
 * threads are too many for that: they borrow one for each call, so there are about as many as there
 * are carriers.
 *
 * <p>The memory is never freed, and does not count towards {@code -XX:MaxDirectMemorySize}: a
 * wake-up must not fail because somebody else has used that up. Threads refer to it weakly, or one
 * that outlives mill's class loader would keep it.
 */
public final class CallMemory {
  /** How much scratch space a call has. */
  public static final int SCRATCH_BYTES = 2048;

  /** How many are kept for virtual threads where they are found without a lock. */
  static final int IDLE_SLOTS = 64;

  // How many slots a virtual thread looks at: a call inside another needs a second one.
  private static final int PROBES = 4;

  // A platform thread finds its own by its number, which no other thread ever has: quicker than by
  // a thread-local, which is for the thread whose place is another's. A race is harmless: whoever
  // finds its own number has found its own memory.
  private static final int PLACES = 1024;
  private static final @Nullable CallMemory[] BY_NUMBER = new CallMemory[PLACES];

  private static final ThreadLocal<WeakReference<CallMemory>> OWN = new ThreadLocal<>();
  private static final AtomicReferenceArray<@Nullable CallMemory> IDLE =
      new AtomicReferenceArray<>(IDLE_SLOTS);

  // All of platform threads, and those of virtual threads that found no slot: guarded by OWNED.
  private static final List<CallMemory> OWNED = new ArrayList<>();
  private static final Deque<CallMemory> SPARE = new ArrayDeque<>();
  private static int made;

  private static final long ERRNO_OFFSET =
      Linker.Option.captureStateLayout().byteOffset(MemoryLayout.PathElement.groupElement("errno"));

  private final MemorySegment errno;
  private final MemorySegment scratch;

  // The platform thread whose own this is, and its number; null and 0 for one that is lent.
  private @Nullable WeakReference<Thread> owner;
  private long ownerNumber;

  private CallMemory() {
    errno = Arena.global().allocate(Linker.Option.captureStateLayout());
    scratch = Arena.global().allocate(SCRATCH_BYTES, Long.BYTES);
  }

  /**
   * Finds memory for a call of this thread. Calls inside the call may get the same or another.
   *
   * @return the memory, for this thread alone until it is {@linkplain #release() given back}
   */
  public static CallMemory acquire() {
    Thread thread = Thread.currentThread();
    long number = thread.threadId();
    CallMemory found = BY_NUMBER[(int) number & PLACES - 1];
    return found != null && found.ownerNumber == number ? found : find(thread);
  }

  /** Gives the memory back, on the thread that has acquired it. */
  public void release() {
    if (ownerNumber == 0) {
      giveBack();
    }
  }

  private static CallMemory find(Thread thread) {
    if (thread.isVirtual()) {
      return borrow(thread);
    }
    WeakReference<CallMemory> known = OWN.get();
    CallMemory own = known == null ? null : known.get();
    return own == null ? own(thread) : own;
  }

  private static CallMemory own(Thread thread) {
    CallMemory memory;
    synchronized (OWNED) {
      memory = ofDeadThread();
      if (memory == null) {
        memory = new CallMemory();
        made++;
        OWNED.add(memory);
      }
      memory.owner = new WeakReference<>(thread);
    }
    memory.ownerNumber = thread.threadId();
    OWN.set(new WeakReference<>(memory));
    BY_NUMBER[(int) memory.ownerNumber & PLACES - 1] = memory;
    return memory;
  }

  private static @Nullable CallMemory ofDeadThread() {
    for (CallMemory memory : OWNED) {
      Thread owner = memory.owner == null ? null : memory.owner.get();
      if (owner == null || !owner.isAlive()) {
        return memory;
      }
    }
    return null;
  }

  private static CallMemory borrow(Thread thread) {
    int first = (int) thread.threadId();
    for (int i = 0; i < PROBES; i++) {
      int slot = first + i & IDLE_SLOTS - 1;
      CallMemory memory = IDLE.get(slot) == null ? null : IDLE.getAndSet(slot, null);
      if (memory != null) {
        return memory;
      }
    }
    synchronized (OWNED) {
      CallMemory spare = SPARE.poll();
      if (spare != null) {
        return spare;
      }
      made++;
    }
    return new CallMemory();
  }

  private void giveBack() {
    int first = (int) Thread.currentThread().threadId();
    for (int i = 0; i < PROBES; i++) {
      int slot = first + i & IDLE_SLOTS - 1;
      if (IDLE.get(slot) == null && IDLE.compareAndSet(slot, null, this)) {
        return;
      }
    }
    synchronized (OWNED) {
      SPARE.push(this);
    }
  }

  /** How many there are. For tests. */
  static int made() {
    synchronized (OWNED) {
      return made;
    }
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
