package mill.natives.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.ReferenceQueue;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;

/**
 * The checks of a checked pool: guards every acquisition, and finds the lost ones.
 *
 * <p>Any thread. It has no thread of its own: whoever uses the pool next reports what the garbage
 * collector has found since.
 */
final class LeakDetector {
  /** What a checked buffer is filled with, so that reading what was never written shows. */
  static final byte POISON = (byte) 0xDE;

  private static final System.Logger LOGGER = System.getLogger("mill.natives.memory");

  private final BufferPool pool;
  private final Depot depot;
  private final Consumer<LeakReport> onLeak;
  private final ReferenceQueue<CheckedBuffer> lost = new ReferenceQueue<>();

  /** Lost buffers whose memory a system call was using when they were found. */
  private final Queue<LeakTracker> busy = new ConcurrentLinkedQueue<>();

  /** In the order in which they were lent, and reported so. */
  private final Set<LeakTracker> open = Collections.synchronizedSet(new LinkedHashSet<>());

  LeakDetector(BufferPool pool, Depot depot, Consumer<LeakReport> onLeak) {
    this.pool = pool;
    this.depot = depot;
    this.onLeak = onLeak;
  }

  /** The listener that is used unless the user sets another. */
  static void log(LeakReport report) {
    LOGGER.log(System.Logger.Level.WARNING, report.toString());
  }

  /** Makes a handle, with memory of its own, for a chunk that was just taken from the pool. */
  @SuppressWarnings(
      "MustBeClosedChecker") // the arena becomes the loan's, which closes it at release
  CheckedBuffer guard(Chunk chunk) {
    Arena arena = Arena.ofShared();
    try {
      MemorySegment segment = arena.allocate(chunk.capacity(), BufferPool.ALIGNMENT_BYTES);
      segment.fill(POISON);
      return new CheckedBuffer(this, new LeakTracker.Loan(chunk, arena, segment));
    } catch (Throwable t) {
      arena.close();
      pool.release(chunk);
      throw t;
    }
  }

  LeakTracker track(CheckedBuffer buffer, LeakTracker.Loan loan) {
    var tracker = new LeakTracker(buffer, loan, lost);
    open.add(tracker);
    return tracker;
  }

  void release(LeakTracker tracker) {
    if (!tracker.end(new Throwable("released by thread " + Thread.currentThread().getName()))) {
      throw tracker.doubleRelease();
    }
    boolean freed = false;
    try {
      tracker.loan.arena().close();
      freed = true;
    } catch (IllegalStateException busy) {
      throw new IllegalStateException(
          "release() while a system call is using the memory of this buffer", busy);
    } finally {
      if (!freed) {
        tracker.reopen();
      }
    }
    open.remove(tracker);
    pool.release(tracker.loan.chunk());
    reap();
  }

  /** Takes back and reports the buffers that were lost since. */
  void reap() {
    for (int retries = busy.size(); retries > 0; retries--) {
      LeakTracker tracker = busy.poll();
      if (tracker != null) {
        takeBack(tracker);
      }
    }
    LeakTracker tracker;
    while ((tracker = (LeakTracker) lost.poll()) != null) {
      if (tracker.end(new Throwable("found unreachable"))) {
        open.remove(tracker);
        takeBack(tracker);
        report(tracker.report(LeakReport.Cause.UNREACHABLE));
      }
    }
    if (depot.isClosed()) {
      depot.freeWhenIdle();
    }
  }

  private void takeBack(LeakTracker tracker) {
    boolean freed = false;
    try {
      tracker.loan.arena().close();
      freed = true;
    } catch (IllegalStateException inUse) {
      // A system call still uses the memory of the lost buffer: the next reap tries again.
      freed = false;
    } finally {
      if (freed) {
        depot.putLeaked(tracker.loan.chunk());
      } else {
        busy.add(tracker);
      }
    }
  }

  /** Reports the buffers that are lent at this moment. */
  void reportOpen() {
    for (LeakTracker tracker : List.copyOf(open)) {
      report(tracker.report(LeakReport.Cause.OPEN_AT_CLOSE));
    }
  }

  // The user's listener may throw anything, and so may a recorder or a logger of the user's. The
  // books are kept before, and whoever happens to use the pool has no part in it.
  private void report(LeakReport report) {
    try {
      LeakEvents.leaked(report);
      onLeak.accept(report);
    } catch (Throwable t) {
      LOGGER.log(System.Logger.Level.ERROR, "onLeak has thrown for: " + report, t);
    }
  }
}
