package mill.core;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import mill.core.internal.TaskQueue;
import mill.natives.Readiness;
import org.jspecify.annotations.Nullable;

/**
 * What lets the callbacks of a {@link Registration} come one at a time, and onClosed last.
 *
 * <p>What the loop, the workers and everybody else share is one word:
 *
 * <pre>
 *            something to hear        who calls takes it
 *   IDLE ───────────▶ SCHEDULED|bits ──────────────────▶ SCHEDULED ──▶ callback
 *     ▲                                 more: |= bits        │
 *     └──────────────────────────────────────────────────────┘ no bits came meanwhile
 *
 *   CANCELLED is added in any state, with the reason, and never taken away: no callback for an event
 *   starts after it. Tasks that were accepted still run, then onClosed is called, and that is all:
 *
 *   CANCELLED ──▶ out of the kernel, out of the table ──▶ CLOSING ──▶ tasks, onClosed ──▶ CLOSED
 * </pre>
 *
 * <p>A bit beside these says whether a one-shot is armed, and one that the kernel does not report
 * events any more, though by level they are to be: whoever calls the handler has it report them
 * again before it lets go of this.
 *
 * <pre>
 *   SCHEDULED ──hold(), out of the kernel's set──▶ SCHEDULED|HELD ──rearm()──▶ SCHEDULED
 * </pre>
 *
 * <p>Events of an inline loop are no part of it: their callbacks come straight from the poll.
 */
abstract class SerialCalls {
  /** Beside the bits of {@link Readiness}: calls {@link EventHandler#onShutdown}. */
  static final int SHUTDOWN = 1 << 6;

  /** Beside these: runs tasks. */
  static final int TASKS = 1 << 7;

  /** Beside these: calls {@link EventHandler#onClosed}. */
  static final int CLOSING = 1 << 8;

  private static final int TASKS_PER_RUN = 16;

