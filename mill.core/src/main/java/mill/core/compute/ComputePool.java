package mill.core.compute;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import mill.core.internal.Durations;
import mill.core.internal.FlightRecording;
import mill.core.internal.TaskQueue.Offer;
import mill.natives.CurrentPlatform;
import mill.natives.platform.Threads;
import org.jspecify.annotations.Nullable;

/**
 * Threads for work that must not block an {@link mill.core.EventLoop}: four priorities, a bounded
 * queue for each, counts of everything.
 *
 * <p>An event loop is an {@link Executor}, so {@link CompletableFuture} can bring a result back to
 * it:
 *
 * {@snippet class="mill.core.snippets.ComputePoolSnippets" region="backOnTheLoop"}
 *
 * <p>If the loop's own queue is full just then, or the loop has ended, the callback does not run:
 * the stage that {@code whenCompleteAsync} returned fails with the loop's {@link
 * RejectedExecutionException}, as a {@link java.util.concurrent.CompletionException}'s cause. The
 * pool and the task's own future are not touched by that.
 *
 * <h2>Order</h2>
 *
 * <p>Tasks of one priority are taken in the order in which they were accepted. Of different
 * priorities the higher is taken first, except for those that have aged: each priority counts how
 * often a task of a higher one was taken while its own first task was waiting, beginning with 0
 * whenever a task of its own is taken. The lowest priority whose count has reached the {@linkplain
 * ComputePoolConfig#ageingLimit() ageing limit} is served next.
 *
 * <p>So there is a bound for each task on how many tasks of other priorities are taken while it is
 * the first of its own. With an ageing limit of <i>n</i> these are at most
 *
 * <ul>
 *   <li><i>n</i> for {@link TaskPriority#LOW};
 *   <li><i>n</i> + 2 for {@link TaskPriority#NORMAL}, of which 2 are lower;
 *   <li><i>n</i> + 4 for {@link TaskPriority#HIGH}, of which 4 are lower;
 *   <li>3 for {@link TaskPriority#CRITICAL}, one of each.
 * </ul>
 *
 * <p>A task that has <i>k</i> others of its priority before it waits for these <i>k</i>, and at
 * most <i>k</i> + 1 times that many others.
 *
 * <h2>Bounds</h2>
 *
 * <p>At most {@link ComputePoolConfig#queueCapacity()} tasks of each priority wait. A task is
 * either refused with a {@link RejectedExecutionException} or accepted; and an accepted one runs
 * exactly once, unless its future is done before (it is then dropped when a worker comes to it) or
 * a {@link #shutdown} runs out of time and reports it as abandoned.
 *
 * <h2>Throwing tasks</h2>
 *
 * <p>What a submitted task throws, an {@link Error} too, fails its future. What an executed one
 * throws reaches the worker's {@linkplain ComputePoolConfig#uncaughtExceptionHandler()
 * uncaught-exception handler}. The worker goes on either way, with its interrupt flag cleared.
 *
 * <h2>Threads</h2>
 *
 * <p>All methods may be called from any thread. The pool's own are platform threads, daemons,
 * started when it is opened. Where one of them must not be tied up by blocking calls, let {@link
 * java.util.concurrent.Executors#newVirtualThreadPerTaskExecutor()} stand in for a pool: whatever
 * takes an {@code Executor} takes either. {@link #execute} of a task that exists already allocates
 * nothing in the long run.
 *
 * <p>A pool needs no native access. Threads and clock are those of the {@link CurrentPlatform} at
 * the time it is opened: the JDK's own, outside of a simulation.
 *
 * <p>{@link CompletableFuture#cancel} of a task that has begun does not interrupt it.
 */
public final class ComputePool implements Executor, AutoCloseable {
  /**
   * How long {@link #shutdown} waits for the tasks that it has interrupted: {@value} milliseconds.
   */
  public static final int INTERRUPT_GRACE_MS = 100;

  private final ComputePoolConfig config;
  private final Threads threads;
  private final PriorityWorkers workers;
  private final AtomicBoolean watched = new AtomicBoolean();

  ComputePool(ComputePoolConfig config, Threads threads, ThreadFactory factory) {
    this.config = config;
    this.threads = threads;
    workers = new PriorityWorkers(config, factory, threads, CurrentPlatform.clock());
    workers.start();
  }

