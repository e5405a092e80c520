package mill.natives;

import static org.assertj.core.api.Assertions.assertThat;

import mill.testing.Allocations;
import mill.testing.ChildJvm;

/**
 * Asserts that what is done for every event makes no garbage, once it is compiled. What is measured
 * has a JVM of its own: what the compiler can do away with depends on what else has run.
 */
@SuppressWarnings("exports") // nobody requires a module of tests
public final class Garbage {
  private static final int ITERATIONS = 5_000;
  private static final String NONE = "no garbage";

  private Garbage() {}

  /**
   * Runs a main class that calls {@link #requireNone}. Up to three times: what C2 makes of a call
   * depends on when it compiles its callers, and now and then, on a busy machine, it leaves 40
   * bytes of a call that it else does away with. Code that makes garbage does so every time. The
   * test needs {@code @Timeout(600)}.
   */
  public static void assertNoneIn(Class<?> main, String... arguments) throws Exception {
    ChildJvm.Outcome outcome = run(main, arguments);
    for (int again = 0; again < 2 && outcome.exitCode() != 0; again++) {
      outcome = run(main, arguments);
    }
    assertThat(outcome.exitCode()).as("%s", outcome).isZero();
    assertThat(outcome.out()).contains(NONE);
  }

  private static ChildJvm.Outcome run(Class<?> main, String... arguments) throws Exception {
    return ChildJvm.of(main)
        .with(Allocations.assumedModule(), "-XX:TieredStopAtLevel=4")
        .working()
        .run(arguments);
  }

  /** Counts what the current thread allocates for each iteration. */
  public static void requireNone(Allocations.Work iteration) throws Exception {
    Allocations.requireNone(
        ITERATIONS,
        () -> {
          for (int i = 0; i < ITERATIONS; i++) {
            iteration.run();
          }
        },
        Thread.currentThread().threadId());
    System.out.println(NONE);
  }
}
