package mill.core;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import mill.core.internal.Abandonable;
import mill.core.internal.OwnThreadFuture;
import mill.core.internal.TaskQueue;
import org.jspecify.annotations.Nullable;

/**
 * Work that is done elsewhere, whose results come back to the loop's thread.
 *
 * <p>A place among the results is claimed before the work is handed over, so a result always fits:
 * it is never lost to a full queue. The place is given back when the loop completes the future.
 *
 * <p>What is outstanding is a list through the futures themselves, in the order of the submissions:
 * in that order they are given up. A set by identity would have an order of its own in each run,
 * and make a node for each.
 *
 * <pre>
 *                  done, cancelled, timed out, abandoned:
 *                  whoever settles it first                      the loop's thread
 *   OUTSTANDING ──────────────────────────────────▶ SETTLED ─────────────────────▶ complete
 *        └────────────────── the loop ends ──────────────────────────────────────────▲
 * </pre>
 */
final class Offloads {
  private static final String OWN_THREAD =
      "the loop's own thread cannot wait for offloaded work, whose result only it can deliver:"
          + " go on in thenAccept or whenComplete, or wait on another thread";
  private static final VarHandle SETTLED;

  static {
    try {
      SETTLED = MethodHandles.lookup().findVarHandle(Offload.class, "settled", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** The work, and the future of it, which completes on the loop's thread whoever completes it. */
  private final class Offload<T extends @Nullable Object> extends OwnThreadFuture<T>
      implements Abandonable {
    private final Callable<T> work;
    private final Runnable delivery = this::deliver; // made now: memory may be short later

    @SuppressWarnings("FieldMayBeFinal") // written through SETTLED
    private volatile boolean settled;

    private @Nullable T result; // handed over by the queue of results, as is the next
    private @Nullable Throwable failure;

    // Its neighbours among the outstanding, if it is one. Guarded by the lock.
    private @Nullable Offload<?> before;
    private @Nullable Offload<?> after;
    private boolean outstanding;

    Offload(Callable<T> work) {
      super(isLoopThread, OWN_THREAD);
      this.work = work;
    }

    /** On the executor's thread. */
    @Override
    public void run() {
      if (settled) {
        return;
      }
      T done = null;
      Throwable thrown = null;
      try {
        done = work.call();
      } catch (Throwable t) {
        thrown = t;
      }
      if (settle(done, thrown)) {
        hop();
      }
    }

    /** On the thread that shuts the executor down. */
    @Override
    public void abandon(String reason) {
      if (settle(null, new CancellationException(reason))) {
        hop();
      }
    }

    private boolean settle(@Nullable T value, @Nullable Throwable thrown) {
      if (!SETTLED.compareAndSet(this, false, true)) {
        return false;
      }
      result = value;
      failure = thrown;
      return true;
    }

    // If the loop has ended it fails this itself, with all that is outstanding.
    private void hop() {
      boolean over = false;
      try {
        boolean accepted = results.offer(delivery) == TaskQueue.Offer.ACCEPTED;
        over = true;
        if (accepted) {
          wakeUp.run();
        }
      } finally {
        if (!over) { // the stack has overflowed; a store, unlike a call, can still be made
          settled = false;
        }
      }
    }

    /** On the loop's thread. */
    private void deliver() {
      leave(this);
      Throwable thrown = failure;
      if (thrown == null) {
        super.complete(result);
      } else {
        super.completeExceptionally(thrown);
      }
    }

    /** On the thread that ends the loop, when it is not outstanding any more. */
    private void giveUp() {
      settled = true;
      super.completeExceptionally(
          new RejectedExecutionException("the loop has ended before the work was done"));
    }

    // ---- what its holder can do to it, on any thread

    private boolean settleFromOutside(@Nullable T value, @Nullable Throwable thrown) {
      boolean first = settle(value, thrown);
      if (first && isLoopThread.getAsBoolean()) {
        deliver();
      } else if (first) {
        hop();
      }
      return first;
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
      return settleFromOutside(null, new CancellationException()) || isCancelled();
    }

    @Override
    public boolean complete(T value) {
      return settleFromOutside(value, null);
    }

    @Override
    public boolean completeExceptionally(Throwable thrown) {
      return settleFromOutside(null, requireNonNull(thrown, "thrown"));
    }

    @Override
    public CompletableFuture<T> completeAsync(Supplier<? extends T> supplier, Executor executor) {
      requireNonNull(supplier, "supplier");
      executor.execute(() -> {
        try {
          complete(supplier.get());
        } catch (Throwable t) {
          completeExceptionally(t);
        }
      });
      return this;
    }

    @Override
    public CompletableFuture<T> completeAsync(Supplier<? extends T> supplier) {
      return completeAsync(supplier, defaultExecutor());
    }

    @Override
    public void obtrudeValue(T value) {
      throw new UnsupportedOperationException("a result of offloaded work cannot be changed");
    }

    @Override
    public void obtrudeException(Throwable thrown) {
      throw new UnsupportedOperationException("a result of offloaded work cannot be changed");
    }
  }

  private final int max;
  private final BooleanSupplier isLoopThread;
  private final Runnable wakeUp;
  private final TaskQueue results;
  private final AtomicInteger count = new AtomicInteger();
  private final Object lock = new Object();

  @GuardedBy("lock")
  private @Nullable Offload<?> oldest;

  @GuardedBy("lock")
  private @Nullable Offload<?> newest;

  private volatile boolean closed;

  /**
   * Makes it.
   *
   * @param max how much work may be out at a time, a power of two
   * @param isLoopThread whether the calling thread is the loop's
   * @param wakeUp wakes the loop if it sleeps
   */
  Offloads(int max, BooleanSupplier isLoopThread, Runnable wakeUp) {
    this.max = max;
    this.isLoopThread = isLoopThread;
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
    Offload<T> offload = null;
    boolean accepted = false;
    try {
      offload = new Offload<>(work);
      enter(offload);
      // After the addition: whoever closes this finds what it does not refuse.
      if (closed) {
        throw new RejectedExecutionException("the loop has ended");
      }
      executor.execute(offload);
      accepted = true;
    } finally {
      if (!accepted) {
        if (offload == null) {
          count.decrementAndGet(); // memory is short
        } else {
          leave(offload);
        }
      }
    }
    return offload;
  }

  private void enter(Offload<?> offload) {
    synchronized (lock) {
      offload.outstanding = true;
      offload.before = newest;
      if (newest == null) {
        oldest = offload;
      } else {
        newest.after = offload;
      }
      newest = offload;
    }
  }

  /** It is not outstanding any more. Any thread; a second time does nothing. */
  private void leave(Offload<?> offload) {
    synchronized (lock) {
      unlink(offload);
    }
  }

  private @Nullable Offload<?> takeOldest() {
    synchronized (lock) {
      Offload<?> taken = oldest;
      if (taken != null) {
        unlink(taken);
      }
      return taken;
    }
  }

  @GuardedBy("lock")
  private void unlink(Offload<?> offload) {
    assert Thread.holdsLock(lock);
    if (!offload.outstanding) {
      return;
    }
    offload.outstanding = false;
    Offload<?> before = offload.before;
    Offload<?> after = offload.after;
    if (before == null) {
      oldest = after;
    } else {
      before.after = after;
    }
    if (after == null) {
      newest = before;
    } else {
      after.before = before;
    }
    offload.before = null; // its holder may keep it for long
    offload.after = null;
    count.decrementAndGet();
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

  /** Takes no more results, and no more work. */
  void close() {
    closed = true;
    results.close();
  }

  /**
   * Fails the futures of the work that is still out, the oldest first. After {@link #close}, on the
   * thread that ends the loop.
   *
   * @param runner runs each step that may call what depends on a future
   * @return how many
   */
  int abandon(Consumer<Runnable> runner) {
    int abandoned = 0;
    Offload<?> offload;
    while ((offload = takeOldest()) != null) {
      if (!offload.isDone()) {
        abandoned++;
      }
      runner.accept(offload::giveUp);
    }
    return abandoned;
  }
}
