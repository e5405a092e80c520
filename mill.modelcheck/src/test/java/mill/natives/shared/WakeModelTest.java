package mill.natives.shared;

import static mill.modelcheck.Interleavings.finds;
import static mill.modelcheck.Interleavings.holds;
import static mill.modelcheck.Scenario.together;

import mill.modelcheck.PlantedBug;
import org.junit.jupiter.api.Test;

/** Waker and loop. A wake-up that is lost leaves the loop waiting for ever. */
class WakeModelTest {
  private static final String WAKER = "mill.native/src/main/java/mill/natives/shared/Waker.java";
  private static final String LOOP =
      "mill.modelcheck/src/test/java/mill/natives/shared/ModelLoop.java";

  private static final String SLEEP = "mill.core/src/main/java/mill/core/LoopSleep.java";

  /** Two threads bring work to a loop that sleeps when it has none. */
  static final class Work implements Runnable {
    static ModelLoop loop;

    @Override
    public void run() {
      loop = new ModelLoop(0);
      workAndRun();
    }

    private static void workAndRun() {
      together(
          () -> {
            loop.execute();
            loop.execute();
          },
          () -> loop.execute(),
          () -> loop.runUntil(3));
    }
  }

  /** The same with a loop that looks again before it sleeps. */
  static final class WorkWhileLooking implements Runnable {
    @Override
    public void run() {
      Work.loop = new ModelLoop(2);
      Work.workAndRun();
    }
  }

  /** The waker is given back while another thread wakes. */
  static final class Closing implements Runnable {
    static ModelWaker waker;

    @Override
    public void run() {
      waker = new ModelWaker();
      together(
          () -> waker.wake(),
          () -> {
            waker.close();
            waker.release();
          });
    }
  }

  /**
   * The model has a copy of these lines; what is shown of it is shown of them while they are so.
   */
  @Test
  void modelDoesWhatTheLoopDoes() {
    new PlantedBug(SLEEP, "if (hasWork() || !fallsAsleep()) { timeoutNs = 0;", "").requireFits();
    new PlantedBug(SLEEP, "asleep = true; if (hasWork()) { asleep = false;", "").requireFits();
    new PlantedBug(SLEEP, "if (lookNs > 0 && look()) { return; }", "").requireFits();
    new PlantedBug(SLEEP, "} finally { if (asleep) { asleep = false; }", "").requireFits();
    new PlantedBug(SLEEP, "if (asleep && !lifecycle.isLoopThread()) { wake(); }", "").requireFits();
  }

  @Test
  void noWakeUpIsLost() {
    holds(Work.class);
  }

  @Test
  void noWorkIsOverlookedByALoopThatLooksBeforeItSleeps() {
    holds(WorkWhileLooking.class);
  }

  @Test
  void loopThatLooksAndThenSleepsWithoutAWordIsFound() {
    finds(
        new PlantedBug(
            LOOP,
            "if (looks > 0 && look()) { return; } boolean waits = tasks.isEmpty() && fallsAsleep();",
            "if (looks > 0 && look()) { return; } boolean waits = tasks.isEmpty();"),
        WorkWhileLooking.class);
  }

  @Test
  void nobodySignalsAfterTheClose() {
    holds(Closing.class);
  }

  @Test
  void loopThatLooksForWorkBeforeItIsAsleepIsFound() {
    finds(
        new PlantedBug(
            LOOP,
            "asleep = true; if (!tasks.isEmpty()) {",
            "boolean any = !tasks.isEmpty(); asleep = true; if (any) {"),
        Work.class);
  }

  @Test
  void flagThatIsRaisedAfterTheSignalIsFound() {
    finds(
        new PlantedBug(
            WAKER,
            "done = (boolean) PENDING.getAndSet(this, true) || signalUnlessClosed();",
            "done = pending || signalUnlessClosed(); pending = true;"),
        Work.class);
  }

  @Test
  void flagThatStaysUpIsFound() {
    finds(new PlantedBug(WAKER, "void seen() { pending = false;", "void seen() {"), Work.class);
  }

  @Test
  void signalThatHoldsNoLockIsFound() {
    finds(new PlantedBug(WAKER, "synchronized (lock) { int result", "{ int result"), Closing.class);
  }
}
