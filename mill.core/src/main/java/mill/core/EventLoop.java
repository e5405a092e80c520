package mill.core;

import static java.util.Objects.requireNonNull;
import static mill.core.internal.Checks.notNegative;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import mill.core.internal.Durations;
import mill.natives.Interest;
import mill.natives.NativePlatform;
import mill.natives.Pollable;
import mill.natives.Trigger;

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
  private final Reactor reactor;

  private EventLoop(Reactor reactor) {
    this.reactor = reactor;
  }

  /**
   * Opens a loop with the defaults.
   *
   * @return the loop, to be closed by the caller
   * @throws IOException if the system refuses, for instance when it has no descriptors left
   * @throws IllegalStateException if native access is not granted; the message says what to type
   * @throws UnsupportedOperationException if mill has no backend for this system
   */
  public static EventLoop open() throws IOException {
    return open(LoopConfig.defaults());
  }

  /**
   * Opens a loop.
   *
   * @param config its configuration
   * @return the loop, to be closed by the caller
   * @throws IOException if the system refuses, for instance when it has no descriptors left
   * @throws IllegalStateException if native access is not granted; the message says what to type
   * @throws UnsupportedOperationException if mill has no backend for this system
   */
  public static EventLoop open(LoopConfig config) throws IOException {
    return new EventLoop(new Reactor(config, config.platform().orElseGet(NativePlatform::current)));
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
   * <p>Whatever has a descriptor that the kernel can watch will do, also one that mill knows
   * nothing of:
   *
   * {@snippet class=mill.core.snippets.DescriptorSnippets region=own-descriptor}
   *
   * <p>The pollable stays the caller's to close, which also cancels the registration. What is still
   * registered when the loop is closed is closed with it. Whatever ends it, its handler hears
   * {@link EventHandler#onClosed}: also if this throws, then before it does.
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
    requireNonNull(pollable, "pollable");
    requireNonNull(interest, "interest");
    requireNonNull(trigger, "trigger");
    requireNonNull(handler, "handler");
    var registration = new Registration(this, pollable, handler, interest, trigger);
    reactor.register(registration, interest, trigger);
    return registration;
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
    reactor.tasks().execute(task);
  }

  /**
   * Runs a task once on the loop's thread, when a time has passed. Any thread.
   *
   * <p>Never early, and in the order of the deadlines; deadlines within one {@link
   * LoopConfig#timerTick} are one and the same and run in the order of their scheduling. What a
   * task throws goes to the thread's uncaught-exception handler, and the loop goes on. Timers that
   * are still scheduled when the loop ends do not run.
   *
   * {@snippet class=mill.core.snippets.TimerSnippets region=schedule}
   *
   * @param delay how long to wait; negative counts as 0
   * @param task what to run
   * @return the timer, which can be cancelled and scheduled anew
   * @throws RejectedExecutionException if the loop has ended
   */
  public Timeout schedule(Duration delay, Runnable task) {
    return reactor.timers().schedule(delay, task);
  }

  /**
   * Runs a task again and again on the loop's thread, at equal distances between the beginnings.
   * Any thread.
   *
   * <p>A deadline is the one before plus the period, however late that one ran: a loop that was
   * held up catches up, as a {@code ScheduledThreadPoolExecutor} does. A task that throws is
   * cancelled and the exception goes to the thread's uncaught-exception handler.
   *
   * @param initialDelay how long to wait for the first time; negative counts as 0
   * @param period from one deadline to the next, more than 0
   * @param task what to run
   * @return the timer, which can be cancelled and scheduled anew
   * @throws IllegalArgumentException if the period is not more than 0
   * @throws RejectedExecutionException if the loop has ended
   */
  public Timeout scheduleAtFixedRate(Duration initialDelay, Duration period, Runnable task) {
    return reactor.timers().scheduleAtFixedRate(initialDelay, period, task);
  }

  /**
   * Runs a task again and again on the loop's thread, at equal distances from the end of one run to
   * the deadline of the next. Any thread. A task that throws is cancelled and the exception goes to
   * the thread's uncaught-exception handler.
   *
   * @param initialDelay how long to wait for the first time; negative counts as 0
   * @param delay from the end of a run to the next deadline, more than 0
   * @param task what to run
   * @return the timer, which can be cancelled and scheduled anew
   * @throws IllegalArgumentException if the delay is not more than 0
   * @throws RejectedExecutionException if the loop has ended
   */
  public Timeout scheduleWithFixedDelay(Duration initialDelay, Duration delay, Runnable task) {
    return reactor.timers().scheduleWithFixedDelay(initialDelay, delay, task);
  }

  /**
   * Makes a timer that is not scheduled yet, to be used again and again without garbage: {@link
   * Timeout#reschedule} starts it. Any thread.
   *
   * @param task what to run when the time has passed
   * @return the timer
   */
  public Timeout newTimeout(Runnable task) {
    return reactor.timers().newTimeout(task);
  }

  /**
   * Lets work be done elsewhere, and brings its result back to the loop's thread. Any thread.
   *
   * <p>The future completes on the loop's thread: a handler or task that adds a dependent action to
   * it can be sure that the action runs there too. The executor can be a {@link
   * mill.core.compute.ComputePool}, one priority of it, or any other, of virtual threads for
   * instance. Cancelling the future before the work has begun saves the work.
   *
   * {@snippet class=mill.core.snippets.OffloadSnippets region=offload}
   *
   * @param executor who does the work
   * @param work what may take long or block
   * @param <T> what comes of it
   * @return completes on the loop's thread with the result or what the work threw; with a {@link
   *     RejectedExecutionException} as the loop ends, if it was not done by then, or if the loop
   *     has ended already
   * @throws RejectedExecutionException if the executor refuses, or {@link LoopConfig#maxOffloads}
   *     pieces of work are under way; the work will not be done then
   */
  public <T> CompletableFuture<T> offload(Executor executor, Callable<T> work) {
    return reactor
        .tasks()
        .offload(requireNonNull(executor, "executor"), requireNonNull(work, "work"));
  }

  /**
   * Runs the loop on the calling thread until {@link #stop()}, {@link #shutdown} or {@link
   * #close()}. Once.
   *
   * <p>Returns at once if the loop was stopped or shut down before, or has run already.
   * Interrupting the thread does not end it. When this returns, no handler runs any more and no
   * task is left behind.
   *
   * @throws IOException if the kernel refuses to poll
   * @throws IllegalStateException if the loop is running already or closed
   */
  public void run() throws IOException {
    reactor.run();
  }

  /**
   * Stops the loop after the turn it is in. Any thread, also before the loop runs; a second call
   * does nothing more. A loop that was stopped does not run again.
   */
  public void stop() {
    reactor.stop();
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
    reactor.close();
  }

  /**
   * Shuts the loop down gracefully: stops accepting, lets the handlers finish, then closes. Any
   * thread, also the loop's own and a shutdown hook's.
   *
   * <ol>
   *   <li>Every registered listener is closed.
   *   <li>The handlers of all other registrations hear {@link EventHandler#onShutdown}; the loop
   *       goes on as before, timers, tasks and offloaded work too, until all have left.
   *   <li>When the time is over, what is still there is closed, and workers are interrupted.
   *   <li>Everything is given back to the system, as {@link #close} does it.
   * </ol>
   *
   * <p>A handler that does not return cannot be forced: the loop ends when it does. A loop that
   * does not run has nobody to wait for: it is closed at once, by the caller. A second call returns
   * the same outcome; its time counts if it ends earlier.
   *
   * {@snippet class=mill.core.snippets.ShutdownSnippets region=shutdown}
   *
   * @param timeout how long to let the handlers finish; 0 to force at once
   * @return completes when everything is given back, just before {@link #run} returns. Do not block
   *     on it in a handler
   * @throws IllegalArgumentException if the time is negative
   */
  public CompletionStage<ShutdownReport> shutdown(Duration timeout) {
    notNegative("the timeout", timeout, "use 0 to force at once");
    return reactor.shutdown(Durations.saturatedNs(timeout));
  }

  /** {@return whether the calling thread is the one that runs the loop} Any thread. */
  public boolean isLoopThread() {
    return reactor.isLoopThread();
  }

  /**
   * {@return what the loop has done so far, and what waits in it: a snapshot} Any thread, also
   * after the loop's end; does not hold the loop up. {@link LoopMetrics} says which of its numbers
   * agree with each other.
   *
   * {@snippet class=mill.core.snippets.MetricsSnippets region=metrics}
   */
  public LoopMetrics metrics() {
    return reactor.metrics();
  }

  /**
   * {@return whether the calling thread is the loop's or one of its workers'} Any thread. Such a
   * thread must not wait for the loop's end, or for anything else that only the loop can bring
   * about.
   */
  public boolean isOwnThread() {
    return reactor.isOwnThread();
  }

  /** The engine, for its registrations. */
  Reactor reactor() {
    return reactor;
  }

  /** {@return the configuration} Any thread. */
  public LoopConfig config() {
    return reactor.config();
  }

  /** {@return name, backend, dispatch mode, phase and the number of registrations} Any thread. */
  @Override
  public String toString() {
    return reactor.toString();
  }
}
