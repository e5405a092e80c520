package mill.core;

import static mill.modelcheck.Interleavings.finds;
import static mill.modelcheck.Interleavings.holds;
import static mill.modelcheck.Scenario.check;
import static mill.modelcheck.Scenario.together;

import mill.core.internal.TaskQueue;
import mill.core.internal.TaskQueue.Offer;
import mill.modelcheck.PlantedBug;
import org.junit.jupiter.api.Test;

/** The word of a registration. Whoever is told to submit it calls it here, as a worker would. */
class SerialCallsModelTest {
  private static final String SOURCE = "mill.core/src/main/java/mill/core/SerialCalls.java";

  static class Calls extends SerialCalls {
    final TaskQueue tasks = new TaskQueue(4);
    volatile boolean inside;
    volatile boolean toldClosed;
    boolean quiet;
    int ran;

    /** What has happened and the handler has not heard: a flag for each of two events. */
    final boolean[] unheard = new boolean[2];

    void happens(int event) {
      unheard[event] = true;
      if (schedule(1 << event)) {
        runAll();
      }
    }

    boolean execute() {
      if (tasks.offer(() -> ran++) != Offer.ACCEPTED) {
        return false;
      }
      if (!note(TASKS) && schedule(TASKS)) {
        runAll();
      }
      return true;
    }

    void cancel(CloseReason reason) {
      if (markCancelled(reason)) {
        tasks.close();
        if (schedule(CLOSING)) {
          runAll();
        }
      }
    }

    final void runAll() {
      boolean more = true;
      while (more) {
        more = runScheduled();
      }
    }

    final void begin() {
      check(!inside, "two callbacks at once");
      inside = true;
      check(!toldClosed, "a callback after onClosed");
    }

    final void end() {
      check(inside, "two callbacks at once");
      inside = false;
    }

    @Override
    void fire(int events) {
      begin();
      for (int event = 0; event < unheard.length; event++) {
        if ((events & (1 << event)) != 0) {
          unheard[event] = false;
        }
      }
      end();
    }

    @Override
    boolean reported(int events) {
      return schedule(events);
    }

    @Override
    void rearm() {}

    @Override
    void call(Runnable task) {
      begin();
      task.run();
      end();
    }

    @Override
    void callOnClosed(CloseReason reason) {
      begin();
      check(reason == CloseReason.FAILED, "another reason than the one that was first");
      toldClosed = true;
      end();
    }

    @Override
    TaskQueue.Offer offer(Runnable task) {
      return tasks.offer(task);
    }

    @Override
    TaskQueue tasks() {
      return tasks;
    }

    @Override
    void completeQuiet() {
      check(toldClosed, "quiet before onClosed");
      quiet = true;
    }
  }

  /** One that is ready by level, with what the kernel knows of it. */
  static final class Level extends Calls {
    private final Object lead = new Object();
    private final Object lock = new Object();
    volatile boolean ready;
    volatile boolean armed = true;

    /** Polls, one at a time, and calls the handler if it is to be called. */
    void poll() {
      boolean submitted;
      synchronized (lead) {
        submitted = armed && ready && reported(1);
      }
      if (submitted) {
        runAll();
      }
    }

    @Override
    boolean reported(int events) { // as Registration does it
      if (!isScheduled()) {
        return schedule(events);
      }
      synchronized (lock) {
        if (!hold(events)) {
          return schedule(events);
        }
        armed = false;
        return false;
      }
    }

    @Override
    void rearm() {
      synchronized (lock) {
        letGo();
        armed = true;
      }
    }

    @Override
    void fire(int events) {
      begin();
      ready = false;
      end();
    }
  }

  /** Another polls, and a task comes, while the handler is called. */
  static final class Levels implements Runnable {
    static Level calls;

    @Override
    public void run() {
      calls = new Level();
      together(
          () -> {
            calls.ready = true;
            calls.poll();
          },
          () -> calls.poll(),
          () -> calls.execute());
      calls.ready = true;
      calls.poll();
      check(!calls.ready, "what is ready is not heard of");
      check(calls.ran == 1, "a task did not run once");
    }
  }

  /** Two events and a task come at the same time. */
  static final class Events implements Runnable {
    static Calls calls;

    @Override
    public void run() {
      calls = new Calls();
      together(
          () -> {
            calls.happens(0);
            calls.happens(0);
          },
          () -> calls.happens(1),
          () -> calls.execute());
      check(!calls.unheard[0] && !calls.unheard[1], "an event is not heard of");
      check(calls.ran == 1, "a task did not run once");
    }
  }

  /** An event and a task come while it is cancelled. */
  static final class Cancelling implements Runnable {
    static Calls calls;
    static boolean accepted;

    @Override
    public void run() {
      calls = new Calls();
      accepted = false;
      together(
          () -> calls.happens(0),
          () -> accepted = calls.execute(),
          () -> calls.cancel(CloseReason.FAILED));
      calls.cancel(CloseReason.CANCELLED);
      check(calls.toldClosed && calls.isClosed() && calls.quiet, "onClosed has not been called");
      check(calls.ran == (accepted ? 1 : 0), "a task is lost, or ran though it was refused");
    }
  }

  @Test
  void callbacksComeOneAtATimeAndNoneIsLost() {
    holds(Events.class);
  }

  @Test
  void onClosedComesOnceAndLast() {
    holds(Cancelling.class);
  }

  @Test
  void whatIsReadyByLevelIsHeardOfThoughItWasHeld() {
    holds(Levels.class);
  }

  @Test
  void eventThatIsHeldForEverIsFound() {
    finds(
        new PlantedBug(
            SOURCE, "if ((seen & (HELD | CANCELLED)) == HELD) { report(); continue; }", ""),
        Levels.class);
  }

  @Test
  void holdOfWhatNobodyHasAnyMoreIsFound() {
    finds(
        new PlantedBug(SOURCE, "if ((seen & SCHEDULED) == 0) { return false; }", ""), Levels.class);
  }

  @Test
  void bitsThatAreTakenInTwoStepsAreFound() {
    finds(
        new PlantedBug(
            SOURCE,
            "return (int) STATE.getAndBitwiseAnd(this, ~(EVENTS_MASK | CALLS_MASK));",
            "int taken = state; state = taken & ~(EVENTS_MASK | CALLS_MASK); return taken;"),
        Events.class);
  }

  @Test
  void endThatDoesNotLookForMoreIsFound() {
    finds(
        new PlantedBug(
            SOURCE,
            "if (STATE.compareAndSet(this, seen, seen & ~(SCHEDULED | EVENTS_MASK))) { return false; }",
            "state = seen & ~(SCHEDULED | EVENTS_MASK); return false;"),
        Events.class);
  }

  @Test
  void scheduleThatIsNotAtomicIsFound() {
    finds(
        new PlantedBug(
            SOURCE,
            "return ((int) STATE.getAndBitwiseOr(this, bits | SCHEDULED) & SCHEDULED) == 0;",
            "int seen = state; state = seen | bits | SCHEDULED; return (seen & SCHEDULED) == 0;"),
        Events.class);
  }

  @Test
  void markThatIsNotAtomicIsFound() {
    finds(
        new PlantedBug(
            SOURCE,
            "if (STATE.compareAndSet(this, seen, marked)) { return true; }",
            "state = marked; return true;"),
        Cancelling.class);
  }
}