  /**
   * Opens a pool with the defaults and starts its threads.
   *
   * @return the pool, to be closed by the caller
   * @throws OutOfMemoryError if the system has no thread left; those that were started end
   */
  public static ComputePool open() {
    return open(ComputePoolConfig.defaults());
  }

  /**
   * Opens a pool and starts its threads.
   *
   * @param config its configuration
   * @return the pool, to be closed by the caller
   * @throws OutOfMemoryError if the system has no thread left; those that were started end
   */
  public static ComputePool open(ComputePoolConfig config) {
    Threads threads = CurrentPlatform.threads();
    return new ComputePool(config, threads, factory(config, threads));
  }

  private static ThreadFactory factory(ComputePoolConfig config, Threads threads) {
    var made = new AtomicInteger();
    return body -> {
      String name = config.name() + "-" + made.getAndIncrement();
      Thread thread = threads.unstarted(name, true, body);
      config.uncaughtExceptionHandler().ifPresent(thread::setUncaughtExceptionHandler);
      return thread;
    };
  }

  /**
   * Runs a task with priority {@link TaskPriority#NORMAL}.
   *
   * @param task what to run
   * @throws RejectedExecutionException if as many tasks of this priority wait as {@link
   *     ComputePoolConfig#queueCapacity()} allows, or the pool is closed; the task will not run
   *     then
   */
  @Override
  public void execute(Runnable task) {
    execute(TaskPriority.NORMAL, task);
  }

  /**
   * Runs a task.
   *
   * @param priority how much it matters
   * @param task what to run; what it throws reaches the worker's uncaught-exception handler
   * @throws RejectedExecutionException if as many tasks of this priority wait as {@link
   *     ComputePoolConfig#queueCapacity()} allows, or the pool is closed; the task will not run
   *     then
   */
  public void execute(TaskPriority priority, Runnable task) {
    requireNonNull(priority, "priority");
    requireNonNull(task, "task");
    Offer offer = workers.offer(priority, task);
    if (offer != Offer.ACCEPTED) {
      String reason = refusal(offer, priority);
      FlightRecording.taskRejected(config.name(), reason, task);
      throw new RejectedExecutionException(reason);
    }
  }

  /**
   * Gives an executor whose tasks have one priority, for whatever takes an executor: {@link
   * mill.core.EventLoop#offload} for instance.
   *
   * @param priority how much its tasks matter
   * @return an executor of this pool; its {@code execute} is {@link #execute(TaskPriority,
   *     Runnable)}
   */
  public Executor at(TaskPriority priority) {
    requireNonNull(priority, "priority");
    return task -> execute(priority, task);
  }

  /**
   * Runs work with priority {@link TaskPriority#NORMAL} and hands on what it returns.
   *
   * @param work what to run
   * @param <T> what it returns
   * @return the future of that; see {@link #submit(TaskPriority, Callable)}
   * @throws RejectedExecutionException as {@link #submit(TaskPriority, Callable)} does
   */
  @SuppressWarnings("exports") // see module-info
  public <T extends @Nullable Object> CompletableFuture<T> submit(Callable<T> work) {
    return submit(TaskPriority.NORMAL, work);
  }

  /**
   * Runs work and hands on what it returns.
   *
   * @param priority how much it matters
   * @param work what to run
   * @param <T> what it returns
   * @return the future of that. What depends on it runs on the worker, as a part of the task, or
   *     with the {@code Async} methods of {@link CompletableFuture} where you say. It fails with
   *     what the work throws, and with a {@link java.util.concurrent.CancellationException} if a
   *     {@link #shutdown} abandons the task. If it is done before a worker comes to the task, by
   *     {@code cancel} for instance, the work does not run.
   * @throws RejectedExecutionException if as many tasks of this priority wait as {@link
   *     ComputePoolConfig#queueCapacity()} allows, or the pool is closed; the work will not run
   *     then
   */
  @SuppressWarnings("exports") // see module-info
  public <T extends @Nullable Object> CompletableFuture<T> submit(
      TaskPriority priority, Callable<T> work) {
    var task = new ComputeTask<T>(requireNonNull(work, "work"));
    execute(priority, task);
    return task.future();
  }

