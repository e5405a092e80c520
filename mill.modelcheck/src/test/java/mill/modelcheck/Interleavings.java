package mill.modelcheck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import org.jetbrains.lincheck.Lincheck;
import org.jetbrains.lincheck.LincheckAssertionError;

/**
 * Runs a scenario in many interleavings of its threads, which Lincheck chooses: it may go from one
 * thread to another at every access to what they share. It sees no reordering of memory; jcstress
 * does, in {@code src/jcstress}.
 *
 * <p>A scenario is a {@link Runnable} with a constructor without parameters. What its threads share
 * is in static fields: what only a lambda or a constructor hands over Lincheck takes for the
 * thread's own, and then finds nothing. Nor does it when a loop of many turns comes before the
 * threads: it then goes from one to another no more where that has been. {@link Scenario} has the
 * words.
 *
 * <p>Lincheck locks in a way of its own, of which {@link Thread#holdsLock} knows nothing:
 * assertions are off.
 */
public final class Interleavings {
  /** As many as every build has time for. */
  private static final int DEFAULT_INVOCATIONS = 100;

  private static final int INVOCATIONS =
      Integer.getInteger("mill.lincheck.invocations", DEFAULT_INVOCATIONS);

  /** A search ends with the first failure, so it may take more. */
  private static final int MAX_SEARCH = Math.max(INVOCATIONS, 2_000);

  private static final String SYMPTOMS = "Scenario\\.Broken: |deadlock";

  private Interleavings() {}

  /** Fails if the scenario fails in any interleaving that is tried. */
  public static void holds(Class<? extends Runnable> scenario) {
    holds(scenario, 1);
  }

  /**
   * As {@link #holds(Class)}.
   *
   * @param share the share of the interleavings that there is time for, when each takes long
   */
  public static void holds(Class<? extends Runnable> scenario, double share) {
    Lincheck.runConcurrentTest((int) Math.ceil(INVOCATIONS * share), instance(scenario));
  }

  /**
   * Fails unless a check of the scenario fails, or all of it hangs, with the bug in place of the
   * code as it is.
   */
  public static void finds(PlantedBug bug, Class<? extends Runnable> scenario) {
    Runnable planted = instance(bug.plantedFor(scenario));
    try {
      Lincheck.runConcurrentTest(MAX_SEARCH, planted);
    } catch (LincheckAssertionError found) {
      assertThat(found).as("what is wrong with %s", bug).message().containsPattern(SYMPTOMS);
      return;
    }
    fail("not found in %d interleavings: %s", MAX_SEARCH, bug);
  }

  private static Runnable instance(Class<? extends Runnable> scenario) {
    try {
      var constructor = scenario.getDeclaredConstructor();
      constructor.setAccessible(true);
      return constructor.newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }
}
