package mill.core;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import mill.core.internal.RegistrationTable;
import mill.core.internal.TaskQueue;
import mill.core.internal.WorkerPool;
import mill.natives.Interest;
import mill.natives.Pollable;
import mill.natives.Poller;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;
import mill.natives.platform.Platform;
import org.jspecify.annotations.Nullable;

/**
 * A reactor: waits until registered pollables are ready and calls their handlers.
 *
 * <pre>{@code
 * try (var loop = EventLoop.open();
 *     var listener = TcpListener.bind(new InetSocketAddress("127.0.0.1", 8080))) {
 *   loop.register(listener, Interest.READABLE, (registration, readiness) -> {
 *     // accept, read, write
 *   });
 *   loop.run();
 * }
 * }</pre>
 *
 * <p>One turn of the loop: poll, dispatch what is ready, execute a bounded number of tasks. With
 * nothing to do it sleeps until it is woken; there is no periodic tick.
 *
 * <h2>Threads</h2>
 *
 * <p>{@link #run} makes the calling thread the loop's own; let it be a platform thread. All other
 * methods may be called from any thread, before, while and after the loop runs. Registering,
 * changing an interest and cancelling take effect at once, without a hop to the loop's thread.
 *
 * <pre>
 *   NEW ──run()──▶ RUNNING ──stop()──▶ ENDED ──close()──▶ CLOSED
 *    │                                   ▲                  ▲
 *    ├──────────stop(), run()────────────┘                  │
 *    └──────────────────────close()─────────────────────────┘
 * </pre>
 */
public final class EventLoop implements Executor, AutoCloseable {
  private enum Phase {
    NEW,
    RUNNING,
    ENDED,
    CLOSED
  }

  private static final CompletionStage<Void> DONE = CompletableFuture.completedStage(null);

  private final LoopConfig config;
  private final Platform platform;
  private final Poller poller;
  private final ReadyEvents events;
  private final TaskQueue tasks;
  private final @Nullable WorkerPool<Registration> workers;
  private final RegistrationTable<Registration> registrations = new RegistrationTable<>();

  // Registrations that were cancelled from another thread, until the loop has passed between two
  // callbacks. Each is in it once, so its
  // bound is the table's.
  private final ConcurrentLinkedQueue<Registration> quieting = new ConcurrentLinkedQueue<>();

  private final Object lifecycle = new Object();
  private Phase phase = Phase.NEW; // guarded by lifecycle
  private boolean closeAtEnd; // guarded by lifecycle
  private boolean released; // guarded by lifecycle

  private volatile boolean stopping;
  private volatile boolean asleep;
  private volatile @Nullable Thread thread;

  private EventLoop(LoopConfig config, Platform platform) throws IOException {
    this.config = config;
    this.platform = platform;
    events = new ReadyEvents(config.eventsPerPoll());
    tasks = new TaskQueue(config.taskQueueCapacity());
    workers =
        config.dispatch() == DispatchMode.WORKERS
            ? new WorkerPool<>(config.workers(), config.name(), this::work)
            : null;
    poller = Poller.open(platform, this::closedWhileRegistered);
  }

  /**
   * Opens a loop with the defaults.
   *
   * @return the loop, to be closed by the caller
   * @throws IOException if the system refuses, for instance for want of descriptors
   * @throws IllegalStateException if native access is not granted; the message says what to type
   * @throws UnsupportedOperationException if mill has no backend for this system
   */
  public static EventLoop open() throws IOException {
    return open(LoopConfig.defaults());
  }

  /**
   * Opens a loop.
   *
   * @param config its set-up
   * @return the loop, to be closed by the caller
   * @throws IOException if the system refuses, for instance for want of descriptors
   * @throws IllegalStateException if native access is not granted; the message says what to type
   * @throws UnsupportedOperationException if mill has no backend for this system
   */
  public static EventLoop open(LoopConfig config) throws IOException {
    return new EventLoop(config, config.platform().orElseGet(Platform::current));
  }

  /**
   * Registers a pollable, level-triggered. See {@link #register(Pollable, Interest, Trigger,
   * EventHandler)}.
   *
   * @param pollable what to watch
   * @param interest what to report
   * @param handler what to call
   * @return the registration
   * @throws IOException if the kernel refuses; nothing is registered then
   */
  public Registration register(Pollable pollable, Interest interest, EventHandler handler)
      throws IOException {
    return register(pollable, interest, Trigger.LEVEL, handler);
  }

