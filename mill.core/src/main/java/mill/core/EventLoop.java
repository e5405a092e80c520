package mill.core;

import static java.util.Objects.requireNonNull;
import static mill.core.internal.Checks.notNegative;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import mill.core.internal.Durations;
import mill.core.internal.loop.AcceptHandle;
import mill.core.internal.loop.AcceptLimit;
import mill.core.internal.loop.AcceptSource;
import mill.core.internal.loop.LoopAccess;
import mill.core.internal.loop.LoopExtension;
import mill.core.internal.loop.LoopSeam;
import mill.core.internal.loop.SocketAcceptor;
import mill.core.internal.loop.TcpSource;
import mill.natives.CurrentPlatform;
import mill.natives.Interest;
import mill.natives.Pollable;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.natives.net.TcpListener;
import mill.natives.platform.Platform;

/**
 * A reactor: waits until registered pollables are ready and calls their handlers.
 *
 * <pre>{@code
 * try (var loop = EventLoop.open()) {
 *   loop.listen(new InetSocketAddress("127.0.0.1", 8080), stream ->
 *       loop.register(stream, Interest.READABLE, (registration, readiness) -> {
 *         // read, write
 *       }));
 *   loop.run();
 * }
 * }</pre>
 *
 * <p>One turn of the loop: poll, dispatch what is ready, execute a bounded number of tasks. With
 * nothing to do it sleeps until it is woken; there is no periodic tick.
 *
 * <h2>Threads</h2>
 *
 * <p>{@link #run} makes the calling thread the loop's own, which has to be a platform thread. All
 * other methods may be called from any thread, before, while and after the loop runs. Registering,
 * changing an interest and cancelling take effect at once, without a hop to the loop's thread.
 *
 * <pre>
 *   NEW ──run()──▶ RUNNING ──stop()──▶ ENDED ──close()──▶ CLOSED
 *    │                                   ▲                  ▲
 *    ├──────────stop(), run()────────────┘                  │
 *    └──────────────────────close()─────────────────────────┘
 * </pre>
 *
 * <p>An interrupt that one callback leaves on its thread is kept from the others. The loop's thread
 * has it again when {@link #run} returns.
 *
 * <h2>Ends</h2>
 *
 * <p>Whoever asks for an end, the loop itself, a worker, another thread or a shutdown hook, this is
 * what becomes of the work that runs or waits just then:
 *
 * <table class="striped">
 * <caption>What becomes of the work of a loop that ends</caption>
 * <thead>
 * <tr><th scope="col">work</th><th scope="col">{@link #stop}</th><th scope="col">{@link #close}</th>
 *     <th scope="col">{@link #shutdown}, all leave in time</th>
 *     <th scope="col">{@link #shutdown}, the time is over</th></tr>
 * </thead>
 * <tbody>
 * <tr><th scope="row">callback that runs, inline</th><td colspan="4">runs to its end: nothing can
 *     force it, but the waits for it are bounded, see below</td></tr>
 * <tr><th scope="row">callback that runs, on a worker</th><td colspan="3">runs to its end, and is
 *     interrupted when the time is over: that of {@link LoopConfig#closeTimeout}, or of the
 *     shutdown</td><td>is interrupted, again and again, until it ends</td></tr>
 * <tr><th scope="row">event that waits for a worker</th><td colspan="3">is handled, in
 *     that time</td><td>is not</td></tr>
 * <tr><th scope="row">task that was accepted, also by {@link Registration#execute}</th>
 *     <td colspan="4">runs, once, before {@link #run} returns</td></tr>
 * <tr><th scope="row">timer</th><td colspan="2">is cancelled</td><td colspan="2">is cancelled, and
 *     counted; it goes on until then</td></tr>
 * <tr><th scope="row">offloaded work that is not done</th><td colspan="2">its future fails with a
 *     {@link RejectedExecutionException}</td><td>is waited for</td><td>its future fails, and is
 *     counted</td></tr>
 * <tr><th scope="row">result of offloaded work</th><td colspan="4">is delivered</td></tr>
 * <tr><th scope="row">stage of {@link Registration#cancel}</th><td colspan="4">completes</td></tr>
 * <tr><th scope="row">connection that waits at a listener of {@link #listen}</th><td>waits, and
 *     {@link #close} resets it</td><td>is reset by the system</td><td>is accepted</td><td>has been
 *     accepted; with a time of 0 it is reset</td></tr>
 * <tr><th scope="row">registration</th><td>stays, and hears nothing, until {@link #close}</td>
 *     <td>is closed: {@link CloseReason#LOOP_CLOSED}</td><td>is closed by its handler</td><td>is
 *     closed: {@link CloseReason#SHUTDOWN_FORCED}</td></tr>
 * </tbody>
 * </table>
 *
 * <p>Timers and offloaded work end first, then the loop waits for its workers, and runs tasks
 * meanwhile: a handler on a worker that waits for a task or for the future of offloaded work is not
 * left waiting. One that waits for what a timer was to do is, since a timer that is cancelled tells
 * nobody: it waits until it is interrupted when the time is over, so let it wait with a time of its
 * own. When the time is over, and always without workers, tasks run on the thread that ends the
 * loop.
 *
 * <p>From a loop that has ended, {@link #register}, {@link Registration#setInterest} and {@link
 * Registration#throttle} are refused with an {@link IllegalStateException}; {@link #execute},
 * {@link #schedule}, {@link #offload} and those of a registration with a {@link
 * RejectedExecutionException}. Both say that the loop has ended.
 *
 * <p>Nobody waits without a bound for a callback that does not return: {@link #close} waits for
 * {@link LoopConfig#closeTimeout}, and the report of a {@link #shutdown} is there a second after
 * its time at the latest. Both name the callback, and the loop ends as soon as that returns. A
 * thread of the loop that waits for what only the loop can bring about, the report or, on the
 * loop's own thread, the future of {@link #offload}, gets an {@link IllegalStateException} instead.
 */
