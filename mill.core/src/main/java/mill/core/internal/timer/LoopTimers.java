package mill.core.internal.timer;

import static java.util.Objects.requireNonNull;
import static mill.core.internal.timer.TimerNode.NONE;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import mill.core.Timeout;
import mill.core.internal.Durations;
import org.jspecify.annotations.Nullable;

/**
 * The timers of a loop: its wheel, its clock, and what other threads want of them.
 *
 * <p>A deadline is what any thread may change, at once; the wheel belongs to the loop. Another
 * thread exchanges the deadline, leaves the timer in the inbox and wakes the loop if it sleeps
 * longer than that; the loop then links the timer where its deadline says. A timer that comes up in
 * the wheel runs only if the loop can take its deadline away.
 *
 * <p>The loop, in each turn: {@link #drainInbox}, {@link #advance}. Before it sleeps: {@link
 * #nextDelayNs}, then it says that it sleeps, then it asks {@link #hasInbox}.
 */
public final class LoopTimers implements TimerEngine {
  /** The longest tick: 2³⁰ ns, about a second. */
  public static final long MAX_TICK_NS = 1L << 30;

  /** How many timers of the inbox one turn looks at. */
  public static final int MAX_INBOX_PER_TURN = 1 << 14;

  /**
   * How long a timer that another thread has cancelled may be kept, and what its task refers to:
   * the loop looks at its inbox so much later at the latest.
   */
  static final long LET_GO_NS = 1_000_000_000;

  private static final VarHandle LIVE;
  private static final VarHandle FIRED;

