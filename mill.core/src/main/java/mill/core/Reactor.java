package mill.core;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import mill.core.internal.RegistrationTable;
import mill.core.internal.SafeText;
import mill.core.internal.UncaughtExceptions;
import mill.core.internal.WorkerPool;
import mill.core.internal.timer.LoopTimeout;
import mill.core.internal.timer.LoopTimers;
import mill.natives.Interest;
import mill.natives.Poller;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;
import mill.natives.platform.Platform;
import org.jspecify.annotations.Nullable;

/**
 * The engine of an {@link EventLoop}: its turns, from the poll to the tasks, and its end.
 *
 * <pre>
 *   poll ─▶ dispatch what is ready ─▶ complete cancellations ─▶ expire timers ─▶ results, tasks ─▶ drain
 *     ▲                                                                                              │
 *     └──────────────────────────────────────────────────────────────────────────────────────────────┘
 * </pre>
 *
 * <p>What {@link EventLoop} says about threads holds here too.
 */
final class Reactor {
  private static final CompletionStage<Void> DONE = CompletableFuture.completedStage(null);
  private static final long MAX_LATECOMERS_NS = 100_000_000;
  private static final String CANCELLATION = "what depends on a cancellation";

  private final LoopConfig config;
  private final Platform platform;
  private final Poller poller;
  private final ReadyEvents events;
  private final @Nullable WorkerPool<Registration> workers;
  private final RegistrationTable<Registration> registrations = new RegistrationTable<>();

  // Registrations that were cancelled from another thread, until the loop has passed between two
  // callbacks. Each is in it once, so its
  // bound is the table's.
  private final ConcurrentLinkedQueue<Registration> quieting = new ConcurrentLinkedQueue<>();

  private final LoopTasks tasks;
  private final LoopTimers timers;
  private final LoopLifecycle lifecycle = new LoopLifecycle();
  private final @Nullable LoopTelemetry telemetry;

  private volatile boolean stopping;
  private volatile boolean asleep;
  private volatile @Nullable Drain drain; // written holding lifecycle

  // Of the thread that ends the loop, or closes one that never ran.
  private long timersCancelled;
  private int offloadsAbandoned;
  private @Nullable StallWatchdog watchdog;

  Reactor(LoopConfig config, Platform platform) throws IOException {
    this.config = config;
    this.platform = platform;
    events = new ReadyEvents(config.eventsPerPoll());
    timers =
        new LoopTimers(
            platform::nanoTime,
            config.timerTick().toNanos(),
            lifecycle::isLoopThread,
            this::wakeIfAsleep,
            this::taskThrew);
    boolean watched = config.stallThreshold().isPresent();
    telemetry = config.metrics() ? new LoopTelemetry(config.name(), platform, watched) : null;
    if (telemetry != null && watched) {
      timers.beforeEach(telemetry::doing);
    }
    tasks = new LoopTasks(this, config, telemetry, this::wakeIfAsleep, this::taskThrew);
    workers =
        config.dispatch() == DispatchMode.WORKERS
            ? new WorkerPool<>(config.workers(), config.name(), this::work)
            : null;
    poller = Poller.open(platform, this::closedWhileRegistered);
  }

  /** Stores the registration, then arms the kernel. Any thread. */
  void register(Registration registration, Interest interest, Trigger trigger) throws IOException {
    // The handler is in its place before the kernel is armed: the first event may come before the
    // next line is over.
    registration.token = registrations.add(registration);
    boolean armed = false;
    try {
      poller.register(
          registration.pollable(), registration.token, interest, kernelTrigger(trigger));
      armed = true;
      Drain draining = drain;
      if (draining != null) {
        draining.newcomer();
        wakeIfAsleep();
      }
    } finally {
      if (!armed) {
        registration.markCancelled();
        registrations.remove(registration.token);
      }
    }
  }

  void run() throws IOException {
    if (!begin()) {
      return;
    }
    try {
      if (workers != null) {
        workers.start();
      }
      if (telemetry != null) {
        watch(telemetry);
      }
      while (!stopping) {
        turn();
      }
    } finally {
      end();
    }
  }

  private boolean begin() {
    synchronized (lifecycle) {
      boolean shutDown = drain != null && lifecycle.phase() == LoopLifecycle.Phase.CLOSED;
      return !shutDown && lifecycle.begin();
    }
  }

  private void watch(LoopTelemetry seen) {
    seen.begins();
    if (config.stallThreshold().isPresent()) {
      watchdog = StallWatchdog.start(new StallWatch(seen, config, Reactor::describe), config);
    }
  }

  // For the watchdog. Takes no lock, or it would wait for the very handler that it is to name.
  static String describe(Object activity) {
    return switch (activity) {
      case Registration registration ->
          "handler "
              + registration.handler().getClass().getName()
              + " of "
              + SafeText.of(registration.pollable());
      case LoopTimeout timer -> "timer " + timer.taskClass().getName();
      case String step -> step;
      default -> "task " + activity.getClass().getName();
    };
  }

  void stop() {
    stopping = true;
    wakeIfAsleep();
  }

