package mill.sim.schedule;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import mill.natives.CurrentPlatform;
import mill.natives.platform.Threads;
import org.jspecify.annotations.Nullable;

/**
 * The time of a simulated world, whose turn it is, and what happens next. Made for one seed and run
 * once.
 *
 * <pre>
 *   a thread's turn ── handOver, sleep, its end ──▶ choose: a runnable thread, by the seed
 *                                                     │ none can run
 *                                                     ▼
 *                                           the next event: time moves to it
 *                                                     │ none is left
 *                                                     ▼
 *                                           deadlock, if anybody still had to finish
 * </pre>
 *
 * <p>Everything here belongs to the thread whose turn it is, and is published by handing the turn
 * over; so nothing is locked. Who has the turn runs the events that happen before the next turn, on
 * its own stack.
 */
public final class World {
  /** A time that never comes. */
  public static final long NEVER = Threads.FOREVER;

  /** How often threads may have their turn while no time passes. */
  static final int MAX_TURNS_AT_ONE_INSTANT = 100_000;

  private static final int MAX_CALLS_IN_DEATH = 10_000;

  private final long seed;
  private final Trace trace = new Trace();
  private final EventQueue events = new EventQueue();
  private final Map<String, SplitMix64> streams = new HashMap<>(); // looked up, never gone through
  private final SplitMix64 schedule;
  private final Roster roster = new Roster();
  private final List<Waiter> waiters = new ArrayList<>();
  private final AtomicLong turns = new AtomicLong(); // read by the watchdog
  private final Thread driver = Thread.currentThread();

  private volatile @Nullable SimThread turn;
  private volatile boolean over;

  private long nowNs;
  private long limitNs = NEVER;
  private int turnsAtInstant;
  private int mustHappen; // events before which the world may not end
  private boolean inEvent;
  private boolean ending;
  private @Nullable Throwable failure;
  private @Nullable Consumer<String> stepListener;
  private Consumer<Throwable> thrownListener = thrown -> {};

  /**
   * Makes a world, to be run by the calling thread.
   *
   * @param seed what all of its chances depend on
   */
  public World(long seed) {
    this.seed = seed;
    schedule = random("schedule");
  }

  /** {@return the time since the world began, in nanoseconds} */
  public long nowNs() {
    return nowNs;
  }

  /**
   * {@return a stream of chances, one a name: a draw from one shifts no other}
   *
   * @param stream its name
   */
  public SplitMix64 random(String stream) {
    return streams.computeIfAbsent(
        stream, name -> new SplitMix64(SplitMix64.mix(seed) ^ SplitMix64.mix(name.hashCode())));
  }

  /**
   * Has something happen between two turns.
   *
   * @param atNs when; at once if that is past
   * @param event what; it waits for nothing
   */
  public void at(long atNs, Runnable event) {
    events.add(Math.max(atNs, nowNs), event);
  }

  /**
   * The same for what has to happen before the world may end.
   *
   * @param atNs when
   * @param event what
   */
  public void mustHappen(long atNs, Runnable event) {
    mustHappen++;
    at(
        atNs,
        () -> {
          mustHappen--;
          event.run();
        });
  }

  /**
   * Lets something happen later, unless it is taken back.
   *
   * @param atNs when
   * @param event what
   * @return takes it back
   */
  Runnable cancellable(long atNs, Runnable event) {
    EventQueue.Event added = events.add(Math.max(atNs, nowNs), event);
    return () -> added.cancelled = true;
  }

  /**
   * Notes a step.
   *
   * @param step a constant
   * @param a a number of it
   * @param b another
   */
  public void trace(String step, long a, long b) {
    SimThread actor = current();
    if (actor == null) {
      trace.add(nowNs, "world", 0, step, a, b);
    } else {
      trace.add(nowNs, actor.process().name(), actor.id, step, a, b);
    }
    if (stepListener != null) {
      stepListener.accept(trace.newest());
    }
  }

  /** {@return the hash of all steps up to now} */
  public long traceHash() {
    return trace.hash();
  }

  /** {@return how many steps there were} */
  public long steps() {
    return trace.steps();
  }

  /** {@return the last steps, a line each} */
  public List<String> lastSteps() {
    return trace.last();
  }

  /**
   * Has every step told as it is taken.
   *
   * @param lines takes a line each
   */
  public void tellSteps(Consumer<String> lines) {
    stepListener = lines;
  }