  static {
    try {
      var lookup = MethodHandles.lookup();
      LIVE = lookup.findVarHandle(LoopTimers.class, "live", long.class);
      FIRED = lookup.findVarHandle(LoopTimers.class, "fired", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final LongSupplier nanoTime;
  private final BooleanSupplier isLoopThread;
  private final Runnable wake;
  private final Consumer<Throwable> uncaught;
  private final long originNs;
  private final int tickShift;
  private final TimerWheel wheel;
  private final TimerInbox inbox = new TimerInbox();
  private final AtomicLong foreignLive = new AtomicLong();

  // Written by the loop's thread.
  private volatile long sleepsUntilNs = Long.MAX_VALUE;
  private volatile boolean closed;
  private long live; // together with foreignLive
  private long fired;
  private @Nullable Consumer<LoopTimeout> beforeEach;
  private Runnable afterEach = () -> {};
  private @Nullable TimerNode taken; // from the inbox, and not yet looked at

  // When to look at the inbox again though nobody has woken the loop. Whoever cancels a timer until
  // then need not wake it.
  private long looksAgainNs = Long.MAX_VALUE;

  /**
   * Makes timers.
   *
   * @param nanoTime the clock, as {@link System#nanoTime()}
   * @param tickNs what is due within as much time runs together: 1 to {@link #MAX_TICK_NS}, rounded
   *     down to a power of two
   * @param isLoopThread tells whether the caller owns the wheel
   * @param wake called by other threads, with a timer that is due before the loop would look
   * @param uncaught told what a task throws
   */
  public LoopTimers(
      LongSupplier nanoTime,
      long tickNs,
      BooleanSupplier isLoopThread,
      Runnable wake,
      Consumer<Throwable> uncaught) {
    if (tickNs < 1 || tickNs > MAX_TICK_NS) {
      throw new IllegalArgumentException(
          "a tick must be 1 to " + MAX_TICK_NS + " ns, not " + tickNs);
    }
    this.nanoTime = nanoTime;
    this.isLoopThread = isLoopThread;
    this.wake = wake;
    this.uncaught = uncaught;
    originNs = nanoTime.getAsLong();
    tickShift = 63 - Long.numberOfLeadingZeros(tickNs);
    wheel = new TimerWheel(tickShift);
  }

  /** Tells somebody of each timer before it runs. Before the loop does. */
  public void beforeEach(Consumer<LoopTimeout> listener) {
    beforeEach = listener;
  }

  /** Calls somebody after each timer has run, whatever it throws. Before the loop does. */
  public void afterEach(Runnable listener) {
    afterEach = listener;
  }

  public Timeout newTimeout(Runnable task) {
    return new LoopTimeout(this, requireNonNull(task, "task"));
  }

  public Timeout schedule(Duration delay, Runnable task) {
    return armed(new LoopTimeout(this, requireNonNull(task, "task")), delay);
  }

  public Timeout scheduleAtFixedRate(Duration initialDelay, Duration period, Runnable task) {
    return scheduleAtFixedRate(initialDelay, period, false, task);
  }

  public Timeout scheduleAtFixedRate(
      Duration initialDelay, Duration period, boolean skipsMissed, Runnable task) {
    requireNonNull(task, "task");
    return armed(PeriodicTimeout.atFixedRate(this, task, period, skipsMissed), initialDelay);
  }

  public Timeout scheduleWithFixedDelay(Duration initialDelay, Duration delay, Runnable task) {
    requireNonNull(task, "task");
    return armed(PeriodicTimeout.withFixedDelay(this, task, delay), initialDelay);
  }

  private Timeout armed(LoopTimeout timeout, Duration delay) {
    arm(timeout, Durations.saturatedNs(delay));
    return timeout;
  }

  @Override
  public long nowNs() {
    return nanoTime.getAsLong() - originNs;
  }

  /** How many timers are scheduled. Any thread; the answer may be old when it arrives. */
  public long size() {
    return Math.max(0, (long) LIVE.getOpaque(this) + foreignLive.getOpaque());
  }

  /** How many times a task was run. Any thread. */
  public long fired() {
    return (long) FIRED.getOpaque(this);
  }

  @Override
  public boolean arm(TimerNode timeout, long delayNs) {
    if (closed) {
      throw ended();
    }
    long nowNs = nowNs();
    long deadlineNs = LoopTimeout.deadlineAfter(nowNs, Math.max(0, delayNs));
    long before = timeout.exchange(deadlineNs);
    if (!isLoopThread.getAsBoolean()) {
      return armedElsewhere(timeout, before);
    }
    if (before == NONE) {
      countLive(1);
    }
    wheel.unlink(timeout);
    skipIfEmpty(nowNs);
    wheel.link(timeout, deadlineNs);
    return before != NONE;
  }

  private boolean armedElsewhere(TimerNode timeout, long before) {
    if (before == NONE) {
      foreignLive.getAndIncrement();
    }
    switch (inbox.add(timeout)) {
      case CROWDED -> wake.run();
      case YES -> {
        // Not what this thread wants, but what is wanted now: a thread that found the timer on its
        // way to the inbox relies on the one that brings it there.
        if (timeout.deadline() < sleepsUntilNs) {
          wake.run();
        }
      }
      case CLOSED -> {
        if (dropLate(timeout)) {
          throw ended();
        }
      }
    }
    return before != NONE;
  }

  @Override
  public boolean cancel(TimerNode timeout) {
    if (timeout.exchange(NONE) == NONE) {
      return false;
    }
    if (isLoopThread.getAsBoolean()) {
      countLive(-1);
      wheel.unlink(timeout);
    } else {
      foreignLive.getAndDecrement();
      switch (inbox.add(timeout)) {
        case CROWDED -> wake.run();
        case CLOSED -> dropLate(timeout);
        case YES -> {
          if (sleepsUntilNs - nowNs() > LET_GO_NS) {
            wake.run();
          }
        }
      }
    }
    return true;
  }

  // What close() cannot find, since it was still on its way to the inbox.
  private boolean dropLate(TimerNode timeout) {
    boolean scheduled = timeout.exchange(NONE) != NONE;
    if (scheduled) {
      foreignLive.getAndDecrement();
    }
    return scheduled;
  }

  /** Tells whether other threads have changed timers. The loop's thread. */
  public boolean hasInbox() {
    return taken != null || !inbox.isEmpty();
  }

  /** Links what other threads have changed where its deadline says. The loop's thread. */
  public void drainInbox() {
    if (taken == null) {
      taken = inbox.takeAll();
    }
    if (taken != null && wheel.isEmpty()) {
      skipIfEmpty(nowNs());
    }
    boolean cancelled = false;
    for (int i = 0; i < MAX_INBOX_PER_TURN && taken != null; i++) {
      TimerNode node = taken;
      taken = inbox.takeNext(node);
      wheel.relink(node);
      cancelled |= node.deadline() == NONE;
    }
    if (cancelled) {
      looksAgainNs = nowNs() + LET_GO_NS;
    }
  }

  /**
   * Runs what is due, the earliest first and at one tick in the order of scheduling; what other
   * threads schedule counts from when the inbox was drained. What a task schedules runs in a later
   * call. The loop's thread.
   *
   * @param limit how many timers to look at; the rest are the first of the next call
   * @return how many tasks were run
   */
  public int advance(int limit) {
    if (wheel.isEmpty()) {
      return 0;
    }
    long nowTick = nowNs() >> tickShift;
    int ran = 0;
    wheel.beginBatch(nowTick);
    try {
      for (int i = 0; i < limit; i++) {
        TimerNode node = wheel.pollDue(nowTick);
        if (node == null) {
          break;
        }
        if (fire((LoopTimeout) node, nowTick)) {
          ran++;
        }
      }
    } finally {
      wheel.endBatch();
    }
    return ran;
  }

  /**
   * Tells how long the loop may sleep, and notes it for the other threads. The loop's thread, which
   * asks {@link #hasInbox} after this and after it has said that it sleeps.
   *
   * @return nanoseconds, 0 if something is due now, or -1 if there is no timer
   */
  public long nextDelayNs() {
    long tick = wheel.nextTick();
    long untilNs = tick > Long.MAX_VALUE >> tickShift ? Long.MAX_VALUE : tick << tickShift;
    if (tick == TimerWheel.NEVER && looksAgainNs == Long.MAX_VALUE) {
      sleepUntil(Long.MAX_VALUE);
      return -1;
    }
    long nowNs = nowNs();
    if (looksAgainNs <= nowNs) {
      looksAgainNs = Long.MAX_VALUE; // it looks now
    }
    untilNs = Math.min(untilNs, looksAgainNs);
    sleepUntil(untilNs);
    return tick == TimerWheel.NEVER && looksAgainNs == Long.MAX_VALUE
        ? -1
        : Math.max(0, untilNs - nowNs);
  }

  private void sleepUntil(long untilNs) {
    if (sleepsUntilNs != untilNs) {
      sleepsUntilNs = untilNs;
    }
  }

  /**
   * Cancels everything and refuses all further timers. The loop's thread, or, if there is none, the
   * one that closes the loop.
   *
   * @return how many timers were scheduled, without those that other threads are changing meanwhile
   *     and find refused
   */
  public long close() {
    closed = true;
    long cancelled = 0;
    while (taken != null) {
      TimerNode node = taken;
      taken = inbox.takeNext(node);
      cancelled += drop(node);
    }
    TimerNode node = inbox.close();
    while (node != null) {
      TimerNode later = inbox.takeNext(node);
      cancelled += drop(node);
      node = later;
    }
    while ((node = wheel.pollAny()) != null) {
      cancelled += drop(node);
    }
    countLive(-cancelled);
    return cancelled;
  }

  private int drop(TimerNode node) {
    wheel.unlink(node);
    return node.exchange(NONE) == NONE ? 0 : 1;
  }

  // False if another thread has cancelled the timer or put it off: then it comes by the inbox.
  private boolean fire(LoopTimeout timeout, long nowTick) {
    long dueNs = timeout.deadline();
    while (TimerNode.tickOf(dueNs, tickShift) <= nowTick) {
      long next = timeout.deadlineWhileRunning(dueNs);
      if (timeout.compareAndSet(dueNs, next)) {
        run(timeout, next);
        return true;
      }
      dueNs = timeout.deadline();
    }
    return false;
  }

  private void run(LoopTimeout timeout, long nextNs) {
    FIRED.setOpaque(this, fired + 1);
    if (nextNs == NONE) {
      countLive(-1);
    } else if (nextNs != LoopTimeout.RUNNING) {
      wheel.link(timeout, nextNs);
    }
    if (beforeEach != null) {
      beforeEach.accept(timeout);
    }
    try {
      timeout.task.run();
    } catch (Throwable thrown) {
      if (nextNs != NONE) {
        cancel(timeout);
      }
      uncaught.accept(thrown);
    }
    afterEach.run();
    if (nextNs == LoopTimeout.RUNNING) {
      finish(timeout);
    }
  }

  private void finish(LoopTimeout timeout) {
    long nowNs = nowNs();
    long nextNs = LoopTimeout.deadlineAfter(nowNs, timeout.delayAfterRunNs());
    if (closed) {
      cancel(timeout);
    } else if (timeout.compareAndSet(LoopTimeout.RUNNING, nextNs)) {
      skipIfEmpty(nowNs);
      wheel.link(timeout, nextNs);
    }
  }

  private void skipIfEmpty(long nowNs) {
    if (wheel.isEmpty()) {
      wheel.skipTo(nowNs >> tickShift);
    }
  }

  private void countLive(long change) {
    LIVE.setOpaque(this, live + change);
  }

  private static RejectedExecutionException ended() {
    return new RejectedExecutionException("the loop has ended");
  }
}
