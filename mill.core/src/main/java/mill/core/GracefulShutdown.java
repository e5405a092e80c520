package mill.core;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import mill.core.ShutdownReport.Undelivered;
import mill.core.internal.OwnThreadFuture;
import mill.natives.platform.Threads;

/**
 * The books of a graceful shutdown: until when, who has been told, and what became of each.
 *
 * <pre>
 *   requested ──▶ listeners closed, the others told ──▶ all have ended ─────▶ reported
 *                                    │                                           ▲
 *                                    ├── the time is over ──▶ the rest is forced ┤
 *                                    └── and a callback does not return ─────────┘ says which
 * </pre>
 *
 * <p>Any thread: registrations end on whatever thread ends them.
 */
final class GracefulShutdown {
  private static final String OWN_THREAD =
      "a thread of the loop cannot wait for the loop's own end:"
          + " go on in thenAccept or whenComplete, or wait on another thread";

  /**
   * A registration that is still there when the report cannot wait for it any more.
   *
   * @param registration what was given to {@link #tell}
   * @param undelivered its text, and how many bytes its handler has not delivered
   */
  record Left(Object registration, Undelivered undelivered) {}

  private final long startNs;
  private final Threads threads;
  private final CompletableFuture<ShutdownReport> reported;
  private final Object lock = new Object();

  // By registration, what it had queued when it was told; it is removed when it ends. It has no
  // order, and is only looked up.
  @GuardedBy("lock")
  private final IdentityHashMap<Object, Long> told = new IdentityHashMap<>();

  @GuardedBy("lock")
  private final List<Undelivered> undelivered = new ArrayList<>();

  @GuardedBy("lock")
  private long deadlineNs;

  @GuardedBy("lock")
  private boolean forcing;

  @GuardedBy("lock")
  private int listenersClosed;

  @GuardedBy("lock")
  private int ended;

  @GuardedBy("lock")
  private int forced;

  @GuardedBy("lock")
  private long queuedBytes;

  @GuardedBy("lock")
  private long undeliveredBytes;

  // Raised when somebody may not have been told yet; lowered by the loop before it looks.
  private volatile boolean scanWanted = true;

  GracefulShutdown(long startNs, long deadlineNs, Threads threads, BooleanSupplier isOwnThread) {
    this.startNs = startNs;
    this.threads = threads;
    this.deadlineNs = deadlineNs;
    reported = new OwnThreadFuture<>(isOwnThread, OWN_THREAD);
  }

  /** Moves the deadline forward, never back: a second request can only shorten the time. */
  void hurry(long otherDeadlineNs) {
    synchronized (lock) {
      if (otherDeadlineNs - deadlineNs < 0) {
        deadlineNs = otherDeadlineNs;
      }
    }
  }

  /** How long there is still to drain; 0 when the time is over. */
  long leftNs(long nowNs) {
    synchronized (lock) {
      return Math.max(0, deadlineNs - nowNs);
    }
  }

  CompletionStage<ShutdownReport> stage() {
    return reported.copy(); // what its holder does to the copy is his own business
  }

  /**
   * Looks after the report: unless it is there by then, something is done about it, on a thread of
   * its own.
   *
   * @param afterNs how long to wait
   * @param late what to do
   */
  void watch(long afterNs, Runnable late) {
    if (reported.isDone()) {
      return;
    }
    CompletableFuture<Void> timer = threads.schedule(afterNs, () -> runOnOwnThread(late));
    var _ = reported.whenComplete((report, thrown) -> timer.cancel(false));
  }

  // Not the thread of the timers: what waits for the report may block there.
  private void runOnOwnThread(Runnable late) {
    try {
      threads.unstarted("mill-late-shutdown", true, late).start();
    } catch (Throwable noThread) {
      late.run();
    }
  }

  /** Lets the loop look again for registrations that have not been told. */
  void wantScan() {
    scanWanted = true;
  }

  boolean isScanWanted() {
    return scanWanted;
  }

  /** The loop looks now. */
  void beginScan() {
    scanWanted = false;
  }

  /**
   * Notes that a registration hears of the shutdown.
   *
   * @param registration any object that stands for it
   * @param queued how many bytes its handler has still to deliver
   * @return true for the first time
   */
  boolean tell(Object registration, long queued) {
    synchronized (lock) {
      return told.putIfAbsent(registration, queued) == null;
    }
  }

  /** From now on what ends is forced. */
  void force() {
    synchronized (lock) {
      forcing = true;
    }
  }

  /** A listener has left the loop. Once for each. */
  void listenerClosed() {
    synchronized (lock) {
      listenersClosed++;
    }
  }

  /**
   * A registration that is no listener's has left the loop, in whatever way. Once for each.
   *
   * @param registration what was given to {@link #tell}, if it was told
   * @param text how it describes itself, if it has something left
   * @param left how many bytes its handler has not delivered
   */
  void ended(Object registration, String text, long left) {
    synchronized (lock) {
      Long before = told.remove(registration);
      queuedBytes += before == null ? left : Math.max(before, left);
      undeliveredBytes += left;
      if (forcing) {
        forced++;
      } else {
        ended++;
      }
      if (left > 0 && undelivered.size() < ShutdownReport.MAX_LISTED) {
        undelivered.add(new Undelivered(text, left));
      }
    }
  }

  /** Everything has been given back to the system. Only the first report counts. */
  void report(long nowNs, long timersCancelled, int offloadsAbandoned) {
    reportLate(nowNs, timersCancelled, offloadsAbandoned, List.of(), List.of());
  }

  /**
   * The loop has not ended. What is still there counts as forced: it is closed as soon as what runs
   * has returned.
   */
  void reportLate(
      long nowNs,
      long timersCancelled,
      int offloadsAbandoned,
      List<Left> stillThere,
      List<String> stillRunning) {
    ShutdownReport report;
    synchronized (lock) {
      int allForced = forced + stillThere.size();
      long allQueued = queuedBytes;
      long allUndelivered = undeliveredBytes;
      var listed = new ArrayList<>(undelivered);
      for (Left left : stillThere) {
        long bytes = left.undelivered().bytes();
        allQueued += Math.max(told.getOrDefault(left.registration(), 0L), bytes);
        allUndelivered += bytes;
        if (bytes > 0 && listed.size() < ShutdownReport.MAX_LISTED) {
          listed.add(left.undelivered());
        }
      }
      boolean nothingLost = allForced == 0 && offloadsAbandoned == 0 && stillRunning.isEmpty();
      report =
          new ShutdownReport(
              nothingLost && nowNs - deadlineNs <= 0,
              listenersClosed,
              ended,
              allForced,
              allQueued,
              allUndelivered,
              listed,
              timersCancelled,
              offloadsAbandoned,
              stillRunning,
              Duration.ofNanos(nowNs - startNs));
    }
    reported.complete(report);
  }
}
