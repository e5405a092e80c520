package mill.core;

import static java.util.Objects.requireNonNull;

import java.util.function.BiConsumer;
import mill.core.internal.RegistrationTable;
import mill.core.internal.UncaughtExceptions;
import mill.core.internal.WorkerPool;
import mill.core.internal.timer.LoopTimers;
import mill.natives.Poller;
import org.jspecify.annotations.Nullable;

/**
 * The end of a loop, at once or gracefully: its workers and queues finish, and everything is given
 * back to the system.
 *
 * <pre>
 *   the last turn ─▶ workers end ─▶ timers, tasks finish, the run queue is empty ─▶ ENDED
 *                                                             │ closed, or shut down
 *                     released ◀─ poller closed ◀─ registrations closed ◀─ CLOSED
 * </pre>
 *
 * <p>Any thread asks for it. It comes to pass on the loop's thread, or on the one that closes a
 * loop that does not run.
 *
 * @param <T> what is registered
 */
final class LoopEnd<T> {
  private static final long MAX_LATECOMERS_NS = 100_000_000;

  private final LoopLifecycle lifecycle;
  private final RunQueue<?> runQueue;
  private final LoopTimers timers;
  private final LoopTasks tasks;
  private final @Nullable WorkerPool<T> workers;
  private final RegistrationTable<T> registrations;
  private final BiConsumer<T, CloseReason> closeRegistration;
  private final Poller poller;
  private final Runnable stop;
  private volatile @Nullable GracefulShutdown shutdown; // written while the loop cannot end

  // Of the thread that ends the loop, or closes one that never ran.
  private long timersCancelled;
  private int offloadsAbandoned;

  LoopEnd(
      LoopLifecycle lifecycle,
      RunQueue<?> runQueue,
      LoopTimers timers,
      LoopTasks tasks,
      @Nullable WorkerPool<T> workers,
      RegistrationTable<T> registrations,
      BiConsumer<T, CloseReason> closeRegistration,
      Poller poller,
      Runnable stop) {
    this.lifecycle = lifecycle;
    this.runQueue = runQueue;
    this.timers = timers;
    this.tasks = tasks;
    this.workers = workers;
    this.registrations = registrations;
    this.closeRegistration = closeRegistration;
    this.poller = poller;
    this.stop = stop;
  }

  // ---- any thread

  /** The shutdown that was asked for, or null. */
  @Nullable GracefulShutdown shutdown() {
    return shutdown;
  }

  /**
   * Stops the loop, and waits until everything is given back if it is another thread's to do it.
   */
  void close() {
    stop.run();
    if (lifecycle.beginClose()) {
      release();
    } else if (!isOwnThread()) {
      lifecycle.awaitRelease();
    }
  }

  /** Shuts the loop down; a second request can only shorten the time. */
  GracefulShutdown shutDown(long timeoutNs) {
    long nowNs = nanoTime();
    long deadlineNs = nowNs + Math.min(timeoutNs, Long.MAX_VALUE >> 1);
    boolean running = lifecycle.beginShutdown(() -> request(nowNs, deadlineNs));
    GracefulShutdown requested = requireNonNull(shutdown);
    if (!running) {
      close();
      requested.report(nanoTime(), 0, 0); // if it was closed without one
    }
    return requested;
  }

  private void request(long nowNs, long deadlineNs) {
    GracefulShutdown before = shutdown;
    if (before == null) {
      shutdown = new GracefulShutdown(nowNs, deadlineNs);
    } else {
      before.hurry(deadlineNs);
      before.wantScan(); // the loop looks again, at the time for instance
    }
  }

  /** Whether the calling thread is the loop's or one of its workers'. */
  boolean isOwnThread() {
    return lifecycle.isLoopThread() || (workers != null && workers.isWorker());
  }

  // ---- the thread that ends the loop

  /** Ends the loop after its last turn. The loop's thread. */
  void end() {
    if (workers != null) {
      endWorkers(workers);
    }
    runQueue.takeOver();
    finishQueues();
    runQueue.runAll();
    boolean close = lifecycle.end();
    runQueue.end();
    if (close) {
      release();
    }
  }

  private void endWorkers(WorkerPool<T> ending) {
    ending.stop();
    boolean interrupted = false;
    boolean forced = false;
    while (!ending.awaitEnd()) {
      interrupted |= Thread.interrupted(); // or the next wait would not wait
      tasks.runTasksAtEnd(); // a handler may be waiting for one
      GracefulShutdown graceful = shutdown;
      if (!forced && graceful != null && graceful.leftNs(nanoTime()) == 0) {
        ending.interrupt();
        forced = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void finishQueues() {
    timersCancelled += timers.close();
    offloadsAbandoned += tasks.finish();
  }

  private void release() {
    GracefulShutdown graceful = shutdown;
    try {
      runQueue.takeOver();
      finishQueues(); // again: a loop that never ran has not finished yet
      if (graceful != null) {
        graceful.force();
      }
      CloseReason reason = graceful == null ? CloseReason.LOOP_CLOSED : CloseReason.SHUTDOWN_FORCED;
      registrations.close().forEach(registration -> close(registration, reason));
      awaitEmpty();
    } finally {
      runQueue.end();
      poller.close();
      lifecycle.released();
      if (graceful != null) {
        graceful.report(nanoTime(), timersCancelled, offloadsAbandoned);
      }
    }
  }

  private void close(T registration, CloseReason reason) {
    try {
      closeRegistration.accept(registration, reason);
    } catch (Throwable e) {
      // One descriptor that was closed behind our back must not keep the others open.
      UncaughtExceptions.report(e);
    }
  }

  // Who closes a registration at this moment, on another thread, is about to count it.
  private void awaitEmpty() {
    long startNs = System.nanoTime();
    while (registrations.size() > 0 && System.nanoTime() - startNs < MAX_LATECOMERS_NS) {
      Thread.onSpinWait();
    }
  }

  private long nanoTime() {
    return poller.platform().nanoTime();
  }
}
