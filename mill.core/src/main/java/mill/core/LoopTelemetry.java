package mill.core;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLong;
import mill.core.LoopMetrics.Events;
import mill.core.LoopMetrics.Offloads;
import mill.core.LoopMetrics.Tasks;
import mill.core.LoopMetrics.Timers;
import mill.core.LoopMetrics.Times;
import mill.core.LoopMetrics.Turns;
import mill.core.internal.FlightEvents;
import mill.core.internal.FlightRecording;
import mill.core.internal.timer.LoopTimers;
import mill.natives.ReadyEvents;
import mill.natives.platform.Platform;
import org.jspecify.annotations.Nullable;

/**
 * What a loop tells of itself as it turns: counts and times for {@link LoopMetrics}, spans for a
 * flight recording, and for the watchdog what it is doing now.
 *
 * <pre>
 *   turnBegins ─▶ fire … ─▶ dispatched ─▶ doing … ─▶ turnEnds
 *       │                       │                       │
 *   pollNs until here      handlersNs               tasksNs, if there was anything to do
 * </pre>
 *
 * <p>The clock is read where a time ends, so the end of one is the begin of the next; a turn
 * without timers and tasks reads it twice. Counts have one writer, the loop's thread: they are
 * plain stores, published by the one of the turns. What any thread may count is rare, and an {@link
 * AtomicLong}: it is counted when something was thrown, and memory may be short then.
 */
final class LoopTelemetry {
  /** What {@link #workingSinceNs()} is while the loop polls. */
  static final long IDLE = Long.MIN_VALUE;

  private static final int TURNS = 0;
  private static final int EVENTS = 1;
  private static final int STALE_EVENTS = 2;
  private static final int RESULTS = 3;
  private static final int TASKS = 4;
  private static final int WAKE_UPS = 5;
  private static final int SPURIOUS = 6;
  private static final int POLL_NS = 7;
  private static final int HANDLERS_NS = 8;
  private static final int TASKS_NS = 9;

  // Of these the worker that polls is the writer.
  private static final int WORKERS_EVENTS = 10;
  private static final int WORKERS_STALE_EVENTS = 11;
  private static final int COUNTS = 12;

  // What any thread counts has no place among them.
  private static final int HANDLER_THROWS = -1;
  private static final int TASK_THROWS = -2;
  private static final int REJECTED = -3;

  private static final VarHandle COUNT = MethodHandles.arrayElementVarHandle(long[].class);
  private static final VarHandle WORKING_SINCE;
  private static final VarHandle ACTIVITY;