  /** {@return the counts of one moment} Any thread; costs about as much as handing in a task. */
  public ComputeMetrics metrics() {
    return workers.metrics();
  }

  /**
   * Stops accepting tasks, works through the accepted ones, and gives up when the time has passed:
   * what waits then is abandoned, what runs is interrupted and gets {@link #INTERRUPT_GRACE_MS} to
   * end. Returns as soon as there is nothing left to wait for. An interrupt of the calling thread
   * is taken for the end of the time, and its flag is set again.
   *
   * <p>May be called again, and at the same time by others: the time that ends first counts for
   * all. Called by one of the pool's own tasks it cannot wait for itself: it returns at once, and
   * the rest is done in the background. Blocks an event loop as any waiting does: do not call it on
   * one, with a time that is not zero.
   *
   * <p>This is what a {@linkplain Runtime#addShutdownHook shutdown hook} calls, rather than {@link
   * #close()}: a task that is the one to have called {@link System#exit} waits for the hook, and
   * the hook must not wait for the task.
   *
   * {@snippet class="mill.core.snippets.ComputePoolSnippets" region="shutdown"}
   *
   * @param timeout how long to work through what was accepted; {@link Duration#ZERO} abandons it at
   *     once
   * @return what became of the accepted tasks
   * @throws IllegalArgumentException if the timeout is negative
   */
  public ComputeShutdownReport shutdown(Duration timeout) {
    if (timeout.isNegative()) {
      throw new IllegalArgumentException(
          "timeout must not be negative, but is " + timeout + ": zero abandons what waits at once");
    }
    workers.close(Durations.saturatedNs(timeout));
    if (!workers.isWorker()) {
      finish(TimeUnit.MILLISECONDS.toNanos(INTERRUPT_GRACE_MS));
    } else if (timeout.isZero()) {
      workers.abandon();
    } else if (watched.compareAndSet(false, true)) {
      threads.unstarted(config.name() + "-shutdown", true, () -> finish(0)).start();
    }
    return workers.report();
  }

  /**
   * Stops accepting tasks and waits, however long it takes, until all accepted ones have run and
   * the pool's threads have ended. A second call waits for the same and does nothing more.
   *
   * <p>An interrupt of the calling thread ends its patience, but not the call: as in {@link
   * java.util.concurrent.ExecutorService#close()}, what waits is abandoned, what runs is
   * interrupted, and the thread's flag is set again when that has ended. Called by one of the
   * pool's own tasks it cannot wait for itself: it returns at once, and the accepted tasks still
   * run.
   */
  @Override
  public void close() {
    workers.close(PriorityWorkers.FOREVER);
    if (!workers.isWorker()) {
      finish(PriorityWorkers.FOREVER);
    }
  }

  /** {@return the configuration} Any thread. */
  public ComputePoolConfig config() {
    return config;
  }

  /** {@return name, number of threads, and how many tasks run and wait} Any thread. */
  @Override
  public String toString() {
    ComputeMetrics now = metrics();
    return "ComputePool[%s, %d threads, %d active, %d queued]"
        .formatted(config.name(), config.threads(), now.active(), now.queued());
  }

  /** Waits until the workers have ended, the hard way when the time has passed. */
  private void finish(long graceNs) {
    boolean interrupted = false;
    boolean ended = false;
    try {
      ended = workers.awaitDrained();
    } catch (InterruptedException e) {
      interrupted = true; // passed on below, when the workers have been told
    }
    if (!ended) {
      workers.abandon();
    }
    while (!ended) {
      try {
        workers.awaitEnd(graceNs);
        ended = true; // or there is no grace left
      } catch (InterruptedException e) {
        interrupted = true;
        ended = graceNs != PriorityWorkers.FOREVER;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private String refusal(Offer offer, TaskPriority priority) {
    if (offer == Offer.CLOSED) {
      return "pool " + config.name() + " is closed and takes no more tasks";
    }
    return "%d %s tasks wait already in pool %s: submit more slowly or raise queueCapacity"
        .formatted(config.queueCapacity(), priority, config.name());
  }
}