  /**
   * Has told what the callbacks of mill throw, before their user hears of it.
   *
   * @param listener hears it
   */
  public void tellThrown(Consumer<Throwable> listener) {
    thrownListener = listener;
  }

  void threw(Throwable thrown) {
    thrownListener.accept(thrown);
  }

  /**
   * Says when the world fails if it has not ended.
   *
   * @param atNs the time
   */
  public void limit(long atNs) {
    limitNs = atNs;
  }

  // ---- turns

  /**
   * {@return the thread whose turn it is, if it is the calling one; null from an event and from
   * threads that are not of this world}
   */
  public @Nullable SimThread current() {
    SimThread running = turn;
    return !inEvent && running != null && running.thread == Thread.currentThread() ? running : null;
  }

  /**
   * {@return the calling thread}
   *
   * @throws IllegalStateException if it is not of this world
   */
  public SimThread requireCurrent() {
    SimThread running = current();
    if (running == null) {
      throw new IllegalStateException(
          "%s is not a thread of the simulation: what belongs to a simulated host can be used by that host's own code alone, on threads that mill or the host has started"
              .formatted(inEvent ? "what sim.after runs" : Thread.currentThread()));
    }
    return running;
  }

  @Nullable SimThread turn() {
    return turn;
  }

  /** Lets others have their turn, or goes on, by the seed. Holding no lock. */
  public void handOver() {
    SimThread self = requireCurrent();
    requireAlive(self);
    roster.mayRun(self);
    passOn(self, null);
    requireAlive(self);
  }

  /**
   * Waits, whatever interrupts, until {@link #wake} or the time. Holding no lock.
   *
   * @param untilNs until when, or {@link #NEVER}
   * @return whether it was woken, now or since its last sleep
   */
  public boolean sleep(long untilNs) {
    return sleep(untilNs, SimThread.Sleep.DEAF, null, null);
  }

  boolean sleep(
      long untilNs, SimThread.Sleep kind, @Nullable Object blocker, @Nullable Object monitor) {
    SimThread self = requireCurrent();
    requireAlive(self);
    if (!self.woken) {
      roster.sleeps(self, kind);
      self.blocker = blocker;
      if (untilNs != NEVER) {
        events.addAlarm(Math.max(untilNs, nowNs), self);
      }
      passOn(self, monitor);
    }
    boolean woken = self.woken;
    self.woken = false;
    self.blocker = null;
    requireAlive(self);
    return woken;
  }

  /**
   * Ends a thread's sleep, or its next one.
   *
   * @param thread the thread
   */
  public void wake(SimThread thread) {
    thread.woken = true;
    roster.rouse(thread);
  }

  private void passOn(SimThread self, @Nullable Object monitor) {
    self.waitsFor = monitor;
    SimThread next = choose();
    if (next != self) {
      give(next, monitor);
      if (monitor == null) {
        self.awaitTurn(this);
      } else {
        self.awaitTurn(this, monitor);
      }
    }
    self.waitsFor = null;
  }

  /**
   * Makes it the turn of the next one; the caller may hold the monitor that it is about to leave.
   */
  @SuppressWarnings("ReferenceEquality") // a monitor is an object, not a value
  private void give(@Nullable SimThread next, @Nullable Object held) {
    if (next == null) {
      turn = null;
      over = true;
      LockSupport.unpark(driver);
      return;
    }
    Object monitor = next.waitsFor; // read before it runs
    turn = next;
    if (monitor == null) {
      LockSupport.unpark(next.thread);
    } else if (held == null || held == monitor) {
      rouse(monitor);
    } else {
      // Holding one monitor and waiting for another would be a deadlock: somebody may have roused
      // the next one already, who runs on and hands over to one that waits in the monitor held
      // here.
      Thread.startVirtualThread(() -> rouse(monitor));
    }
  }

  private static void rouse(Object monitor) {
    synchronized (monitor) {
      monitor.notifyAll();
    }
  }

  /** Whose turn is next; null when there is nobody left. Lets time pass if it has to. */
  private @Nullable SimThread choose() {
    turns.setOpaque(turns.getPlain() + 1);
    while (true) {
      roster.lookAround();
      if (!ending && (failure != null || (mustHappen == 0 && !roster.hasForeground()))) {
        ending = true;
        roster.killAll();
      }
      int count = roster.runnable();
      if (count > 0) {
        if (!ending && ++turnsAtInstant > MAX_TURNS_AT_ONE_INSTANT) {
          fail(new AssertionError(Waiting.livelock(roster.live(), nowNs)));
          continue;
        }
        return roster.take(count == 1 ? 0 : schedule.nextInt(count));
      }
      if (ending) {
        return null;
      }
      letTimePass();
    }
  }

