package mill.core;

import java.io.IOException;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import mill.core.internal.InterruptFlag;
import mill.core.internal.RegistrationTable;
import mill.core.internal.UncaughtExceptions;
import mill.core.internal.loop.LoopExtension;
import mill.core.internal.timer.LoopTimers;
import mill.natives.Interest;
import mill.natives.Pollable;
import mill.natives.Poller;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;
import mill.natives.platform.Platform;
import org.jspecify.annotations.Nullable;

/**
 * The engine of an {@link EventLoop}: its turns, from the poll to the tasks, and its registrations.
 *
 * <pre>
 *   poll ─▶ dispatch what is ready ─▶ run queue ─▶ expire timers ─▶ results, tasks ─▶ drain ─▶ run queue
 *     ▲                                                                                            │
 *     └────────────────────────────────────────────────────────────────────────────────────────────┘
 * </pre>
 *
 * <p>What {@link EventLoop} says about threads holds here too. {@link LoopSleep} is the poll,
 * {@link LoopDrain} the drain, and {@link LoopEnd} is what comes after the last turn.
 */
final class Reactor {
  private final LoopConfig config;
  private final Platform platform;
  private final Poller poller;
  private final ReadyEvents events;
  private final @Nullable WorkerPool<Registration> workers;
  private final @Nullable WorkerEvents<Registration> workerEvents; // if there are workers
  private final RegistrationTable<Registration> registrations = new RegistrationTable<>();
  private final RunQueue<Registration> runQueue;
  private final LoopTasks tasks;
  private final LoopTimers timers;
  private final LoopLifecycle lifecycle;
  private final InterruptFlag interrupts = new InterruptFlag();
  private final ExtensionPlace extension = new ExtensionPlace();
  private final LoopEnd<Registration> ending;
  private final LoopDrain<Registration> drain;
  private final LoopSleep sleep;
  private final @Nullable LoopTelemetry telemetry;
  private @Nullable StallWatchdog watchdog; // the loop's thread

  Reactor(LoopConfig config, Platform platform) throws IOException {
    this.config = config;
    this.platform = platform;
    lifecycle = new LoopLifecycle(platform);
    boolean polls = config.dispatch() != DispatchMode.WORKERS;
    events = new ReadyEvents(polls ? config.eventsPerPoll() : 1);
    BooleanSupplier isLoopThread = lifecycle::isLoopThread;
    Runnable wake = this::wakeIfAsleep;
    Consumer<Throwable> threw = this::taskThrew;
    timers =
        new LoopTimers(platform::nanoTime, config.timerTick().toNanos(), isLoopThread, wake, threw);
    boolean watched = config.stallThreshold().isPresent();
    telemetry = config.metrics() ? new LoopTelemetry(config.name(), platform, watched) : null;
    if (telemetry != null && watched) {
      timers.beforeEach(telemetry::doing);
    }
    timers.afterEach(interrupts::clear);
    tasks = new LoopTasks(this, config, telemetry, isLoopThread, wake, threw, interrupts);
    workers =
        polls
            ? null
            : new WorkerPool<>(config.workers(), config.name(), platform.threads(), this::work);
    runQueue = new RunQueue<>(workers, this::wakeForRunQueue, this::called);
    poller = Poller.open(platform, this::closedWhileRegistered);
    workerEvents =
        workers == null
            ? null
            : new WorkerEvents<>(config, poller, registrations, workers, telemetry, wake);
    ending =
        new LoopEnd<>(
            config,
            lifecycle,
            runQueue,
            timers,
            tasks,
            workers,
            registrations,
            new RunningCallbacks<>(lifecycle, workers, telemetry, LoopActivities::describe),
            poller,
            interrupts,
            this::stop,
            extension);
    drain = new LoopDrain<>(platform, registrations, workers, tasks, extension, wake);
    sleep =
        new LoopSleep(
            config,
            lifecycle,
            poller,
            events,
            workerEvents,
            runQueue,
            timers,
            tasks,
            extension,
            ending,
            drain);
  }

  LoopConfig config() {
    return config;
  }

