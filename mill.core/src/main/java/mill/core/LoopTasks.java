package mill.core;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import mill.core.internal.FlightRecording;
import mill.core.internal.InterruptFlag;
import mill.core.internal.TaskQueue;
import org.jspecify.annotations.Nullable;

/**
 * What a loop executes besides its handlers and timers: the tasks of {@link EventLoop#execute}, and
 * the results of offloaded work. Each kind has its queue and its share of a turn.
 *
 * <p>Any thread hands something in; only the loop's runs it, or the one that closes a loop that
 * never ran.
 */
final class LoopTasks {
  private static final String RESULT = "result of offloaded work";

  private final Object loop;
  private final LoopConfig config;
  private final @Nullable LoopTelemetry telemetry;
  private final Runnable wake;
  private final Consumer<Throwable> threw;
  private final InterruptFlag interrupts;
  private final TaskQueue queue;
  private final Offloads offloads;

  /**
   * Makes it.
   *
   * @param loop named in the message to callers that come too late
   * @param isLoopThread whether the calling thread is the loop's
   * @param wake wakes the loop if it sleeps
   * @param threw told what a task throws
   * @param interrupts keeps what one task leaves from the next
   */
  LoopTasks(
      Object loop,
      LoopConfig config,
      @Nullable LoopTelemetry telemetry,
      BooleanSupplier isLoopThread,
      Runnable wake,
      Consumer<Throwable> threw,
      InterruptFlag interrupts) {
    this.loop = loop;
    this.config = config;
    this.telemetry = telemetry;
    this.wake = wake;
    this.threw = threw;
    this.interrupts = interrupts;
    queue = new TaskQueue(config.taskQueueCapacity());
    offloads = new Offloads(config.maxOffloads(), isLoopThread, wake);
  }

  // ---- any thread

  void execute(Runnable task) {
    switch (queue.offer(task)) {
      case ACCEPTED -> wake.run();
      case FULL ->
          throw rejected(
              task,
              queue.capacity()
                  + " tasks wait already: submit more slowly or raise taskQueueCapacity");
      case CLOSED -> throw rejected(task, "the loop has ended: " + loop);
    }
  }

  private RejectedExecutionException rejected(Runnable task, String reason) {
    if (telemetry != null) {
      telemetry.taskRejected();
    }
    FlightRecording.taskRejected(config.name(), reason, task);
    return new RejectedExecutionException(reason);
  }

  <T> CompletableFuture<T> offload(Executor executor, Callable<T> work) {
    return offloads.submit(executor, work);
  }

  int queued() {
    return queue.size();
  }

  int offloaded() {
    return offloads.outstanding();
  }

  /** Whether tasks are still accepted. */
  boolean isOpen() {
    return !queue.isClosed();
  }

  // ---- the loop's thread

  /** Whether a task or a result waits. */
  boolean areWaiting() {
    return !queue.isEmpty() || offloads.hasResults();
  }

  /** Whether nothing waits, and no offloaded work is out. */
  boolean areDone() {
    return queue.isEmpty() && offloads.outstanding() == 0;
  }

  /** Runs a turn's share of the results; tells how many. */
  int runResults() {
    for (int i = 0; i < config.maxTasksPerTurn(); i++) {
      Runnable result = offloads.poll();
      if (result == null) {
        return i;
      }
      run(result, RESULT);
    }
    return config.maxTasksPerTurn();
  }

  /** Runs a turn's share of the tasks; tells how many. */
  int runTasks() {
    for (int i = 0; i < config.maxTasksPerTurn(); i++) {
      Runnable task = queue.poll();
      if (task == null) {
        return i;
      }
      run(task, task);
    }
    return config.maxTasksPerTurn();
  }

  /** Runs tasks when there are no turns any more. */
  void runTasksAtEnd() {
    ranAtEnd(0, runTasks());
  }

  /**
   * Delivers the results that are there, takes no more, and fails the futures of what is still out:
   * whoever waits for one must hear of it before the loop waits for him.
   *
   * @return how much offloaded work was given up
   */
  int endOffloads() {
    offloads.close();
    int results = 0;
    Runnable result;
    while ((result = offloads.pollClosed()) != null) {
      results++;
      run(result, RESULT);
    }
    ranAtEnd(results, 0);
    return offloads.abandon(step -> run(step, RESULT));
  }

  /** Takes no more tasks, and runs those that were accepted. */
  void endTasks() {
    queue.close();
    int executed = 0;
    Runnable task;
    while ((task = queue.pollClosed()) != null) {
      executed++;
      run(task, task);
    }
    ranAtEnd(0, executed);
  }

  private void run(Runnable task, Object activity) {
    if (telemetry != null) {
      telemetry.doing(activity);
    }
    try {
      task.run();
    } catch (Throwable thrown) {
      threw.accept(thrown);
    }
    interrupts.clear();
  }

  private void ranAtEnd(int results, int executed) {
    if (telemetry != null) {
      telemetry.ranAtEnd(results, executed);
    }
  }
}