  /**
   * Registers a pollable: its handler is called whenever it is ready. Any thread; the handler may
   * be called before this returns.
   *
   * <p>The pollable stays the caller's to close, which also cancels the registration. What is still
   * registered when the loop is closed is closed with it.
   *
   * @param pollable what to watch; with one loop at a time
   * @param interest what to report; errors and hang-ups are reported besides, except with {@link
   *     Interest#NONE}
   * @param trigger how often to report it
   * @param handler what to call
   * @return the registration
   * @throws IOException if the kernel refuses, {@code EPERM} for a plain file for instance; nothing
   *     is registered then
   * @throws ClosedChannelException if the pollable is closed
   * @throws IllegalStateException if the pollable is registered already, or the loop is closed
   */
  public Registration register(
      Pollable pollable, Interest interest, Trigger trigger, EventHandler handler)
      throws IOException {
    requireNonNull(handler, "handler");
    var registration = new Registration(this, pollable, handler, interest, trigger);
    // The handler is in its place before the kernel is armed: the first event may come before the
    // next line is over.
    registration.token = registrations.add(registration);
    boolean armed = false;
    try {
      poller.register(pollable, registration.token, interest, kernelTrigger(trigger));
      armed = true;
      return registration;
    } finally {
      if (!armed) {
        registration.markCancelled();
        registrations.remove(registration.token);
      }
    }
  }

  /**
   * Executes a task on the loop's thread, after those that were accepted before. Any thread.
   *
   * <p>A task that is accepted runs exactly once: in a turn, as the loop ends, or, if the loop
   * never ran, as it is closed. What a task throws goes to the thread's uncaught-exception handler,
   * and the loop goes on.
   *
   * @param task what to run
   * @throws RejectedExecutionException if as many tasks wait as {@link
   *     LoopConfig#taskQueueCapacity()} allows, or the loop has ended; the task will not run then
   */
  @Override
  public void execute(Runnable task) {
    switch (tasks.offer(task)) {
      case ACCEPTED -> wakeIfAsleep();
      case FULL ->
          throw new RejectedExecutionException(
              tasks.capacity()
                  + " tasks wait already: submit more slowly or raise taskQueueCapacity");
      case CLOSED -> throw new RejectedExecutionException("the loop has ended: " + this);
    }
  }

  /**
   * Runs the loop on the calling thread until {@link #stop()} or {@link #close()}. Once.
   *
   * <p>Returns at once if the loop was stopped before or has run already. Interrupting the thread
   * does not end it. When this returns, no handler runs any more and no task is left behind.
   *
   * @throws IOException if the kernel refuses to poll
   * @throws IllegalStateException if the loop is running already or closed
   */
  public void run() throws IOException {
    if (!begin()) {
      return;
    }
    try {
      if (workers != null) {
        workers.start();
      }
      while (!stopping) {
        turn();
      }
    } finally {
      end();
    }
  }

  /**
   * Stops the loop after the turn it is in. Any thread, also before the loop runs; a second call
   * does nothing more. A loop that was stopped does not run again.
   */
  public void stop() {
    stopping = true;
    wakeIfAsleep();
  }

  /**
   * Stops the loop, closes every pollable that is still registered and gives everything back to the
   * system. Any thread; a second call does nothing more.
   *
   * <p>Returns when all that is done. Called by a handler or a task of this very loop it cannot
   * wait for itself: it returns at once, and the rest is done before {@link #run} returns.
   */
  @Override
  public void close() {
    stop();
    synchronized (lifecycle) {
      if (phase == Phase.RUNNING) {
        closeAtEnd = true;
      }
      if (phase == Phase.RUNNING || phase == Phase.CLOSED) {
        if (!isOwnThread()) {
          awaitRelease();
        }
        return;
      }
      phase = Phase.CLOSED;
      thread = Thread.currentThread();
    }
    release();
  }

  /**
   * Tells whether the calling thread is the one that runs the loop.
   *
   * @return true if so
   */
  public boolean isLoopThread() {
    return Thread.currentThread() == thread;
  }

  /**
   * Gives the set-up.
   *
   * @return the set-up
   */
  public LoopConfig config() {
    return config;
  }

