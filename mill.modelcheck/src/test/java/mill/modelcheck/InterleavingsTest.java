package mill.modelcheck;

import static mill.modelcheck.Interleavings.finds;
import static mill.modelcheck.Interleavings.holds;
import static mill.modelcheck.Scenario.check;
import static mill.modelcheck.Scenario.together;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.jetbrains.lincheck.LincheckAssertionError;
import org.junit.jupiter.api.Test;

/** A scenario that holds says something only if Lincheck sees what its threads do. */
class InterleavingsTest {
  private static final String SOURCE = "mill.modelcheck/src/test/java/mill/modelcheck/Counter.java";
  private static final String LOCKED = "synchronized (this) { value++; }";

  static final class LostCount implements Runnable {
    static Counter counter;

    @Override
    public void run() {
      counter = new Counter();
      together(() -> counter.value++, () -> counter.value++);
      check(counter.value == 2, "a count is lost");
    }
  }

  static final class Counting implements Runnable {
    static Counter counter;

    @Override
    public void run() {
      counter = new Counter();
      together(() -> counter.count(), () -> counter.count());
      check(counter.value == 2, "a count is lost");
    }
  }

  static final class FailingThread implements Runnable {
    @Override
    public void run() {
      together(() -> check(false, "always"));
    }
  }

  static final class Deadlock implements Runnable {
    static final Object LEFT = new Object();
    static final Object RIGHT = new Object();

    @Override
    public void run() {
      together(() -> lock(LEFT, RIGHT), () -> lock(RIGHT, LEFT));
    }

    private static void lock(Object first, Object second) {
      synchronized (first) {
        synchronized (second) {
          check(!first.equals(second), "the same");
        }
      }
    }
  }

  private static void assertFound(Class<? extends Runnable> scenario, String symptom) {
    assertThatThrownBy(() -> holds(scenario))
        .isInstanceOf(LincheckAssertionError.class)
        .hasMessageContaining(symptom);
  }

  /** What only a lambda hands over would be taken for a thread's own, and this pass. */
  @Test
  void countThatIsLostInASharedFieldIsFound() {
    assertFound(LostCount.class, "a count is lost");
  }

  /** Lincheck alone would not mind. */
  @Test
  void failureOfAThreadIsFound() {
    assertFound(FailingThread.class, "always");
  }

  @Test
  void deadlockIsFound() {
    assertFound(Deadlock.class, "deadlock");
  }

  @Test
  void lockedCounterHolds() {
    holds(Counting.class);
  }

  @Test
  void plantedBugIsFound() {
    finds(new PlantedBug(SOURCE, LOCKED, "value++;"), Counting.class);
  }

  @Test
  void bugThatIsNoneIsNotFound() {
    var none = new PlantedBug(SOURCE, LOCKED, "synchronized (this) { ++value; }");
    assertThatThrownBy(() -> finds(none, Counting.class))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("++value");
  }

  @Test
  void bugThatDoesNotFitIntoTheSourceIsRefused() {
    assertThatThrownBy(() -> finds(new PlantedBug(SOURCE, "count--", ""), Counting.class))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("does not have");
  }
}
