package mill.natives.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a checked pool knows of one acquisition. Outlives the handle.
 *
 * <pre>
 *   lent ──▶ ended, by release or because the handle was lost: whoever ends it returns the chunk
 * </pre>
 */
final class LeakTracker extends PhantomReference<CheckedBuffer> {
  /** The chunk that stands for a buffer under the cap, and the buffer's own memory. */
  record Loan(Chunk chunk, Arena arena, MemorySegment segment) {}

  private static final VarHandle ENDED_AT;
  private static final Set<String> POOL_CLASSES =
      Set.of(
          BufferPool.class.getName(),
          LeakDetector.class.getName(),
          CheckedBuffer.class.getName(),
          LeakTracker.class.getName());

  static {
    try {
      ENDED_AT =
          MethodHandles.lookup().findVarHandle(LeakTracker.class, "endedAt", Throwable.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  final Loan loan;
  private final String threadName = Thread.currentThread().getName();
  private final Throwable acquiredAt = new Throwable("acquired");
  private volatile @Nullable Throwable endedAt;

  LeakTracker(CheckedBuffer buffer, Loan loan, ReferenceQueue<CheckedBuffer> queue) {
    super(buffer, queue);
    this.loan = loan;
  }

  /** Ends the loan; true for the one caller that does. */
  boolean end(Throwable where) {
    return ENDED_AT.compareAndSet(this, null, where);
  }

  /** Takes {@link #end} back. */
  void reopen() {
    endedAt = null;
  }

  void requireLent() {
    Throwable end = endedAt;
    if (end != null) {
      throw new IllegalStateException("use after release; the cause tells where it was", end);
    }
  }

  IllegalStateException doubleRelease() {
    return new IllegalStateException(
        "double release; the cause tells where the first one was", endedAt);
  }

  String state() {
    return endedAt == null ? "owned" : "released";
  }

  LeakReport report(LeakReport.Cause cause) {
    List<StackTraceElement> stack =
        List.of(acquiredAt.getStackTrace()).stream()
            .dropWhile(frame -> POOL_CLASSES.contains(frame.getClassName()))
            .toList();
    return new LeakReport(cause, (int) loan.segment().byteSize(), threadName, stack);
  }
}
