package mill.core;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import mill.core.internal.RegistrationTable;
import mill.core.internal.SafeText;
import mill.core.internal.loop.LoopExtension;
import mill.natives.platform.Platform;
import org.jspecify.annotations.Nullable;

/**
 * Drains a loop that shuts down gracefully: closes its listeners, tells the other registrations,
 * and knows when nothing is left to wait for.
 *
 * <pre>
 *   shutdown ──▶ listeners closed, the others told ──▶ none is left, no task, no delivery ──▶ stops
 *                       ▲              │                                                        ▲
 *                       └── a new one ─┴── or the time is over ─────────────────────────────────┘
 * </pre>
 *
 * <p>{@link GracefulShutdown} keeps the account, and {@link LoopEnd} comes after it.
 *
 * @param <T> what is registered
 */
final class LoopDrain<T extends Registered> {
  private final Platform platform;
  private final RegistrationTable<T> registrations;
  private final @Nullable WorkerPool<T> workers;
  private final LoopTasks tasks;
  private final ExtensionPlace extension;
  private final Runnable wake;
  private final AtomicInteger deliveries = new AtomicInteger(); // connections that a listener left

  /**
   * Makes it.
   *
   * @param platform whose clock says when the time is over
   * @param workers who calls the handlers, or null for the loop
   * @param wake wakes the loop if it sleeps
   */
  LoopDrain(
      Platform platform,
      RegistrationTable<T> registrations,
      @Nullable WorkerPool<T> workers,
      LoopTasks tasks,
      ExtensionPlace extension,
      Runnable wake) {
    this.platform = platform;
    this.registrations = registrations;
    this.workers = workers;
    this.tasks = tasks;
    this.extension = extension;
    this.wake = wake;
  }

  // ---- any thread

  /**
   * Runs a task elsewhere; a shutdown waits for it.
   *
   * @throws java.util.concurrent.RejectedExecutionException if the executor refuses the task
   */
  void deliver(Executor executor, Runnable task) {
    deliveries.incrementAndGet();
    boolean accepted = false;
    try {
      executor.execute(() -> {
        try {
          task.run();
        } finally {
          delivered();
        }
      });
      accepted = true;
    } finally {
      if (!accepted) {
        delivered();
      }
    }
  }

  private void delivered() {
    deliveries.decrementAndGet();
    wake.run();
  }

  /** Counts a registration that has ended. Before the table is empty, or the report misses it. */
  void count(GracefulShutdown draining, T ended) {
    if (ended.pollable().acceptsConnections()) {
      draining.listenerClosed();
    } else {
      long left = ended.undeliveredBytes();
      draining.ended(ended, left > 0 ? SafeText.of(ended) : "", left);
    }
  }

  // ---- the loop's thread

  /** Whether there is something for {@link #isOver}. */
  boolean hasWork(GracefulShutdown draining) {
    return draining.isScanWanted() || isDrained();
  }

  /** Tells those who have not been told; true if there is nothing more to wait for. */
  boolean isOver(GracefulShutdown draining) {
    if (draining.isScanWanted()) {
      draining.beginScan();
      closeListenersAndTell(draining).forEach(this::tell);
      LoopExtension more = extension.get();
      if (more != null) {
        more.shutDown();
      }
    }
    return isDrained() || draining.leftNs(platform.nanoTime()) == 0;
  }

  private void tell(T registration) {
    if (workers == null) {
      registration.fire(SerialCalls.SHUTDOWN);
    } else if (registration.schedule(SerialCalls.SHUTDOWN)) {
      workers.submit(registration);
    }
  }

  /** Closes the listeners; returns the others that have not been told of the shutdown yet. */
  private List<T> closeListenersAndTell(GracefulShutdown draining) {
    var told = new ArrayList<T>();
    boolean takesWaiting = draining.leftNs(platform.nanoTime()) > 0;
    for (T registration : registrations.items()) {
      if (takesWaiting && registration.closesWhenTold()) {
        tell(registration);
      } else if (registration.pollable().acceptsConnections()) {
        registration.close(CloseReason.LOOP_CLOSED);
      } else if (draining.tell(registration, registration.undeliveredBytes())) {
        told.add(registration);
      }
    }
    return told;
  }

  private boolean isDrained() {
    LoopExtension more = extension.get();
    return registrations.size() == 0
        && deliveries.get() == 0
        && tasks.areDone()
        && (more == null || more.isDone());
  }
}