  Platform platform() {
    return platform;
  }

  LoopTimers timers() {
    return timers;
  }

  LoopTasks tasks() {
    return tasks;
  }

  LoopMetrics metrics() {
    return LoopTelemetry.metrics(
        telemetry,
        config.name(),
        platform.name(),
        timers,
        tasks.queued(),
        tasks.offloaded(),
        registrations.size());
  }

  // ---- its life

  void run() throws IOException {
    if (!lifecycle.begin()) {
      return;
    }
    try {
      runQueue.begin(() -> registrations.items().iterator());
      if (workers != null) {
        // They can handle events from now on, so not before; none if the loop is not to turn.
        workers.start(lifecycle.isStopping() ? null : workerEvents);
      }
      if (telemetry != null) {
        watch(telemetry);
      }
      while (!lifecycle.isStopping()) {
        turn();
      }
    } finally {
      if (watchdog != null) {
        watchdog.close();
      }
      ending.end();
      interrupts.restore();
    }
  }

  private void watch(LoopTelemetry told) {
    told.begins();
    if (config.stallThreshold().isPresent()) {
      watchdog =
          StallWatchdog.start(
              new StallWatch(told, config, LoopActivities::describe), config, platform.threads());
    }
  }

  void stop() {
    lifecycle.stop();
    wakeIfAsleep();
  }

  void close() {
    ending.close();
  }

  CompletionStage<ShutdownReport> shutdown(long timeoutNs) {
    GracefulShutdown requested = ending.shutDown(timeoutNs);
    try {
      wakeIfAsleep();
    } finally {
      ending.watch(requested); // when the loop is on its way: it may have ended by then
    }
    return requested.stage();
  }

  boolean isLoopThread() {
    return lifecycle.isLoopThread();
  }

  boolean isOwnThread() {
    return ending.isOwnThread();
  }

  // ---- registrations

  /** Stores the registration, then arms the kernel. Any thread. */
  void register(Registration registration, Interest interest, Trigger trigger) throws IOException {
    // The handler is in its place before the kernel is armed: the first event may come before the
    // next line is over.
    boolean armed = false;
    try {
      requireNotEnded();
      registration.token = registrations.add(registration);
      poller.register(registration.pollable(), registration.token, interest, trigger);
      armed = true;
    } finally {
      if (!armed) {
        registrations.remove(registration.token);
        registration.refuse();
      }
    }
    GracefulShutdown draining = ending.shutdown();
    if (draining != null) {
      draining.wantScan();
      wakeIfAsleep();
    }
  }

  /** Changes what the kernel is asked for. Any thread, holding the registration's lock. */
  void change(Pollable pollable, Interest interest, Trigger trigger) throws IOException {
    poller.change(pollable, interest, trigger);
  }

  /** Lets the kernel forget a pollable. Any thread, holding the registration's lock. */
  void deregister(Pollable pollable) {
    poller.deregister(pollable);
  }

  private void closedWhileRegistered(long token) {
    Registration registration = registrations.find(token);
    if (registration != null && registration.markCancelled(CloseReason.POLLABLE_CLOSED)) {
      removed(registration);
    }
  }

  /** The kernel has forgotten a registration that was marked cancelled. Any thread, no locks. */
  void removed(Registration registration) {
    try {
      registration.closeThrottles();
      registration.closeTasks();
      GracefulShutdown draining = ending.shutdown();
      if (draining != null) {
        drain.count(draining, registration);
      }
    } finally {
      registrations.remove(registration.token);
      runQueue.closed(registration); // also wakes a loop that waits for the last one
    }
  }

  /**
   * Runs a task with the callbacks of a registration, as {@link Registration#execute} does; a
   * graceful shutdown waits for it. Any thread.
   */
  void deliver(Registration registration, Runnable task) {
    drain.deliver(registration::execute, task);
  }

  /** A registration has tasks to run. Any thread. */
  void hasTasks(Registration registration) {
    runQueue.hasTasks(registration);
  }

  /** Whether registrations may be given tasks. Any thread. */
  boolean takesTasks() {
    return tasks.isOpen() && !runQueue.hasEnded();
  }