  static final int READINESS_MASK = 0x3f;
  private static final int EVENTS_MASK = READINESS_MASK | SHUTDOWN;
  private static final int CALLS_MASK = TASKS | CLOSING;
  private static final int SCHEDULED = 1 << 9;
  private static final int CANCELLED = 1 << 10;
  private static final int CLOSED = 1 << 11;
  private static final int ONE_SHOT_ARMED = 1 << 12;
  private static final int HELD = 1 << 13;
  private static final int REASON_SHIFT = 14;

  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(SerialCalls.class, "state", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @SuppressWarnings("FieldMayBeFinal") // written through STATE
  private volatile int state;

  private volatile @Nullable Thread runner; // not for an inline callback of an event

  /**
   * Behind this one in the {@link RunQueue} or the {@link WorkerPool}, and guarded by that: it is
   * in one of the two, once, or in none.
   */
  @Nullable SerialCalls next;

  SerialCalls() {}

  /** Calls the handler for events. On the thread that runs this registration's callbacks. */
  abstract void fire(int events);

  /**
   * Notes an event that the kernel has reported; true if this is now to be submitted to the
   * workers. The thread that polls.
   */
  abstract boolean reported(int events);

  /** Lets events be reported again that are held, and calls {@link #letGo} before. */
  abstract void rearm();

  /** Runs a task. Never throws. */
  abstract void call(Runnable task);

  /** Tells the handler that this is closed. Never throws. */
  abstract void callOnClosed(CloseReason reason);

  /** Accepts a task, if it can. Any thread. */
  abstract TaskQueue.Offer offer(Runnable task);

  /** The tasks that wait, or null if there never were any. */
  abstract @Nullable TaskQueue tasks();

  /** Tells those who wait for onClosed. */
  abstract void completeQuiet();

  /** Notes something to hear; true if this is now to be submitted. */
  final boolean schedule(int bits) {
    return ((int) STATE.getAndBitwiseOr(this, bits | SCHEDULED) & SCHEDULED) == 0;
  }

  /** Notes something to hear; true if somebody has this, and will see it. */
  final boolean note(int bits) {
    return ((int) STATE.getAndBitwiseOr(this, bits) & SCHEDULED) != 0;
  }

  /** Whether somebody has this, and will see what comes. */
  final boolean isScheduled() {
    return (state & SCHEDULED) != 0;
  }

  /**
   * Notes that events are held, if somebody has this; false if nobody has. Unless the handler is
   * being called just now it hears of the event as well. One thread at a time, as {@link #letGo}.
   */
  final boolean hold(int bits) {
    while (true) {
      int seen = state;
      if ((seen & SCHEDULED) == 0) {
        return false;
      }
      int held = seen | HELD | (runner == null ? bits : 0);
      if (STATE.compareAndSet(this, seen, held)) {
        return true;
      }
    }
  }

  /** Events are not held any more. */
  final void letGo() {
    STATE.getAndBitwiseAnd(this, ~HELD);
  }

  /** Whether tasks are noted. */
  final boolean hasTasks() {
    return (state & TASKS) != 0;
  }

  /**
   * Calls the handler on a worker's thread; true if something came meanwhile and this is to be
   * submitted again.
   */
  final boolean runScheduled() {
    int taken = take();
    if ((taken & EVENTS_MASK) != 0 && (taken & CANCELLED) == 0) {
      runner = Thread.currentThread();
      try {
        fire(taken & EVENTS_MASK);
      } finally {
        runner = null;
      }
    }
    return callRest(taken);
  }

  /**
   * Runs tasks and tells that this is closed, no events; true if more came meanwhile and this is to
   * be submitted again. On the thread that calls for the loop. Never throws.
   */
  final boolean runCalls() {
    return callRest(take());
  }

  private int take() {
    return (int) STATE.getAndBitwiseAnd(this, ~(EVENTS_MASK | CALLS_MASK));
  }

  private boolean callRest(int taken) {
    if ((taken & CALLS_MASK) != 0) {
      runner = Thread.currentThread();
      try {
        if ((taken & CLOSING) != 0) {
          tellClosed();
        } else if (runTasks()) {
          STATE.getAndBitwiseOr(this, TASKS); // behind the others
        }
      } finally {
        runner = null;
      }
    }
    while (true) {
      int seen = state;
      if ((seen & (HELD | CANCELLED)) == HELD) {
        report();
        continue;
      }
      boolean events = (seen & EVENTS_MASK) != 0 && (seen & CANCELLED) == 0;
      if (events || (seen & CALLS_MASK) != 0) {
        return true;
      }
      if (STATE.compareAndSet(this, seen, seen & ~(SCHEDULED | EVENTS_MASK))) {
        return false;
      }
    }
  }

  private void report() {
    runner = Thread.currentThread(); // it may fail, and the handler hears of it
    try {
      rearm();
    } finally {
      runner = null;
    }
  }

  /** Runs its share of tasks; true if more may wait. */
  private boolean runTasks() {
    TaskQueue tasks = tasks();
    for (int i = 0; tasks != null && i < TASKS_PER_RUN; i++) {
      Runnable task = tasks.poll();
      if (task == null) {
        return false;
      }
      call(task);
    }
    return tasks != null && !tasks.isEmpty();
  }

  private void tellClosed() {
    TaskQueue tasks = tasks();
    Runnable task;
    while (tasks != null && (task = tasks.pollClosed()) != null) {
      call(task);
    }
    callOnClosed(CloseReason.of(state >>> REASON_SHIFT));
    STATE.getAndBitwiseOr(this, CLOSED);
    completeQuiet();
  }

  /** Marks, with the reason; true for the first time. */
  @SuppressWarnings("EnumOrdinal") // the word keeps a number, CloseReason.of gives the reason back
  final boolean markCancelled(CloseReason reason) {
    while (true) {
      int seen = state;
      if ((seen & CANCELLED) != 0) {
        return false;
      }
      int marked = seen | CANCELLED | reason.number() << REASON_SHIFT;
      if (STATE.compareAndSet(this, seen, marked)) {
        return true;
      }
    }
  }

  final boolean isMarkedCancelled() {
    return (state & CANCELLED) != 0;
  }

  /** Whether it is a one-shot that the user has armed and that has not been reported since. */
  final boolean isOneShotArmed() {
    return (state & ONE_SHOT_ARMED) != 0;
  }

  /** Notes that, before the kernel is armed; or that it has been reported, on the loop's thread. */
  final void setOneShotArmed(boolean armed) {
    if (armed) {
      STATE.getAndBitwiseOr(this, ONE_SHOT_ARMED);
    } else {
      STATE.getAndBitwiseAnd(this, ~ONE_SHOT_ARMED);
    }
  }

  /** Whether onClosed has returned. */
  final boolean isClosed() {
    return (state & CLOSED) != 0;
  }

  /**
   * Whether this calls the handler on the calling thread just now. Does not know of an inline
   * callback of an event.
   */
  final boolean isCalledHere() {
    return runner == Thread.currentThread();
  }
}
