package mill.core;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import mill.core.ShutdownReport.Undelivered;
import mill.core.internal.InterruptFlag;
import mill.core.internal.RegistrationTable;
import mill.core.internal.SafeText;
import mill.core.internal.UncaughtExceptions;
import mill.core.internal.loop.LoopExtension;
import mill.core.internal.timer.LoopTimers;
import mill.natives.Poller;
import org.jspecify.annotations.Nullable;

/**
 * The end of a loop, at once or gracefully: what waits is ended before those who may wait for it,
 * and everything is given back to the system.
 *
 * <pre>
 *   the last turn ─▶ timers, offloads end ─▶ workers end ─▶ tasks finish ─▶ ENDED
 *                                                │                            │ closed, or shut down
 *                     tasks go on meanwhile ─────┘                            ▼
 *                     released ◀─ poller closed ◀─ registrations closed ◀─ CLOSED
 * </pre>
 *
 * <p>Any thread asks for it. It comes to pass on the loop's thread, or on the one that closes a
 * loop that does not run. The table in {@link EventLoop} says what becomes of each kind of work.
 *
 * @param <T> what is registered
 */
final class LoopEnd<T extends Registered> {
  /** How long after a time limit those who wait hear at the latest that it was not kept. */
  static final long GRACE_NS = 1_000_000_000;

  private static final long MAX_LATECOMERS_NS = 100_000_000;
  private static final long INTERRUPT_EVERY_NS = 10_000_000;

  private final LoopLifecycle lifecycle;
  private final RunQueue<?> runQueue;
  private final LoopTimers timers;
  private final LoopTasks tasks;
  private final @Nullable WorkerPool<T> workers;
  private final RegistrationTable<T> registrations;
  private final RunningCallbacks<T> running;
  private final Poller poller;
  private final InterruptFlag interrupts;
  private final long closeTimeoutNs;
  private final Runnable stop;
  private final ExtensionPlace extension;
  private volatile @Nullable GracefulShutdown shutdown; // written while the loop cannot end

  // Written by the thread that ends the loop, or closes one that never ran.
  private volatile boolean awaitsWorkers;
  private volatile long timersCancelled;
  private volatile int offloadsAbandoned;

  LoopEnd(
      LoopConfig config,
      LoopLifecycle lifecycle,
      RunQueue<?> runQueue,
      LoopTimers timers,
      LoopTasks tasks,
      @Nullable WorkerPool<T> workers,
      RegistrationTable<T> registrations,
      RunningCallbacks<T> running,
      Poller poller,
      InterruptFlag interrupts,
      Runnable stop,
      ExtensionPlace extension) {
    this.lifecycle = lifecycle;
    this.runQueue = runQueue;
    this.timers = timers;
    this.tasks = tasks;
    this.workers = workers;
    this.registrations = registrations;
    this.running = running;
    this.poller = poller;
    this.interrupts = interrupts;
    this.stop = stop;
    this.extension = extension;
    closeTimeoutNs = config.closeTimeoutNs();
  }

  // ---- any thread

  /** The shutdown that was asked for, or null. */
  @Nullable GracefulShutdown shutdown() {
    return shutdown;
  }

  /**
   * Stops the loop, and waits until everything is given back if it is another thread's to do it.
   *
   * @throws IllegalStateException if a callback runs for longer than this waits
   */
  void close() {
    GracefulShutdown graceful = shutdown;
    if (graceful != null) {
      graceful.hurry(nanoTime() + closeTimeoutNs); // there is no more to wait for than workers
    }
    boolean releases = lifecycle.beginClose(); // before it stops: a loop that runs releases itself
    stop.run();
    if (releases) {
      releaseAsCloser();
    } else if (!isOwnThread()) {
      awaitRelease();
    }
  }

  private void awaitRelease() {
    // Workers are interrupted when the time is over, and may end then.
    long waitNs = workers == null ? closeTimeoutNs : closeTimeoutNs + GRACE_NS;
    if (!lifecycle.awaitRelease(waitNs)) {
      throw new IllegalStateException(
          "the loop is not closed after %s: it closes itself when this has returned: %s"
              .formatted(Duration.ofNanos(waitNs), stillRunning()));
    }
  }

  /** Shuts the loop down; a second request can only shorten the time. */
  GracefulShutdown shutDown(long timeoutNs) {
    long nowNs = nanoTime();
    long deadlineNs = nowNs + Math.min(timeoutNs, Long.MAX_VALUE >> 1);
    boolean runs = lifecycle.beginShutdown(() -> request(nowNs, deadlineNs));
    GracefulShutdown requested = requireNonNull(shutdown);
    if (!runs && lifecycle.beginClose()) {
      releaseAsCloser();
    } else if (lifecycle.isReleased()) {
      report(requested); // it was closed without one
    }
    return requested;
  }

  /** Looks after the report of a shutdown that was asked for. */
  void watch(GracefulShutdown requested) {
    requested.watch(requested.leftNs(nanoTime()) + GRACE_NS, this::reportIfLate);
  }

  private void request(long nowNs, long deadlineNs) {
    GracefulShutdown before = shutdown;
    if (before == null) {
      shutdown =
          new GracefulShutdown(nowNs, deadlineNs, poller.platform().threads(), this::isOwnThread);
    } else {
      before.hurry(deadlineNs);
      before.wantScan(); // the loop looks again, at the time for instance
    }
  }

