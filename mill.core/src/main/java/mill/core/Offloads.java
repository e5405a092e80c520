package mill.core;

import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import mill.core.internal.Abandonable;
import mill.core.internal.TaskQueue;
import org.jspecify.annotations.Nullable;

/**
 * Work that is done elsewhere, whose results come back to the loop's thread.
 *
 * <p>A place among the results is claimed before the work is handed over, so a result always fits:
 * it is never lost to a full queue.
 */
final class Offloads {
  private final class Offload<T> implements Abandonable {
    private final Callable<T> work;
    private final CompletableFuture<T> future = new CompletableFuture<>();
    private @Nullable T result; // handed over by the queue of results
    private @Nullable Throwable failure;

    Offload(Callable<T> work) {
      this.work = work;
    }

    /** On the executor's thread. */
    @Override
    public void run() {
      if (!isDone()) {
        try {
          result = work.call();
        } catch (Throwable thrown) {
          failure = thrown;
        }
      }
      settle();
    }

    @Override
    public boolean isDone() {
      return future.isDone();
    }

    /** On the thread that shuts the executor down. */
    @Override
    public void abandon(String reason) {
      failure = new CancellationException(reason);
      settle();
    }

    private void settle() {
      if (results.offer(this::deliver) == TaskQueue.Offer.ACCEPTED) {
        wakeUp.run();
      } else {
        giveUp();
      }
    }

    /** On the loop's thread. */
    private void deliver() {
      leave();
      if (failure == null) {
        future.complete(result);
      } else {
        future.completeExceptionally(failure);
      }
    }

    private void giveUp() {
      leave();
      future.completeExceptionally(
          new RejectedExecutionException("the loop has ended before the work was done"));
    }

    private void leave() {
      if (outstanding.remove(this)) {
        count.decrementAndGet();
      }
    }
  }

  private final int max;
  private final Runnable wakeUp;
  private final TaskQueue results;
  private final AtomicInteger count = new AtomicInteger();
  private final Set<Offload<?>> outstanding = ConcurrentHashMap.newKeySet();

  /**
   * Makes it.
   *
   * @param max how much work may be out at a time, a power of two
   * @param wakeUp wakes the loop if it sleeps
   */
  Offloads(int max, Runnable wakeUp) {
    this.max = max;
    this.wakeUp = wakeUp;
    results = new TaskQueue(max);
  }

  /** Hands work to an executor. Any thread. */
  <T> CompletableFuture<T> submit(Executor executor, Callable<T> work) {
    if (count.incrementAndGet() > max) {
      count.decrementAndGet();
      throw new RejectedExecutionException(
          max + " pieces of work are out already: offload more slowly or raise maxOffloads");
    }
    var offload = new Offload<T>(work);
    outstanding.add(offload);
    boolean accepted = false;
    try {
      executor.execute(offload);
      accepted = true;
    } finally {
      if (!accepted) {
        offload.leave();
      }
    }
    return offload.future;
  }

  /** Whether a result waits to be delivered. The loop's thread. */
  boolean hasResults() {
    return !results.isEmpty();
  }

  /** How much work is out, or done and not delivered. */
  int outstanding() {
    return count.get();
  }

  /** Takes the oldest result, to be run on the loop's thread. */
  @Nullable Runnable poll() {
    return results.poll();
  }

  /** Takes what is there after {@link #close}. */
  @Nullable Runnable pollClosed() {
    return results.pollClosed();
  }

  /** Takes no more results. */
  void close() {
    results.close();
  }

  /** Fails the futures of the work that is still out; returns how many. */
  int abandon() {
    int abandoned = 0;
    for (Offload<?> offload : outstanding) {
      if (!offload.future.isDone()) {
        abandoned++;
      }
      offload.giveUp();
    }
    return abandoned;
  }
}