public final class EventLoop implements Executor, AutoCloseable {
  static {
    LoopAccess.set(new Access());
  }

  /** The way for the packages that extend loops. */
  private static final class Access extends LoopAccess {
    @Override
    protected LoopSeam seam(Object loop) {
      return new Seam((EventLoop) loop);
    }
  }

  /** This, as a package that extends it sees it. */
  private record Seam(EventLoop loop) implements LoopSeam {
    @Override
    public Platform platform() {
      return loop.reactor.platform();
    }

    @Override
    public void wake() {
      loop.reactor.wakeIfAsleep();
    }

    @Override
    public void clearInterrupt() {
      loop.reactor.clearInterrupt();
    }

    @Override
    public void handlerThrew(Throwable thrown) {
      loop.reactor.handlerThrew();
      loop.reactor.threw(thrown);
    }

    @Override
    public LoopExtension extension(Function<LoopSeam, ? extends LoopExtension> make) {
      return loop.reactor.extension(() -> make.apply(this));
    }

    @Override
    public AcceptHandle listen(
        AcceptSource source, int backlog, AcceptLimit limit, SocketAcceptor taker)
        throws IOException {
      boolean listening = false;
      try {
        var place = new ListenerPlace(loop, source, backlog, limit, taker);
        place.setOpen(true);
        listening = true;
        return place.acceptor;
      } finally {
        if (!listening) {
          source.pollable().close();
        }
      }
    }
  }

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
    return new EventLoop(new Reactor(config, config.platform().orElseGet(CurrentPlatform::get)));
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
   * @throws IllegalStateException if the pollable is registered already, or the loop has ended
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
   * Accepts TCP connections, from now on if the loop runs, else from its start. See {@link
   * #listen(SocketAddress, ListenerConfig, AcceptHandler)}.
   *
   * @param local where; port 0 lets the system choose, {@link LoopListener#localAddress()} tells
   *     what
   * @param handler takes over the connections
   * @return the listener; closing the loop closes it
   * @throws IOException if the kernel refuses, {@code EADDRINUSE} or {@code EACCES} for instance;
   *     nothing stays open
   * @throws IllegalStateException if the loop has ended
   */
  public LoopListener listen(SocketAddress local, AcceptHandler handler) throws IOException {
    return listen(local, ListenerConfig.defaults(), handler);
  }

  /**
   * Accepts TCP connections, from now on if the loop runs, else from its start. Any thread.
   *
   * {@snippet class=mill.core.snippets.ListenSnippets region=listen}
   *
   * <p>Without descriptors or memory it pauses, as at the limit of the configuration, and goes on
   * by itself: see {@link LoopListener}. An error of a connection that waits never ends it.
   *
   * @param local where; port 0 lets the system choose, {@link LoopListener#localAddress()} tells
   *     what
   * @param config backlog and limit
   * @param handler takes over the connections
   * @return the listener; closing the loop closes it
   * @throws IOException if the kernel refuses, {@code EADDRINUSE} or {@code EACCES} for instance;
   *     nothing stays open
   * @throws IllegalStateException if the loop has ended
   */
  public LoopListener listen(SocketAddress local, ListenerConfig config, AcceptHandler handler)
      throws IOException {
    requireNonNull(local, "local");
    requireNonNull(config, "config");
    requireNonNull(handler, "handler");
    reactor.requireNotEnded();
    TcpListener listener = TcpListener.bind(reactor.platform(), local, config.backlog());
    return listen(listener, config, handler);
  }

  /**
   * Accepts the connections of a listener that is there already: one that a parent process has
   * passed on, or with options of its own. Any thread.
   *
   * @param listener listens, and is this loop's to close from now on, also if this throws
   * @param config the limit; its backlog only bounds how many are taken as the listener is closed
   * @param handler takes over the connections
   * @return the handle; closing the loop closes the listener
   * @throws IOException if the kernel refuses to watch it
   * @throws ClosedChannelException if the listener is closed
   * @throws IllegalStateException if it is registered already, or the loop has ended
   */
  public LoopListener listen(TcpListener listener, ListenerConfig config, AcceptHandler handler)
      throws IOException {
    requireNonNull(listener, "listener");
    requireNonNull(config, "config");
    requireNonNull(handler, "handler");
    boolean listening = false;
    try {
      var limit = new CountedLimit(config.maxConnections());
      var source = new TcpSource(listener);
      var place =
          new ListenerPlace(this, source, config.backlog(), limit, new TcpAcceptor(handler));
      place.setOpen(true);
      listening = true;
      return new LoopListener(place.acceptor, listener);
    } finally {
      if (!listening) {
        listener.close();
      }
    }
  }

  /** The place of a listener in a loop: brings its acceptor the events. */
  static final class ListenerPlace implements EventHandler, AcceptGate {
    private final EventLoop loop;
    private final Acceptor acceptor;
    private final Timeout resume;
    private final Registration registration;

    // Registered for nothing: the first event must find the object complete.
    private ListenerPlace(
        EventLoop loop, AcceptSource source, int backlog, AcceptLimit limit, SocketAcceptor taker)
        throws IOException {
      this.loop = loop;
      acceptor = new Acceptor(source, backlog, limit, taker, this);
      resume = loop.newTimeout(acceptor::resume);
      registration = loop.register(source.pollable(), Interest.NONE, this);
    }

    @Override
    public void onReady(Registration ready, Readiness readiness) throws IOException {
      acceptor.acceptReady();
    }

    @Override
    public void onError(Registration ended, Throwable error) {
      acceptor.failed(error);
    }

    /** The loop shuts down: what waits is accepted. */
    @Override
    public void onShutdown(Registration ending) {
      acceptor.close();
    }

    @Override
    public void setOpen(boolean open) throws IOException {
      registration.setInterest(open ? Interest.READABLE : Interest.NONE);
    }

    @Override
    public void resumeAfter(long delayNs) {
      resume.rescheduleNs(delayNs);
    }

    @Override
    public void deliver(Runnable task) {
      loop.reactor.deliver(registration, task);
    }

    @Override
    public boolean hasEnded() {
      return loop.hasEnded();
    }

    @Override
    public void detach() {
      resume.cancel();
      registration.cancel();
    }

    @Override
    public void close() {
      resume.cancel();
      registration.close();
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
   * held up catches up, as with {@link MissedRuns#CATCH_UP}. A task that throws is cancelled and
   * the exception goes to the thread's uncaught-exception handler.
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
   * Runs a task again and again as {@link #scheduleAtFixedRate(Duration, Duration, Runnable)} does,
   * with a choice of what becomes of the runs that a loop which was held up has missed. Any thread.
   *
   * @param initialDelay how long to wait for the first time; negative counts as 0
   * @param period from one deadline to the next, more than 0
   * @param missed whether runs that were missed are made up for
   * @param task what to run
   * @return the timer, which can be cancelled and scheduled anew
   * @throws IllegalArgumentException if the period is not more than 0
   * @throws RejectedExecutionException if the loop has ended
   */
  public Timeout scheduleAtFixedRate(
      Duration initialDelay, Duration period, MissedRuns missed, Runnable task) {
    boolean skips = requireNonNull(missed, "missed") == MissedRuns.SKIP;
    return reactor.timers().scheduleAtFixedRate(initialDelay, period, skips, task);
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
   * it can be sure that the action runs there too. That also holds when it is cancelled, times out
   * or is completed by anybody else: the loop completes it, in its next turn, and the place among
   * {@link LoopConfig#maxOffloads} is free again. The executor can be a {@link
   * mill.core.compute.ComputePool}, one priority of it, or any other, of virtual threads for
   * instance. Cancelling the future before the work has begun saves the work.
   *
   * {@snippet class=mill.core.snippets.OffloadSnippets region=offload}
   *
   * <p>The loop's own thread must not wait for the future or what is derived from it: as long as it
   * is not complete, {@code join} and {@code get} throw an {@link IllegalStateException} there.
   *
   * @param executor who does the work
   * @param work what may take long or block
   * @param <T> what comes of it
   * @return completes on the loop's thread with the result or what the work threw; with a {@link
   *     RejectedExecutionException} as the loop ends, if it was not done by then
   * @throws RejectedExecutionException if the executor refuses, {@link LoopConfig#maxOffloads}
   *     pieces of work are under way, or the loop has ended; the work will not be done then
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
   * <p>Returns at once if the loop was stopped, shut down or closed before, or has run already.
   * Interrupting the thread does not end it. When this returns, no handler runs any more and no
   * task is left behind.
   *
   * @throws IOException if the kernel refuses to poll
   * @throws IllegalStateException if the loop is running already, or the thread is a virtual one:
   *     the loop would hold its carrier for as long as it waits in the kernel
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
   * wait for itself: it returns at once, and the rest is done before {@link #run} returns. An
   * interrupt does not end the wait, and is passed on.
   *
   * @throws IllegalStateException if a callback does not return within {@link
   *     LoopConfig#closeTimeout}, or on a worker within a second after it was interrupted then. The
   *     message says which; the loop closes itself when it has returned
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
   *   <li>Every registered listener is closed; those of {@link #listen} accept what waits before.
   *   <li>The handlers of all other registrations hear {@link EventHandler#onShutdown}; the loop
   *       goes on as before, timers, tasks and offloaded work too, until all have left.
   *   <li>When the time is over, what is still there is closed, and workers are interrupted.
   *   <li>Everything is given back to the system, as {@link #close} does it.
   * </ol>
   *
   * <p>A handler that does not return cannot be forced: the loop ends when it does. The report does
   * not wait for that for more than a second: it says what still runs ({@link
   * ShutdownReport#stillRunning}), so a hook that waits for it lets the virtual machine exit
   * whatever a handler does, calling {@link System#exit} for instance. A loop that does not run has
   * nobody to wait for: it is closed at once, by the caller. A second call returns the same
   * outcome; its time counts if it ends earlier.
   *
   * {@snippet class=mill.core.snippets.ShutdownSnippets region=shutdown}
   *
   * @param timeout how long to let the handlers finish; 0 to force at once
   * @return completes when everything is given back, just before {@link #run} returns, or a second
   *     after the time is over. To wait for it on a thread of the loop throws an {@link
   *     IllegalStateException}; what depends on it runs on the loop's thread, or on one of its own
   *     if a callback did not return
   * @throws IllegalArgumentException if the time is negative
   */
  public CompletionStage<ShutdownReport> shutdown(Duration timeout) {
    notNegative("the timeout", timeout, "use 0 to force at once");
    return reactor.shutdown(Durations.saturatedNs(timeout));
  }

  /**
   * Tells whether the loop runs no more: {@link #run} has returned, or it is closed. Such a loop
   * takes nothing over. Any thread.
   *
   * @return true if it has ended, for ever; false before and while it runs
   */
  public boolean hasEnded() {
    return reactor.hasEnded();
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
