package mill.core;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import mill.core.internal.InterruptFlag;
import mill.core.internal.RegistrationTable;
import mill.core.internal.SafeText;
import mill.core.internal.UncaughtExceptions;
import mill.core.internal.loop.LoopExtension;
import mill.core.internal.timer.LoopTimeout;
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
 * <p>What {@link EventLoop} says about threads holds here too. {@link LoopEnd} is what comes after
 * the last turn.
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
  private final long spinNs;
  private final long lookNs; // 0 for a loop that sleeps at once
  private final InterruptFlag interrupts = new InterruptFlag();
  private final LoopEnd<Registration> ending;
  private final @Nullable LoopTelemetry telemetry;
  private @Nullable StallWatchdog watchdog; // the loop's thread

  private final AtomicInteger deliveries = new AtomicInteger(); // connections that a listener left
  private volatile @Nullable LoopExtension extension; // written once, holding extensionLock
  private final Object extensionLock = new Object();
  private volatile boolean stopping;
  private volatile boolean asleep;

  Reactor(LoopConfig config, Platform platform) throws IOException {
    this.config = config;
    this.platform = platform;
    lifecycle = new LoopLifecycle(platform);
    boolean polls = config.dispatch() != DispatchMode.WORKERS;
    events = new ReadyEvents(polls ? config.eventsPerPoll() : 1);
    spinNs = config.spinNs();
    lookNs = config.lookNs();
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
    timers.afterEach(interrupts::clear);
    tasks =
        new LoopTasks(
            this,
            config,
            telemetry,
            lifecycle::isLoopThread,
            this::wakeIfAsleep,
            this::taskThrew,
            interrupts);
    workers =
        polls
            ? null
            : new WorkerPool<>(config.workers(), config.name(), platform.threads(), this::work);
    runQueue = new RunQueue<>(workers, this::wakeForRunQueue, this::called);
    poller = Poller.open(platform, this::closedWhileRegistered);
    workerEvents =
        workers == null
            ? null
            : new WorkerEvents<>(
                config, poller, registrations, workers, telemetry, this::wakeIfAsleep);
    ending =
        new LoopEnd<>(
            config,
            lifecycle,
            runQueue,
            timers,
            tasks,
            workers,
            registrations,
            new EndOfRegistrations(),
            new RunningCallbacks<>(lifecycle, workers, telemetry, Reactor::describe),
            poller,
            interrupts,
            this::stop,
            this::extension);
  }

  private static final class EndOfRegistrations implements LoopEnd.Registered<Registration> {
    @Override
    public void close(Registration registration, CloseReason reason) {
      registration.close(reason);
    }

    @Override
    public long undeliveredBytes(Registration registration) {
      return registration.undeliveredBytes();
    }

    @Override
    public String describe(Registration registration) {
      return SafeText.of(registration);
    }
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
        workers.start(stopping ? null : workerEvents);
      }
      if (telemetry != null) {
        watch(telemetry);
      }
      while (!stopping) {
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
              new StallWatch(told, config, Reactor::describe), config, platform.threads());
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
        count(draining, registration); // before the table is empty, or the report would miss it
      }
    } finally {
      registrations.remove(registration.token);
      runQueue.closed(registration); // also wakes a loop that waits for the last one
    }
  }

  private static void count(GracefulShutdown draining, Registration ended) {
    if (ended.pollable().acceptsConnections()) {
      draining.listenerClosed();
    } else {
      long left = ended.undeliveredBytes();
      draining.ended(ended, left > 0 ? SafeText.of(ended) : "", left);
    }
  }

  /**
   * Runs a task with the callbacks of a registration, as {@link Registration#execute} does; a
   * graceful shutdown waits for it. Any thread.
   */
  void deliver(Registration registration, Runnable task) {
    deliveries.incrementAndGet();
    boolean accepted = false;
    try {
      registration.execute(() -> {
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
    wakeIfAsleep();
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
    synchronized (extensionLock) {
      LoopExtension made = extension;
      if (made == null) {
        made = make.get();
        extension = made;
      }
      return made;
    }
  }

  @Nullable LoopExtension extension() {
    return extension;
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
    poll();
    if (telemetry != null) {
      telemetry.turnBegins(events);
    }
    int dispatched = dispatch();
    LoopExtension early = extension;
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
    LoopExtension late = extension; // perhaps one of the tasks has made it
    if (late != null) {
      called |= late.endOfTurn();
    }
    GracefulShutdown draining = ending.shutdown();
    if (draining != null) {
      drain(draining);
    }
    called |= runQueue.run(); // what the others have closed
    interrupts.clear();
    if (telemetry != null) {
      boolean other = called || rearmed || draining != null || stopping;
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

  private void poll() throws IOException {
    if (lookNs > 0 && look()) {
      return;
    }
    long timeoutNs = sooner(config.maxPollTimeoutNs(), timers.nextDelayNs());
    if (hasWork() || !fallsAsleep()) {
      timeoutNs = 0;
    } else {
      GracefulShutdown draining = ending.shutdown();
      if (draining != null) {
        timeoutNs = sooner(timeoutNs, draining.leftNs(platform.nanoTime()));
      }
    }
    try {
      if (workerEvents != null) {
        workerEvents.sleep(events, timeoutNs);
      } else {
        poller.poll(events, timeoutNs);
      }
    } finally {
      if (asleep) {
        asleep = false;
      }
    }
  }

  /**
   * Whoever brings work looks at asleep after leaving it, and this looks for all of it anew after
   * raising asleep: one of the two sees the other. With work at hand it is not raised: those who
   * bring more have it in their caches.
   */
  private boolean fallsAsleep() {
    asleep = true;
    if (hasWork()) {
      asleep = false; // so that nobody pays for waking what does not sleep
      return false;
    }
    return true;
  }

  /**
   * Polls without waiting for as long as the idle strategy says; false if nothing came. The loop is
   * not asleep meanwhile, so nobody wakes it: it looks for work as often as for events.
   */
  private boolean look() throws IOException {
    poller.poll(events, 0);
    if (hasFound()) {
      return true;
    }
    long startNs = platform.nanoTime();
    long dueNs = sooner(config.maxPollTimeoutNs(), timers.nextDelayNs());
    long passedNs = 0;
    while (!isOver(dueNs, passedNs)) {
      if (passedNs >= lookNs) {
        return false;
      }
      if (passedNs < spinNs) {
        platform.threads().onSpinWait();
      } else {
        platform.threads().yieldProcessor();
      }
      poller.poll(events, 0);
      if (hasFound()) {
        return true;
      }
      passedNs = platform.nanoTime() - startNs;
    }
    return true;
  }

  private boolean hasFound() {
    return events.size() > 0 || events.woken() || hasWork();
  }

  private boolean isOver(long dueNs, long passedNs) {
    GracefulShutdown draining = ending.shutdown();
    return (dueNs >= 0 && passedNs >= dueNs)
        || (draining != null && draining.leftNs(platform.nanoTime()) == 0);
  }

  // Negative is without end.
  private static long sooner(long ns, long otherNs) {
    return ns < 0 || (otherNs >= 0 && otherNs < ns) ? otherNs : ns;
  }

  private boolean hasWork() {
    if (stopping || tasks.areWaiting() || !runQueue.isEmpty() || timers.hasInbox()) {
      return true;
    }
    LoopExtension more = extension;
    if (more != null && more.hasWork()) {
      return true;
    }
    if (workerEvents != null && workerEvents.hasFailed()) {
      return true;
    }
    GracefulShutdown draining = ending.shutdown();
    return draining != null && (draining.isScanWanted() || isDrained());
  }

  void wakeIfAsleep() {
    if (workerEvents != null) {
      wakeIfAsleep(workerEvents);
      return;
    }
    if (asleep && !isLoopThread()) {
      poller.wake();
    }
  }

  private void wakeIfAsleep(WorkerEvents<Registration> sleep) {
    if (asleep && !isLoopThread()) {
      sleep.wake(lifecycle.thread());
    }
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

  private void drain(GracefulShutdown draining) {
    if (draining.isScanWanted()) {
      draining.beginScan();
      LoopExtension more = extension;
      if (more != null) {
        more.listenersEnd();
      }
      closeListenersAndTell(draining).forEach(this::tellOfShutdown);
      if (more != null) {
        more.shutDown();
      }
    }
    if (isDrained() || draining.leftNs(platform.nanoTime()) == 0) {
      stopping = true;
    }
  }

  private void tellOfShutdown(Registration registration) {
    if (workers == null) {
      registration.fire(SerialCalls.SHUTDOWN);
    } else if (registration.schedule(SerialCalls.SHUTDOWN)) {
      workers.submit(registration);
    }
  }

  /** Closes the listeners; returns the others that have not been told of the shutdown yet. */
  private List<Registration> closeListenersAndTell(GracefulShutdown draining) {
    var told = new ArrayList<Registration>();
    boolean takesWaiting = draining.leftNs(platform.nanoTime()) > 0;
    for (Registration registration : registrations.items()) {
      if (takesWaiting && registration.handler() instanceof EventLoop.ListenerPlace) {
        tellOfShutdown(registration); // accepts what waits, and closes itself
      } else if (registration.pollable().acceptsConnections()) {
        registration.close(CloseReason.LOOP_CLOSED);
      } else if (draining.tell(registration, registration.undeliveredBytes())) {
        told.add(registration);
      }
    }
    return told;
  }

  private boolean isDrained() {
    LoopExtension more = extension;
    return registrations.size() == 0
        && deliveries.get() == 0
        && tasks.areDone()
        && (more == null || more.isDone());
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
