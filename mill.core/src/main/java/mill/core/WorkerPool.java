package mill.core;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import mill.core.internal.UncaughtExceptions;
import mill.core.internal.Waits;
import mill.natives.platform.Threads;
import org.jspecify.annotations.Nullable;

/**
 * A fixed number of threads that work through items, first in first out, and fetch more of them
 * from a source when there are none: the one that leads does.
 *
 * <pre>
 *   working ──stop()──▶ works through what was submitted ──▶ ended
 *                                  │                           ▲
 *                                  └── drop() ─────────────────┘ only what runs is finished
 *
 *   the one that leads:  polls ──▶ works on what that brought, itself ──▶ polls …
 *                                      │ does not return for a tick: another takes the lead
 *                                      │ such are usual: it gives the lead away before it works
 * </pre>
 *
 * <p>So nothing is handed over while handlers are quick: an event is worked on by the thread that
 * has polled it. Of those that have nothing to do one, the watcher, wakes up in each tick in which
 * there were items; the others sleep until they are needed.
 *
 * <p>A monitor, and a list through the items themselves: each is in it at most once, so its bound
 * is theirs, and nothing is allocated. So nothing is lost either when memory is short: an item that
 * was marked as submitted, and is not, would never be worked on.
 *
 * @param <T> what is worked on
 */
final class WorkerPool<T extends SerialCalls> {
  private static final long END_CHECK_NS = 1_000_000;

  /** After how long the watcher looks whether the one that leads is held up. */
  static final long TICK_NS = 1_000_000;

  // What is left to the one that leads alone while its items are quick: to wake a thread for less
  // would cost more than the work.
  private static final int BACKLOG = 8;

  // Fewer items in a tick are slow ones.
  private static final int SLOW = 10;

  // For how many polls slow items are expected when some were seen.
  private static final int SLOW_POLLS = 1_000;

  /** Where items come from besides {@link #submit}. One thread at a time, but for wake. */
  interface Source {
    /**
     * Fetches items, and gives them to {@link #collect}.
     *
     * @param waits whether to wait until there is one, or {@link #wake} is called
     * @throws IOException if there will never be any more; {@link #failed} is told of it
     */
    void poll(boolean waits) throws IOException;

    /** Ends the poll that waits, or else the next one. Any thread. */
    void wake();

    /** A poll has thrown, and none will follow. */
    void failed(Throwable thrown);
  }

  /**
   * A thread, and what it works on at some moment.
   *
   * @param thread the thread
   * @param item the item
   * @param <T> what is worked on
   */
  record Running<T>(Thread thread, T item) {}

  private enum Step {
    WORK,
    POLL,
    LOOK,
    WATCH,
    SLEEP,
    END
  }

  private final Threads threads;
  private final Consumer<T> work;
  private final List<Worker<T>> workers = new ArrayList<>();
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final WorkerItems<T> items = new WorkerItems<>();

  @GuardedBy("lock")
  private boolean stopping;

  @GuardedBy("lock")
  private boolean dropping;

  @GuardedBy("lock")
  private int live;

  // ---- who leads

  private @Nullable Source source; // written before the threads start

  @GuardedBy("lock")
  private boolean failed;

  @GuardedBy("lock")
  private @Nullable Worker<T> leader;

  @GuardedBy("lock")
  private boolean polling; // it is in the source; otherwise it works

  @GuardedBy("lock")
  private boolean waiting; // and does not look only

  @GuardedBy("lock")
  private int share; // how many items are worked on, if nobody polls, before somebody does

  @GuardedBy("lock")
  private long steps; // its polls and items

  @GuardedBy("lock")
  private int slowPolls; // for so many polls from now on items are expected to be slow

  private final WorkerItems<T> polled = new WorkerItems<>(); // so far; the one that polls

  // ---- who sleeps

  @GuardedBy("lock")
  private final IdleWorkers<T> idle = new IdleWorkers<>();

  // What the watcher has seen when it began to watch.
  @GuardedBy("lock")
  private long seenSteps;

  @GuardedBy("lock")
  private boolean seenWorking;

  /**
   * Makes a pool; {@link #start} starts it.
   *
   * @param workers how many threads
   * @param name what their names begin with
   * @param threads makes them, and lets them wait
   * @param work what they do with an item; what it throws is reported and ends nothing
   */
  WorkerPool(int workers, String name, Threads threads, Consumer<T> work) {
    this.threads = threads;
    this.work = work;
    for (int i = 0; i < workers; i++) {
      int index = i;
      this.workers.add(
          new Worker<>(
              threads.unstarted(name + "-worker-" + i, true, () -> workUntilStopped(index))));
    }
  }

