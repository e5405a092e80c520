package mill.core;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import mill.core.ShutdownReport.Undelivered;

/**
 * A graceful shutdown under way: until when, who has been told, and what became of each.
 *
 * <pre>
 *   requested ──▶ listeners closed, the others told ──▶ all have ended ─────▶ reported
 *                                    │                                           ▲
 *                                    └── the time is over ──▶ the rest is forced ┘
 * </pre>
 *
 * <p>Registrations end on any thread; what is counted is guarded by this.
 */
final class Drain {
  private final long startNs;
  private final CompletableFuture<ShutdownReport> reported = new CompletableFuture<>();

  // What each one that was told had queued then. Who has ended is not in it any more.
  private final IdentityHashMap<Registration, Long> told = new IdentityHashMap<>();
  private final List<Undelivered> undelivered = new ArrayList<>();
  private long deadlineNs;
  private boolean forcing;
  private int listenersClosed;
  private int ended;
  private int forced;
  private long queuedBytes;
  private long undeliveredBytes;

  // Raised when somebody may not have been told yet; lowered by the loop before it looks.
  private volatile boolean newcomers = true;

  Drain(long startNs, long deadlineNs) {
    this.startNs = startNs;
    this.deadlineNs = deadlineNs;
  }

  /** A second request may only hurry. */
  synchronized void hurry(long otherDeadlineNs) {
    if (otherDeadlineNs - deadlineNs < 0) {
      deadlineNs = otherDeadlineNs;
    }
  }

  /** How long there is still to drain; 0 when the time is over. */
  synchronized long leftNs(long nowNs) {
    return Math.max(0, deadlineNs - nowNs);
  }

  CompletionStage<ShutdownReport> stage() {
    return reported.minimalCompletionStage();
  }

  void newcomer() {
    newcomers = true;
  }

  boolean hasNewcomers() {
    return newcomers;
  }

  /** Closes the listeners and returns the others that have not been told yet. The loop's thread. */
  List<Registration> takeNewcomers(Collection<Registration> registrations) {
    newcomers = false;
    var fresh = new ArrayList<Registration>();
    for (Registration registration : registrations) {
      if (registration.pollable().acceptsConnections()) {
        registration.close();
      } else if (tell(registration)) {
        fresh.add(registration);
      }
    }
    return fresh;
  }

  private boolean tell(Registration registration) {
    long queued = registration.undeliveredBytes();
    synchronized (this) {
      return told.putIfAbsent(registration, queued) == null;
    }
  }

  /** From now on what ends is forced. */
  synchronized void force() {
    forcing = true;
  }

  /** A registration has left the loop, in whatever way. Once for each; any thread. */
  void ended(Registration registration) {
    if (registration.pollable().acceptsConnections()) {
      synchronized (this) {
        listenersClosed++;
      }
      return;
    }
    long left = registration.undeliveredBytes();
    synchronized (this) {
      Long before = told.remove(registration);
      queuedBytes += before == null ? left : Math.max(before, left);
      undeliveredBytes += left;
      if (forcing) {
        forced++;
      } else {
        ended++;
      }
      if (left > 0 && undelivered.size() < ShutdownReport.MAX_LISTED) {
        undelivered.add(new Undelivered(registration.toString(), left));
      }
    }
  }

  /** Everything has been given back to the system. */
  void report(long nowNs, long timersCancelled, int offloadsAbandoned) {
    ShutdownReport report;
    synchronized (this) {
      report =
          new ShutdownReport(
              forced == 0 && offloadsAbandoned == 0,
              listenersClosed,
              ended,
              forced,
              queuedBytes,
              undeliveredBytes,
              undelivered,
              timersCancelled,
              offloadsAbandoned,
              Duration.ofNanos(nowNs - startNs));
    }
    reported.complete(report);
  }
}