  /**
   * Describes the loop.
   *
   * @return name, backend, dispatch mode, phase and the number of registrations
   */
  @Override
  public String toString() {
    Phase now;
    synchronized (lifecycle) {
      now = phase;
    }
    return "EventLoop[%s, %s, %s, %s, %d registrations]"
        .formatted(config.name(), platform.name(), config.dispatch(), now, registrations.size());
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
      registrations.remove(registration.token);
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
      if (phase != Phase.RUNNING) {
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
    Thread current = Thread.currentThread();
    try {
      current.getUncaughtExceptionHandler().uncaughtException(current, thrown);
    } catch (Throwable second) {
      second.addSuppressed(thrown);
      System.getLogger("mill.core")
          .log(System.Logger.Level.ERROR, "the uncaught-exception handler threw as well", second);
    }
  }

  private boolean begin() {
    synchronized (lifecycle) {
      return switch (phase) {
        case RUNNING -> throw new IllegalStateException("the loop is running already: " + this);
        case CLOSED -> throw new IllegalStateException("the loop is closed");
        case ENDED -> false;
        case NEW -> {
          phase = Phase.RUNNING;
          thread = Thread.currentThread();
          yield true;
        }
      };
    }
  }

  private void turn() throws IOException {
    poll();
    for (int i = 0; i < events.size(); i++) {
      // Looked up one by one: a handler may have cancelled the ones behind it.
      Registration registration = registrations.find(events.token(i));
      if (registration == null) {
        continue;
      }
      if (workers == null) {
        registration.fire(events.bits(i));
      } else if (registration.schedule(events.bits(i))) {
        workers.submit(registration);
      }
    }
    completeQuieting();
    runTasks();
  }

  private void poll() throws IOException {
    // Whoever brings work looks at asleep after leaving it, and this looks for work after setting
    // asleep: one of the two sees the other.
    asleep = true;
    boolean mustNotWait = stopping || !tasks.isEmpty() || !quieting.isEmpty();
    if (mustNotWait) {
      asleep = false; // so that nobody pays for waking what does not sleep
    }
    try {
      poller.poll(events, mustNotWait ? 0 : config.maxPollTimeoutNs());
    } finally {
      asleep = false;
    }
  }

  private void wakeIfAsleep() {
    if (asleep && !isLoopThread()) {
      poller.wake();
    }
  }

  private void runTasks() {
    for (int i = 0; i < config.maxTasksPerTurn(); i++) {
      Runnable task = tasks.poll();
      if (task == null) {
        return;
      }
      runTask(task);
    }
  }

  private void runTask(Runnable task) {
    try {
      task.run();
    } catch (Throwable thrown) {
      uncaught(thrown);
    }
  }

  private void work(Registration registration) {
    if (registration.runScheduled() && workers != null) {
      workers.submit(
          registration); // behind the others, so that a busy one does not keep its worker
    }
  }

  private void completeQuieting() {
    Registration registration;
    while ((registration = quieting.poll()) != null) {
      registration.completeQuiet();
    }
  }

  private void closedWhileRegistered(long token) {
    Registration registration = registrations.find(token);
    if (registration != null && registration.markCancelled()) {
      registrations.remove(token);
    }
  }

  private void end() {
    if (workers != null) {
      workers.stop();
      boolean interrupted = false;
      while (!workers.awaitEnd()) {
        interrupted |= Thread.interrupted(); // or the next wait would not wait
        runTasks(); // a handler may be waiting for one
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    runRemainingTasks();
    boolean close;
    synchronized (lifecycle) {
      close = closeAtEnd;
      phase = close ? Phase.CLOSED : Phase.ENDED;
      if (!close) {
        thread = null;
      }
    }
    completeQuieting();
    if (close) {
      release();
    }
  }

  private void runRemainingTasks() {
    tasks.close();
    Runnable task;
    while ((task = tasks.pollClosed()) != null) {
      runTask(task);
    }
  }

  private void release() {
    try {
      runRemainingTasks();
      for (Registration registration : registrations.close()) {
        try {
          registration.close();
        } catch (RuntimeException e) {
          uncaught(
              e); // one descriptor that was closed behind our back must not keep the others open
        }
      }
    } finally {
      poller.close();
      synchronized (lifecycle) {
        thread = null;
        released = true;
        lifecycle.notifyAll();
      }
    }
  }

  private boolean isOwnThread() {
    return isLoopThread() || (workers != null && workers.isWorker());
  }

  private void awaitRelease() {
    boolean interrupted = false;
    while (!released) {
      try {
        lifecycle.wait();
      } catch (InterruptedException e) {
        interrupted = true; // passed on below: what close() promises holds when it returns
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