  /**
   * Starts the threads. Once.
   *
   * @param from where they fetch items, or null for nowhere
   */
  void start(@Nullable Source from) {
    source = from;
    for (Worker<T> worker : workers) {
      boolean started = false;
      countLive(1);
      try {
        worker.thread.start();
        started = true;
      } finally {
        if (!started) { // the system gives no more threads
          countLive(-1);
        }
      }
    }
  }

  private void countLive(int change) {
    synchronized (lock) {
      live += change;
    }
  }

  /**
   * Hands an item to one of the threads. Any thread; also one of their own, after {@link #stop()}.
   *
   * @param item what to work on, not submitted just now
   */
  void submit(T item) {
    Worker<T> woken;
    boolean wakes;
    synchronized (lock) {
      items.add(item);
      woken = idle.take();
      wakes = woken == null && waiting;
    }
    if (woken != null) {
      threads.unpark(woken.thread);
    } else if (wakes && source != null) {
      source.wake();
    }
  }

  /** Hands over the item that the calling thread, one of the pool's, has just worked on. */
  void submitAgain(T item) {
    synchronized (lock) {
      items.add(item); // for itself, if for nobody else
    }
  }

  /** Adds an item to what the poll under way brings. The thread that polls. */
  void collect(T item) {
    polled.add(item);
  }

  /**
   * Takes an item that no thread has taken. Any thread; for when the threads have ended.
   *
   * @return the oldest item, or null if there is none
   */
  @Nullable T poll() {
    synchronized (lock) {
      return items.take();
    }
  }

  /** {@return whether the calling thread is one of the pool's} */
  boolean isWorker() {
    Thread current = Thread.currentThread();
    for (Worker<T> worker : workers) {
      if (worker.thread == current) {
        return true;
      }
    }
    return false;
  }

  /**
   * Lets the threads end when they have worked through what has been submitted. Does not wait for
   * that.
   */
  void stop() {
    boolean wakes;
    synchronized (lock) {
      stopping = true;
      wakes = waiting;
    }
    for (Worker<T> worker : workers) {
      threads.unpark(worker.thread);
    }
    if (wakes && source != null) {
      source.wake();
    }
  }

  /**
   * Lets the threads begin nothing any more: what waits, and what is submitted from now on, is left
   * to {@link #poll()}. After {@link #stop()}.
   */
  void drop() {
    synchronized (lock) {
      dropping = true;
    }
  }

  /** Interrupts the threads that work, so that a handler that blocks has a chance to end. */
  void interrupt() {
    synchronized (lock) { // or the interrupt could come to the next item
      for (Worker<T> worker : workers) {
        if (worker.item != null) {
          worker.thread.interrupt();
        }
      }
    }
  }

  /** {@return what is worked on at this moment} Any thread. */
  List<Running<T>> running() {
    var running = new ArrayList<Running<T>>();
    synchronized (lock) {
      for (Worker<T> worker : workers) {
        T item = worker.item;
        if (item != null) {
          running.add(new Running<>(worker.thread, item));
        }
      }
    }
    return running;
  }