  static {
    try {
      var lookup = MethodHandles.lookup();
      WORKING_SINCE = lookup.findVarHandle(LoopTelemetry.class, "workingSinceNs", long.class);
      ACTIVITY = lookup.findVarHandle(LoopTelemetry.class, "activity", Object.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final String loop;
  private final Platform clock;
  private final boolean watched;
  private final long[] counts = new long[COUNTS];
  private final AtomicLong handlerThrows = new AtomicLong();
  private final AtomicLong taskThrows = new AtomicLong();
  private final AtomicLong tasksRejected = new AtomicLong();

  // Written by the loop's thread for the watchdog's, and only if there is one.
  private long workingSinceNs = IDLE;
  private @Nullable Object activity;

  // The turn under way; the loop's thread.
  private long untilNs; // what is before that has been counted
  private long polledNs;
  private long handledNs;
  private int found;
  private int dispatched;
  private boolean woken;
  private boolean timesHandlers;
  private boolean timesTurn;

  // From the turn on that finds the recorder started; the loop's thread.
  private @Nullable FlightEvents flight;
  private Object turnSpan = this;
  private Object handlerSpan = this;

  /**
   * Makes it.
   *
   * @param loop the loop's name
   * @param clock tells the time
   * @param watched whether a watchdog wants to know what the loop does
   */
  LoopTelemetry(String loop, Platform clock, boolean watched) {
    this.loop = loop;
    this.clock = clock;
    this.watched = watched;
  }

  // ---- the loop's thread, in the order of a turn

  /** The loop runs: its first poll comes next. */
  void begins() {
    untilNs = clock.nanoTime();
  }

  /** The poll is over. */
  void turnBegins(ReadyEvents events) {
    polledNs = lap();
    found = events.size();
    woken = events.woken();
    if (flight == null) {
      findRecorder();
    }
    if (flight != null) {
      timesTurn = flight.timesTurns();
      timesHandlers = found > 0 && flight.timesHandlers();
      if (timesTurn) {
        flight.begin(turnSpan);
      }
    }
    if (watched) {
      WORKING_SINCE.setOpaque(this, untilNs);
    }
  }

  private void findRecorder() {
    FlightEvents started = FlightRecording.events();
    if (started != null) {
      turnSpan = started.newTurn();
      handlerSpan = started.newHandler();
      flight = started;
    }
  }

  /** An inline handler is called next; true if {@link #handlerEnds} must be called after it. */
  boolean handlerBegins(Object registration) {
    doing(registration);
    if (flight == null || !timesHandlers) {
      return false;
    }
    flight.begin(handlerSpan);
    return true;
  }

  /** The handler has returned. */
  void handlerEnds(Object pollable, Object handler) {
    if (flight != null) {
      flight.endHandler(handlerSpan, loop, pollable, handler);
    }
  }

  /** Everything that was ready has been dispatched; so many of the events found a registration. */
  void dispatched(int events) {
    dispatched = events;
    handledNs = found > 0 ? lap() : 0;
  }

  /** What comes next: a registration's handler, a task, a timer, or a text. */
  void doing(Object what) {
    if (watched) {
      ACTIVITY.setOpaque(this, what);
    }
  }

  /** The turn is over; what else it did. */
  void turnEnds(int timersFired, int results, int tasks, boolean other) {
    boolean worked = timersFired + results + tasks > 0 || other;
    long workedNs = worked ? lap() : 0;
    if (watched) {
      WORKING_SINCE.setOpaque(this, IDLE);
      ACTIVITY.setOpaque(this, null);
    }
    if (flight != null && timesTurn) {
      flight.endTurn(turnSpan, loop, found, timersFired, results, tasks);
    }
    add(EVENTS, dispatched);
    add(STALE_EVENTS, found - dispatched);
    add(RESULTS, results);
    add(TASKS, tasks);
    add(WAKE_UPS, woken ? 1 : 0);
    add(SPURIOUS, worked || dispatched > 0 ? 0 : 1);
    add(POLL_NS, polledNs);
    add(HANDLERS_NS, handledNs);
    add(TASKS_NS, workedNs);
    COUNT.setRelease(counts, TURNS, counts[TURNS] + 1); // publishes the others
  }

  /** What was run as the loop ended. The thread that ends it. */
  void ranAtEnd(int results, int tasks) {
    add(RESULTS, results);
    add(TASKS, tasks);
  }

  private long lap() {
    long nowNs = clock.nanoTime();
    long passedNs = nowNs - untilNs;
    untilNs = nowNs;
    return passedNs;
  }

  private void add(int index, long more) {
    if (more != 0) {
      COUNT.setOpaque(counts, index, counts[index] + more);
    }
  }

  // ---- a worker's thread

  /** A worker has polled, one at a time; so many of the events found a registration. */
  void workersPolled(int events, int ofThese) {
    add(WORKERS_EVENTS, ofThese);
    add(WORKERS_STALE_EVENTS, events - ofThese);
  }

  /** A handler is called next; a span for {@link #workerEnds} to end, or null for none. */
  @Nullable Object workerBegins() {
    FlightEvents events = FlightRecording.events();
    if (events == null || !events.timesHandlers()) {
      return null;
    }
    Object span = events.newHandler();
    events.begin(span);
    return span;
  }

  /** The handler has returned. */
  void workerEnds(Object span, Object pollable, Object handler) {
    FlightEvents events = FlightRecording.events();
    if (events != null) {
      events.endHandler(span, loop, pollable, handler);
    }
  }

  // ---- any thread

  void handlerThrew() {
    handlerThrows.incrementAndGet();
  }

  void taskThrew() {
    taskThrows.incrementAndGet();
  }

  void taskRejected() {
    tasksRejected.incrementAndGet();
  }

  /** When the work of the turn under way began, or {@link #IDLE}. The watchdog's thread. */
  long workingSinceNs() {
    return (long) WORKING_SINCE.getOpaque(this);
  }

  /** What the loop began to do last. The watchdog's thread. */
  @Nullable Object activity() {
    return ACTIVITY.getOpaque(this);
  }

  long nanoTime() {
    return clock.nanoTime();
  }

  /**
   * Takes a snapshot. Any thread.
   *
   * @param counted the counts, or null if the loop does not count: they are 0 then
   * @param loop the loop's name
   * @param backend the platform's name
   * @param timers the loop's timers
   * @param queuedTasks how many tasks wait
   * @param outstandingOffloads how much offloaded work is out
   * @param registrations how much is registered
   */
  static LoopMetrics metrics(
      @Nullable LoopTelemetry counted,
      String loop,
      String backend,
      LoopTimers timers,
      int queuedTasks,
      int outstandingOffloads,
      int registrations) {
    // The number of turns first, so that the others are no older.
    var turns = new Turns(get(counted, TURNS), get(counted, SPURIOUS), get(counted, WAKE_UPS));
    return new LoopMetrics(
        loop,
        backend,
        counted != null,
        turns,
        new Events(
            get(counted, EVENTS) + get(counted, WORKERS_EVENTS),
            get(counted, STALE_EVENTS) + get(counted, WORKERS_STALE_EVENTS),
            get(counted, HANDLER_THROWS)),
        new Tasks(
            get(counted, TASKS), get(counted, REJECTED), get(counted, TASK_THROWS), queuedTasks),
        new Timers(timers.fired(), timers.size()),
        new Offloads(get(counted, RESULTS), outstandingOffloads),
        new Times(get(counted, POLL_NS), get(counted, HANDLERS_NS), get(counted, TASKS_NS)),
        registrations);
  }

  private static long get(@Nullable LoopTelemetry counted, int what) {
    if (counted == null) {
      return 0;
    }
    return switch (what) {
      case TURNS -> (long) COUNT.getAcquire(counted.counts, what);
      case HANDLER_THROWS -> counted.handlerThrows.get();
      case TASK_THROWS -> counted.taskThrows.get();
      case REJECTED -> counted.tasksRejected.get();
      default -> (long) COUNT.getOpaque(counted.counts, what);
    };
  }
}