  private void letTimePass() {
    EventQueue.Event event = events.poll();
    if (event == null) {
      fail(new AssertionError(Waiting.deadlock(roster.live(), nowNs)));
      return;
    }
    if (event.atNs > limitNs) {
      nowNs = limitNs;
      fail(new AssertionError(Waiting.timeOver(roster.live(), nowNs)));
      return;
    }
    if (event.atNs > nowNs) {
      nowNs = event.atNs;
      turnsAtInstant = 0;
    }
    if (event.sleeper != null) {
      roster.rouse(event.sleeper);
      return;
    }
    inEvent = true;
    try {
      requireNonNull(event.action).run();
    } catch (Throwable thrown) {
      fail(thrown);
    } finally {
      inEvent = false;
    }
  }

  // ---- threads and processes

  /**
   * Makes a thread of a process; {@link Thread#start()} starts it.
   *
   * @param process the process
   * @param name its name
   * @param daemon whether the process may end without it
   * @param body what it runs
   * @return the thread
   */
  public Thread newThread(SimProcess process, String name, boolean daemon, Runnable body) {
    var made = new SimThread(this, roster.nextId(), process, name, daemon, body);
    roster.add(made);
    return made.thread;
  }

  @Nullable SimThread find(Thread thread) {
    return roster.find(thread);
  }

  /** Who waits in monitors, in the order of coming. */
  List<Waiter> waiters() {
    return waiters;
  }

  /** What the thread of the JDK runs. */
  void run(SimThread self, Runnable body) {
    self.awaitTurn(this);
    try {
      if (!self.isDying()) {
        CurrentPlatform.run(self.process().platform(), body::run);
      }
    } catch (ProcessKilled e) {
      // That is how it ends.
    } catch (Throwable thrown) {
      if (!self.isDying()) {
        fail(thrown);
      }
    } finally {
      end(self);
      give(choose(), null);
    }
  }

  private void end(SimThread self) {
    roster.end(self);
    self.joiners.forEach(this::wake);
    SimProcess process = self.process();
    if (!self.daemon && !process.isDead() && !roster.isHeldUp(process)) {
      roster.kill(process); // its daemons
      process.exit();
    }
  }

  /**
   * Ends a process: its threads run no further than their next call, and unwind.
   *
   * @param process the process
   */
  public void kill(SimProcess process) {
    roster.kill(process);
  }

  /**
   * {@return whether a process has a thread that has not ended}
   *
   * @param process the process
   */
  public boolean isLive(SimProcess process) {
    return roster.isLive(process);
  }

  private void requireAlive(SimThread self) {
    if (!self.isDying()) {
      return;
    }
    if (++self.callsInDeath > MAX_CALLS_IN_DEATH) {
      abandon(self);
    }
    throw new ProcessKilled(self.process().name());
  }

  // It catches what is to end it, again and again: nothing waits for it any more.
  private void abandon(SimThread self) {
    end(self);
    give(choose(), null);
    while (true) {
      LockSupport.park(this);
      var _ = Thread.interrupted(); // or park would wait no more
    }
  }

  // ---- the world's own end

  /**
   * Ends the world as a failure, unless it has failed already. Any thread of the world, or an
   * event.
   *
   * @param why what is wrong
   */
  public void fail(Throwable why) {
    if (failure == null && !ending) {
      failure = why;
    }
  }

  /** {@return why the world has failed, or null} */
  public @Nullable Throwable failure() {
    return failure;
  }

  /**
   * Runs the world to its end: when all threads of its foreground processes and all that must
   * happen are over, or it fails. Called once, by the thread that made it.
   *
   * @param stuckNs after how long in real time a thread that keeps its turn is a failure, unless
   *     the machine is busy with something else
   */
  public void runToEnd(long stuckNs) {
    if (mustHappen == 0 && roster.isEmpty()) {
      throw new IllegalStateException(
          "there is nothing to run: start a host, or have something happen");
    }
    give(choose(), null);
    var watchdog = new Watchdog(stuckNs, System::nanoTime);
    while (!over) {
      LockSupport.parkNanos(this, watchdog.everyNs());
      String stuck = watchdog.look(turns.getOpaque(), turn);
      if (stuck != null) {
        failure = new AssertionError(stuck);
        return;
      }
    }
  }
}