  /**
   * Waits a little for the threads to end. After {@link #stop()}.
   *
   * @return true if all have
   */
  boolean awaitEnd() {
    boolean interrupted = false;
    boolean ended;
    synchronized (lock) {
      try {
        if (live > 0) {
          threads.await(lock, END_CHECK_NS);
        }
      } catch (InterruptedException e) {
        interrupted = true; // passed on below: the threads are to end all the same
      }
      ended = live == 0;
    }
    for (int i = 0; ended && i < workers.size(); i++) {
      Waits.join(threads, workers.get(i).thread); // it has nothing left to do but to end
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return ended;
  }

  private void workUntilStopped(int index) {
    Worker<T> worker = workers.get(index);
    T item;
    while ((item = next(worker)) != null) {
      try {
        work.accept(item);
      } catch (Throwable thrown) { // the others' callbacks still want a worker
        UncaughtExceptions.report(thrown);
      }
    }
  }

  private @Nullable T next(Worker<T> worker) {
    while (true) {
      Step step;
      T item = null;
      Worker<T> helper = null;
      synchronized (lock) {
        worker.item = null;
        // What one handler leaves is not the next one's. Nor does it mean anything to the pool.
        Thread.interrupted();
        step = choose(worker);
        if (step == Step.WORK) {
          item = items.take();
          worker.item = item;
          helper = helper(worker);
        }
      }
      if (helper != null) {
        threads.unpark(helper.thread);
      }
      switch (step) {
        case WORK, END -> {
          return item;
        }
        case POLL, LOOK -> pollSource(step == Step.POLL);
        case WATCH -> threads.park(this, TICK_NS);
        case SLEEP -> threads.park(this, Threads.FOREVER);
      }
    }
  }

  @GuardedBy("lock")
  private Step choose(Worker<T> worker) {
    assert Thread.holdsLock(lock);
    boolean watched = idle.isWatcher(worker);
    boolean held = watched && leaderIsHeldUp();
    idle.awake(worker);
    boolean leads = leader == worker;
    boolean mayLead = source != null && !failed && (leads || leader == null);
    // Behind its share, what the source has comes first: items that are submitted again and again
    // must not keep everybody from polling.
    if (!items.isEmpty() && !dropping && (stopping || !mayLead || share > 0)) {
      if (mayLead) {
        steps++;
        share--;
      }
      return Step.WORK;
    }
    if (stopping) {
      end(leads);
      return Step.END;
    }
    if (mayLead || (held && source != null && !failed)) {
      leader = worker;
      polling = true;
      waiting = items.isEmpty();
      steps++;
      return waiting ? Step.POLL : Step.LOOK;
    }
    return sleep(worker, watched);
  }

  @GuardedBy("lock")
  private void end(boolean leads) {
    assert Thread.holdsLock(lock);
    if (leads) {
      leader = null;
    }
    live--;
    threads.signalAll(lock);
  }

  // ---- the lead

  private void pollSource(boolean waits) {
    Source from = requireNonNull(source);
    Throwable thrown = null;
    try {
      from.poll(waits);
    } catch (Throwable t) { // also an Error: the loop ends with it, as one does that polls itself
      thrown = t;
    }
    synchronized (lock) {
      hasPolled(thrown != null);
    }
    if (thrown != null) {
      from.failed(thrown);
    }
  }

  @GuardedBy("lock")
  private void hasPolled(boolean fails) {
    assert Thread.holdsLock(lock);
    polling = false;
    waiting = false;
    failed |= fails;
    boolean any = !polled.isEmpty();
    items.addAll(polled);
    share = items.size();
    if (fails) {
      leader = null;
    } else if (any && slowPolls > 0) {
      slowPolls--;
      leader = null; // who takes an item next wakes one that leads
    }
  }

  /** A worker has taken an item: tells whom it wakes, or null. */
  @GuardedBy("lock")
  private @Nullable Worker<T> helper(Worker<T> worker) {
    assert Thread.holdsLock(lock);
    boolean wakes;
    if (leader == null) {
      wakes = !items.isEmpty() || (source != null && !failed);
    } else if (leader == worker && idle.watcherSleeps()) {
      return idle.takeWatcher();
    } else {
      boolean unwatched = !idle.hasWatcher() && !idle.isEmpty();
      wakes = unwatched || (slowPolls > 0 ? !items.isEmpty() : items.size() > BACKLOG);
    }
    return wakes ? idle.take() : null;
  }

  // ---- those that sleep

  /** The watcher has slept for a tick: tells whether the one that leads did not get on in it. */
  @GuardedBy("lock")
  private boolean leaderIsHeldUp() {
    assert Thread.holdsLock(lock);
    long done = steps - seenSteps;
    boolean works = leader != null && !polling;
    if (works && seenWorking && done < SLOW) {
      slowPolls = SLOW_POLLS;
    }
    return works && done == 0;
  }

  /**
   * It has nothing to do.
   *
   * @param watched whether it was the watcher, and a tick has passed
   */
  @GuardedBy("lock")
  private Step sleep(Worker<T> worker, boolean watched) {
    assert Thread.holdsLock(lock);
    if (leader == null || idle.hasWatcher()) {
      idle.add(worker);
      return Step.SLEEP;
    }
    boolean sleeps = watched && polling && steps == seenSteps;
    idle.watch(worker, sleeps);
    seenSteps = steps;
    seenWorking = watched && !polling;
    return sleeps ? Step.SLEEP : Step.WATCH;
  }
}