  /** Whether the calling thread is the loop's or one of its workers'. */
  boolean isOwnThread() {
    return lifecycle.isLoopThread() || (workers != null && workers.isWorker());
  }

  /** What the loop is held up by, if it should have ended. */
  private List<String> stillRunning() {
    return running.list(awaitsWorkers);
  }

  private void reportIfLate() {
    GracefulShutdown late = requireNonNull(shutdown);
    long leftNs = late.leftNs(nanoTime() - GRACE_NS);
    if (leftNs > 0) {
      late.watch(leftNs, this::reportIfLate);
      return;
    }
    List<String> stillRunning = stillRunning();
    var stillThere = new ArrayList<GracefulShutdown.Left>();
    for (T registration : registrations.items()) {
      long bytes = registration.undeliveredBytes();
      String text = bytes > 0 ? SafeText.of(registration) : "";
      stillThere.add(new GracefulShutdown.Left(registration, new Undelivered(text, bytes)));
    }
    late.reportLate(
        nanoTime(),
        timersCancelled + timers.size(),
        offloadsAbandoned + tasks.offloaded(),
        stillThere,
        stillRunning);
  }

  // ---- the thread that ends the loop

  /** Ends the loop after its last turn. The loop's thread. */
  void end() {
    try {
      turnsEnd();
      endWhatOthersWaitFor();
      if (workers != null) {
        endWorkers(workers);
      }
      finishTasks();
    } finally {
      boolean close = lifecycle.end();
      runQueue.end();
      if (close) {
        release();
      }
    }
  }

  // While it still takes things over, so that nobody brings it something in between.
  private void turnsEnd() {
    LoopExtension more = extension.get();
    if (more != null) {
      more.turnsEnd();
    }
  }

  // First of all: a worker's handler may wait for one of them, and the loop is about to wait for
  // the worker.
  @SuppressWarnings("NonAtomicVolatileUpdate") // written by the ending thread alone
  private void endWhatOthersWaitFor() {
    timersCancelled += timers.close();
    offloadsAbandoned += tasks.endOffloads();
  }

  private void finishTasks() {
    runQueue.takeOver();
    tasks.endTasks();
    runQueue.runAll();
    interrupts.clear();
  }

  private void endWorkers(WorkerPool<T> ending) {
    ending.stop();
    long begunNs = nanoTime();
    long interruptedNs = 0;
    boolean forced = false;
    awaitsWorkers = true;
    while (!ending.awaitEnd()) {
      interrupts.clear(); // or the next wait would not wait
      awaitsWorkers = false;
      tasks.runTasksAtEnd(); // a handler may be waiting for one
      awaitsWorkers = true;
      if (!forced && isTimeOver(begunNs)) {
        forced = true;
        ending.drop();
        interruptedNs = nanoTime() - INTERRUPT_EVERY_NS;
      }
      // Again and again: a handler may have swallowed the last one.
      long nowNs = nanoTime();
      if (forced && nowNs - interruptedNs >= INTERRUPT_EVERY_NS) {
        interruptedNs = nowNs;
        ending.interrupt();
      }
    }
    awaitsWorkers = false;
  }

  private boolean isTimeOver(long begunNs) {
    GracefulShutdown graceful = shutdown;
    long nowNs = nanoTime();
    return graceful == null ? nowNs - begunNs >= closeTimeoutNs : graceful.leftNs(nowNs) == 0;
  }

  private void releaseAsCloser() {
    try {
      release();
    } finally {
      interrupts.restore();
    }
  }

  private void release() {
    try {
      turnsEnd();
      endWhatOthersWaitFor(); // again: a loop that never ran has not done so yet
      finishTasks();
      GracefulShutdown graceful = shutdown;
      if (graceful != null) {
        graceful.force();
      }
      LoopExtension more = extension.get();
      if (more != null) {
        more.loopEnds();
      }
      poller.endPolling();
      CloseReason reason = graceful == null ? CloseReason.LOOP_CLOSED : CloseReason.SHUTDOWN_FORCED;
      registrations.close().forEach(registration -> close(registration, reason));
      awaitEmpty();
    } finally {
      try {
        runQueue.end();
      } finally {
        released();
        giveBack();
      }
    }
  }

  private void released() {
    LoopExtension more = extension.get();
    if (more != null) {
      more.released();
    }
  }

  private void giveBack() {
    try {
      poller.close();
    } finally {
      lifecycle.released();
      GracefulShutdown graceful = shutdown; // whoever asks from now on reports himself
      if (graceful != null) {
        report(graceful);
      }
    }
  }

  private void report(GracefulShutdown graceful) {
    graceful.report(nanoTime(), timersCancelled, offloadsAbandoned);
  }

  private void close(T registration, CloseReason reason) {
    try {
      registration.close(reason);
    } catch (Throwable thrown) {
      // One descriptor that was closed behind our back must not keep the others open.
      UncaughtExceptions.report(thrown);
    }
    interrupts.clear();
  }

  // Who closes a registration at this moment, on another thread, is about to count it.
  private void awaitEmpty() {
    long startNs = nanoTime();
    while (registrations.size() > 0 && nanoTime() - startNs < MAX_LATECOMERS_NS) {
      poller.platform().threads().onSpinWait();
    }
  }

  private long nanoTime() {
    return poller.platform().nanoTime();
  }
}