  /** Whether handlers are called on the loop's thread. */
  boolean callsInline() {
    return workers == null;
  }

  /** Whether no handler can be running, since its thread is the calling one. */
  boolean callsOnThisThread() {
    return workers == null && isLoopThread();
  }

  /**
   * Refuses what would never have an effect.
   *
   * @throws IllegalStateException if the loop has ended
   */
  void requireNotEnded() {
    if (runQueue.hasEnded()) {
      throw new IllegalStateException(endedMessage());
    }
  }

  boolean hasEnded() {
    return runQueue.hasEnded();
  }

  String endedMessage() {
    return "the loop has ended: " + this;
  }

  // ---- its extension

  /** The extension, made now if there is none. Any thread. */
  LoopExtension extension(Supplier<? extends LoopExtension> make) {
    requireNotEnded();
    return extension.getOrMake(make);
  }

  /** Keeps the interrupt that a callback has left from the next one. The loop's thread. */
  void clearInterrupt() {
    interrupts.clear();
  }

  // ---- what is thrown

  /** Tells the platform what onError is about to hear. Any thread. */
  void threw(Throwable thrown) {
    platform.threads().threw(thrown);
  }

  /** Counts what a handler threw. Any thread. */
  void handlerThrew() {
    if (telemetry != null) {
      telemetry.handlerThrew();
    }
  }

  /** Counts and reports what a task threw. Any thread. */
  void taskThrew(Throwable thrown) {
    if (telemetry != null) {
      telemetry.taskThrew();
    }
    UncaughtExceptions.report(thrown);
  }

  // ---- a turn

  private void turn() throws IOException {
    sleep.poll();
    if (telemetry != null) {
      telemetry.turnBegins(events);
    }
    int dispatched = dispatch();
    LoopExtension early = extension.get();
    if (early != null) {
      early.afterEvents();
    }
    if (telemetry != null) {
      telemetry.dispatched(dispatched);
    }
    boolean called = runQueue.run();
    interrupts.clear();
    boolean rearmed = takeTimers();
    int fired = timers.advance(config.maxTasksPerTurn());
    int results = tasks.runResults();
    int executed = tasks.runTasks();
    LoopExtension late = extension.get(); // perhaps one of the tasks has made it
    if (late != null) {
      called |= late.endOfTurn();
    }
    GracefulShutdown draining = ending.shutdown();
    if (draining != null && drain.isOver(draining)) {
      lifecycle.stop();
    }
    called |= runQueue.run(); // what the others have closed
    interrupts.clear();
    if (telemetry != null) {
      boolean other = called || rearmed || draining != null || lifecycle.isStopping();
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
      if (registration.isOneShotArmed()) {
        registration.setOneShotArmed(false);
      }
      boolean timed = telemetry != null && telemetry.handlerBegins(registration);
      registration.fire(events.bits(i));
      interrupts.clear();
      if (timed && telemetry != null) {
        telemetry.handlerEnds(registration.pollable(), registration.handler());
      }
    }
    return dispatched;
  }

  void wakeIfAsleep() {
    sleep.wakeIfAsleep();
  }

  // What the workers have is none of the loop's business, unless it waits for the last one to end.
  private void wakeForRunQueue() {
    if (workers == null || ending.shutdown() != null) {
      wakeIfAsleep();
    }
  }

  private void called(Registration registration) {
    interrupts.clear();
    if (telemetry != null) {
      telemetry.doing(registration);
    }
  }

  private boolean takeTimers() {
    boolean any = timers.hasInbox();
    if (any) {
      timers.drainInbox();
    }
    return any;
  }

  // A worker's thread.
  private void work(Registration registration) {
    Object span = telemetry == null ? null : telemetry.workerBegins();
    boolean again = registration.runScheduled();
    if (span != null && telemetry != null) {
      telemetry.workerEnds(span, registration.pollable(), registration.handler());
    }
    if (again && workers != null) {
      workers.submitAgain(registration); // behind the others: a busy one does not keep its worker
    }
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
