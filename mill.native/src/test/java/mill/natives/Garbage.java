package mill.natives;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.module.ModuleFinder;
import java.lang.reflect.Method;

/**
 * Asserts that what is done for every event makes no garbage, once it is compiled. What is measured
 * has a JVM of its own: what the compiler can do away with depends on what else has run.
 */
public final class Garbage {
  private static final int ITERATIONS = 5_000;
  private static final int MAX_WINDOWS = 100;
  private static final String NONE = "no garbage";

  /** What is done for one event. */
  public interface Iteration {
    void run() throws Exception;
  }

  private Garbage() {}

  /** Runs a main class that calls {@link #requireNone}. */
  public static void assertNoneIn(Class<?> main, String... arguments) throws Exception {
    assumeTrue(
        ModuleFinder.ofSystem().find("jdk.management").isPresent(),
        "this JDK has no module jdk.management, which counts allocations");
    ChildJvm.Outcome outcome =
        ChildJvm.child()
            .with("--add-modules=jdk.management", "-XX:TieredStopAtLevel=4")
            .run(main, arguments);
    assertThat(outcome.exitCode()).as("%s", outcome).isZero();
    assertThat(outcome.out()).contains(NONE);
  }

  /**
   * Counts what the current thread allocates. The first windows are interpreted and compiled; what
   * allocates at each event does so in every window.
   */
  public static void requireNone(Iteration iteration) throws Exception {
    // By reflection, since mill.natives reads java.base alone.
    Object threads =
        Class.forName("java.lang.management.ManagementFactory")
            .getMethod("getThreadMXBean")
            .invoke(null);
    Method allocated =
        Class.forName("com.sun.management.ThreadMXBean")
            .getMethod("getCurrentThreadAllocatedBytes");
    long fewest = Long.MAX_VALUE;
    // Reading the counter allocates a little itself.
    for (int window = 0; window < MAX_WINDOWS && fewest >= ITERATIONS; window++) {
      long before = (long) allocated.invoke(threads);
      for (int i = 0; i < ITERATIONS; i++) {
        iteration.run();
      }
      fewest = Math.min(fewest, (long) allocated.invoke(threads) - before);
    }
    if (fewest >= ITERATIONS) {
      throw new AssertionError(fewest + " bytes in " + ITERATIONS + " iterations");
    }
    System.out.println(NONE);
  }
}