  void close() {
    stop();
    if (lifecycle.beginClose()) {
      release();
    } else if (!isOwnThread()) {
      lifecycle.awaitRelease();
    }
  }

  CompletionStage<ShutdownReport> shutdown(long timeoutNs) {
    long now = platform.nanoTime();
    long deadline = now + Math.min(timeoutNs, Long.MAX_VALUE >> 1);
    Drain draining;
    boolean running;
    synchronized (lifecycle) {
      draining = drain == null ? new Drain(now, deadline) : drain;
      draining.hurry(deadline);
      drain = draining;
      running = lifecycle.closeAtEnd();
    }
    if (running) {
      draining.newcomer(); // the loop looks again, at the time for instance
      wakeIfAsleep();
    } else {
      close();
      draining.report(platform.nanoTime(), 0, 0); // if it was closed without one
    }
    return draining.stage();
  }

  boolean isLoopThread() {
    return lifecycle.isLoopThread();
  }

  LoopConfig config() {
    return config;
  }

  LoopMetrics metrics() {
    return LoopTelemetry.snapshot(
        telemetry,
        new LoopMetrics(
            config.name(),
            platform.name(),
            false,
            0,
            0,
            0,
            timers.fired(),
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            tasks.queued(),
            tasks.offloaded(),
            timers.size(),
            registrations.size()));
  }

  LoopTimers timers() {
    return timers;
  }

  LoopTasks tasks() {
    return tasks;
  }

  Poller poller() {
    return poller;
  }

  /**
   * How the kernel is asked. A worker's level-triggered registration is re-armed when its handler
   * has returned.
   */
  Trigger kernelTrigger(Trigger trigger) {
    return workers != null && trigger == Trigger.LEVEL ? Trigger.ONESHOT : trigger;
  }

  /** Removes a registration that has been marked cancelled. */
  void forget(Registration registration) {
    try {
      poller.deregister(registration.pollable());
    } finally {
      removed(registration);
    }
  }

  /** Completes when no callback of a cancelled registration runs any more. */
  CompletionStage<Void> whenQuiet(Registration registration) {
    if (workers != null) {
      if (registration.isRunner() || !registration.isScheduled()) {
        return DONE;
      }
      CompletableFuture<Void> quiet = registration.quiet();
      if (!registration.isScheduled()) {
        quiet.complete(null); // the worker finished before it could see that somebody waits
      }
      return quiet.minimalCompletionStage();
    }
    if (isLoopThread()) {
      return DONE;
    }
    CompletableFuture<Void> quiet;
    synchronized (lifecycle) {
      if (lifecycle.phase() != LoopLifecycle.Phase.RUNNING) {
        return DONE;
      }
      quiet = registration.quiet();
      if (!registration.quieting) {
        registration.quieting = true; // and stays so: once it is quiet, it is so for ever
        quieting.add(registration);
      }
    }
    wakeIfAsleep();
    return quiet.minimalCompletionStage();
  }

  /** Reports what nobody else will hear of. */
  void uncaught(Throwable thrown) {
    UncaughtExceptions.report(thrown);
  }

  /** Counts what a handler threw. Any thread. */
  void handlerThrew() {
    if (telemetry != null) {
      telemetry.handlerThrew();
    }
  }

  private void taskThrew(Throwable thrown) {
    if (telemetry != null) {
      telemetry.taskThrew();
    }
    uncaught(thrown);
  }

  private void turn() throws IOException {
    poll();
    if (telemetry != null) {
      telemetry.turnBegins(events);
    }
    int dispatched = dispatch();
    if (telemetry != null) {
      telemetry.dispatched(dispatched);
    }
    boolean quieted = completeQuieting();
    boolean rearmed = takeTimers();
    int fired = timers.advance(config.maxTasksPerTurn());
    int results = tasks.runResults();
    int executed = tasks.runTasks();
    Drain draining = drain;
    if (draining != null) {
      drain(draining);
    }
    if (telemetry != null) {
      boolean other = quieted || rearmed || draining != null || stopping;
      telemetry.turnEnds(fired, results, executed, other);
    }
  }

  // Flat on purpose: each call between here and a handler's system calls takes from what the
  // compiler inlines, and what it does not inline makes garbage.
  private int dispatch() {
    int dispatched = 0;
    for (int i = 0; i < events.size(); i++) {
      // Looked up one by one: a handler may have cancelled the ones behind it.
      Registration registration = registrations.find(events.token(i));
      if (registration == null) {
        continue;
      }
      dispatched++;
      if (workers != null) {
        submit(workers, registration, events.bits(i));
        continue;
      }
      boolean timed = telemetry != null && telemetry.handlerBegins(registration);
      registration.fire(events.bits(i));
      if (timed && telemetry != null) {
        telemetry.handlerEnds(registration.pollable(), registration.handler());
      }
    }
    return dispatched;
  }

  private static void submit(
      WorkerPool<Registration> workers, Registration registration, int events) {
    if (registration.schedule(events)) {
      workers.submit(registration);
    }
  }

