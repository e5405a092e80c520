package mill.core;

import java.io.IOException;
import mill.core.internal.RegistrationTable;
import mill.natives.Poller;
import mill.natives.ReadyEvents;
import mill.natives.platform.Threads;
import org.jspecify.annotations.Nullable;

/**
 * The events of a loop whose handlers run on workers: the worker that leads polls for them, so that
 * none has to be handed over to it. The loop's own thread, which has tasks and timers, sleeps apart
 * from that.
 *
 * @param <T> what is registered
 */
final class WorkerEvents<T extends SerialCalls> implements WorkerPool.Source {
  private final Poller poller;
  private final RegistrationTable<T> registrations;
  private final WorkerPool<T> workers;
  private final @Nullable LoopTelemetry telemetry;
  private final Threads threads;
  private final Runnable wakeLoop;
  private final long maxPollTimeoutNs;
  private final ReadyEvents events; // the one that leads

  private volatile @Nullable Throwable failure;
  private volatile boolean woken;

  WorkerEvents(
      LoopConfig config,
      Poller poller,
      RegistrationTable<T> registrations,
      WorkerPool<T> workers,
      @Nullable LoopTelemetry telemetry,
      Runnable wakeLoop) {
    this.poller = poller;
    this.registrations = registrations;
    this.workers = workers;
    this.telemetry = telemetry;
    this.wakeLoop = wakeLoop;
    threads = poller.platform().threads();
    maxPollTimeoutNs = config.maxPollTimeoutNs();
    events = new ReadyEvents(config.eventsPerPoll());
  }

  // ---- the worker that leads

  @Override
  public void poll(boolean waits) throws IOException {
    poller.poll(events, waits ? maxPollTimeoutNs : 0);
    int dispatched = 0;
    for (int i = 0; i < events.size(); i++) {
      T registration = registrations.find(events.token(i));
      if (registration == null) {
        continue;
      }
      dispatched++;
      if (registration.isOneShotArmed()) {
        registration.setOneShotArmed(false);
      }
      if (registration.reported(events.bits(i))) {
        workers.collect(registration);
      }
    }
    if (telemetry != null) {
      telemetry.workersPolled(events.size(), dispatched);
    }
  }

  @Override
  public void wake() {
    poller.wake();
  }

  /** The loop ends with it, on its own thread. */
  @Override
  public void failed(Throwable thrown) {
    failure = thrown;
    wakeLoop.run();
  }

  // ---- the loop's thread

  /** Whether {@link #sleep} throws. */
  boolean hasFailed() {
    return failure != null;
  }

  /**
   * Sleeps until {@link #wake}, or for no reason.
   *
   * @param none gets no events, and a note if somebody has ended the sleep
   * @param timeoutNs how long at most; 0 for not at all, negative for without end
   * @throws IOException if the workers cannot poll any more
   */
  void sleep(ReadyEvents none, long timeoutNs) throws IOException {
    none.clear();
    if (timeoutNs != 0) {
      threads.park(this, timeoutNs < 0 ? Threads.FOREVER : timeoutNs);
    }
    if (woken) {
      woken = false;
      none.markWoken();
    }
    switch (failure) {
      case null -> {}
      case IOException e -> throw e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      case Throwable thrown -> throw new IllegalStateException(thrown);
    }
  }

  /** Ends the sleep, or the next one. Any thread. */
  void wake(@Nullable Thread loop) {
    woken = true;
    if (loop != null) {
      threads.unpark(loop);
    }
  }
}