  private void poll() throws IOException {
    long timeoutNs = sleepNs();
    // Whoever brings work looks at asleep after leaving it, and this looks for work after setting
    // asleep: one of the two sees the other.
    asleep = true;
    if (hasWork()) {
      asleep = false; // so that nobody pays for waking what does not sleep
      timeoutNs = 0;
    }
    try {
      poller.poll(events, timeoutNs);
    } finally {
      asleep = false;
    }
  }

  /** How long there is nothing to do, unless somebody wakes the loop; negative for without end. */
  private long sleepNs() {
    long sleepNs = sooner(config.maxPollTimeoutNs(), timers.nextDelayNs());
    Drain draining = drain;
    return draining == null ? sleepNs : sooner(sleepNs, draining.leftNs(platform.nanoTime()));
  }

  private static long sooner(long ns, long otherNs) {
    return ns < 0 || (otherNs >= 0 && otherNs < ns) ? otherNs : ns;
  }

  private boolean hasWork() {
    if (stopping || tasks.areWaiting() || !quieting.isEmpty() || timers.hasInbox()) {
      return true;
    }
    Drain draining = drain;
    return draining != null && (draining.hasNewcomers() || isDrained());
  }

  private void wakeIfAsleep() {
    if (asleep && !isLoopThread()) {
      poller.wake();
    }
  }

  private boolean takeTimers() {
    boolean any = timers.hasInbox();
    if (any) {
      timers.drainInbox();
    }
    return any;
  }

  private void drain(Drain draining) {
    if (draining.hasNewcomers()) {
      for (Registration registration : draining.takeNewcomers(registrations.items())) {
        if (workers != null) {
          submit(workers, registration, Registration.SHUTDOWN);
        } else {
          registration.fire(Registration.SHUTDOWN);
        }
      }
    }
    if (isDrained() || draining.leftNs(platform.nanoTime()) == 0) {
      stopping = true;
    }
  }

  private boolean isDrained() {
    return registrations.size() == 0 && tasks.areDone();
  }

  private void work(Registration registration) {
    Object span = telemetry == null ? null : telemetry.workerBegins();
    boolean again = registration.runScheduled();
    if (span != null && telemetry != null) {
      telemetry.workerEnds(span, registration.pollable(), registration.handler());
    }
    if (again && workers != null) {
      workers.submit(
          registration); // behind the others, so that a busy one does not keep its worker
    }
  }

  private boolean completeQuieting() {
    boolean any = false;
    Registration registration;
    while ((registration = quieting.poll()) != null) {
      any = true;
      if (telemetry != null) {
        telemetry.doing(CANCELLATION);
      }
      registration.completeQuiet();
    }
    return any;
  }

  private void closedWhileRegistered(long token) {
    Registration registration = registrations.find(token);
    if (registration != null && registration.markCancelled()) {
      removed(registration);
    }
  }

  private void removed(Registration registration) {
    registration.closeThrottles();
    Drain draining = drain;
    if (draining != null) {
      draining.ended(registration); // before the table is empty, or the report would miss it
    }
    registrations.remove(registration.token);
    if (draining != null) {
      wakeIfAsleep(); // it may have been the last one
    }
  }

  private void end() {
    if (watchdog != null) {
      watchdog.close();
    }
    if (workers != null) {
      endWorkers(workers);
    }
    finishTasks();
    boolean close = lifecycle.end();
    completeQuieting();
    if (close) {
      release();
    }
  }

  private void endWorkers(WorkerPool<Registration> ending) {
    ending.stop();
    boolean interrupted = false;
    boolean forced = false;
    while (!ending.awaitEnd()) {
      interrupted |= Thread.interrupted(); // or the next wait would not wait
      tasks.runTasksAtEnd(); // a handler may be waiting for one
      Drain draining = drain;
      if (!forced && draining != null && draining.leftNs(platform.nanoTime()) == 0) {
        ending.interrupt();
        forced = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void finishTasks() {
    timersCancelled += timers.close();
    offloadsAbandoned += tasks.finish();
  }

  private void release() {
    Drain draining;
    synchronized (lifecycle) {
      draining = drain;
    }
    try {
      finishTasks();
      if (draining != null) {
        draining.force();
      }
      for (Registration registration : registrations.close()) {
        try {
          registration.close();
        } catch (RuntimeException e) {
          uncaught(
              e); // one descriptor that was closed behind our back must not keep the others open
        }
      }
      awaitEmpty();
    } finally {
      poller.close();
      lifecycle.released();
      if (draining != null) {
        draining.report(platform.nanoTime(), timersCancelled, offloadsAbandoned);
      }
    }
  }

  // Who closes a registration at this moment, on another thread, is about to count it.
  private void awaitEmpty() {
    long startNs = System.nanoTime();
    while (registrations.size() > 0 && System.nanoTime() - startNs < MAX_LATECOMERS_NS) {
      Thread.onSpinWait();
    }
  }

  boolean isOwnThread() {
    return isLoopThread() || (workers != null && workers.isWorker());
  }

  @Override
  public String toString() {
    return "EventLoop[%s, %s, %s, %s, %d registrations]"
        .formatted(
            config.name(),
            platform.name(),
            config.dispatch(),
            lifecycle.phase(),
            registrations.size());
  }
}
