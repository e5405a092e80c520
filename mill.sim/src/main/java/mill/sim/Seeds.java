package mill.sim;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import mill.sim.schedule.SplitMix64;
import org.jspecify.annotations.Nullable;

/**
 * How a scenario is run: with how many seeds, which faults and what bounds. Not thread-safe.
 *
 * <p>Three system properties say otherwise: {@code mill.sim.seed} runs that one seed alone, {@code
 * mill.sim.seeds} says how many, {@code mill.sim.trace} names a file that the steps of a seed that
 * is run alone are written to.
 */
public final class Seeds {
  private static final String SEED = "mill.sim.seed";
  private static final String SEEDS = "mill.sim.seeds";
  private static final String TRACE = "mill.sim.trace";
  private static final int SHOWN_STEPS = 20;

  private final long count;
  private final Set<String> expected = new LinkedHashSet<>();
  private long first = 1;
  private boolean backwards;
  private Faults faults = Faults.swarm();
  private Duration calmAfter = Duration.ofMinutes(1);
  private Duration limit = Duration.ofHours(1);
  private Predicate<Throwable> tolerated = IOException.class::isInstance;

  Seeds(long count) {
    if (count < 1) {
      throw new IllegalArgumentException("a simulation takes 1 seed or more, not " + count);
    }
    this.count = count;
  }

  /**
   * Chooses the seeds: those that follow one another from this.
   *
   * @param seed the first; 1 by default
   * @return this
   */
  public Seeds from(long seed) {
    first = seed;
    return this;
  }

  /**
   * Runs the last seed first. What a run leaves behind, and a later one depends on, shows as
   * another {@link SimReport#hash}.
   *
   * @return this
   */
  public Seeds backwards() {
    backwards = true;
    return this;
  }

  /**
   * Chooses the faults.
   *
   * @param chosen the faults; {@link Faults#swarm()} by default
   * @return this
   */
  public Seeds faults(Faults chosen) {
    faults = requireNonNull(chosen, "faults");
    return this;
  }

  /**
   * Says when {@link Simulation#calm()} comes by itself.
   *
   * @param passed how much of the simulation's time has passed then; a minute by default
   * @return this
   */
  public Seeds calmAfter(Duration passed) {
    calmAfter = requireNonNull(passed, "passed");
    return this;
  }

  /**
   * Says when a simulation that has not ended fails.
   *
   * @param passed how much of its time has passed then; an hour by default
   * @return this
   */
  public Seeds limit(Duration passed) {
    limit = requireNonNull(passed, "passed");
    return this;
  }

  /**
   * Says what the callbacks of a simulated program may throw without failing the simulation.
   *
   * @param which true for what is harmless; {@link IOException}s by default, which are how mill
   *     tells of faults
   * @return this
   */
  public Seeds tolerate(Predicate<Throwable> which) {
    tolerated = requireNonNull(which, "which");
    return this;
  }

  /**
   * Has {@link #run} fail unless something happens in one of the seeds at least: a test of rare
   * events that never come proves nothing.
   *
   * @param names what is told to {@link Simulation#sometimes}, or the name of a fault kind
   * @return this
   */
  public Seeds expect(String... names) {
    expected.addAll(List.of(names));
    return this;
  }

  /**
   * Runs the scenario once a seed, in order, on the calling thread.
   *
   * @param scenario sets a simulation up
   * @return what became of them
   * @throws SimFailure if a seed fails, by what a host's program throws, by {@link
   *     Simulation#fail}, by a deadlock, a livelock, or the limit; that seed has been run a second
   *     time
   * @throws AssertionError if something that was {@linkplain #expect expected} never happened
   */
  public SimReport run(Scenario scenario) {
    String alone = System.getProperty(SEED);
    if (alone != null) {
      return runAlone(scenario, number(SEED, alone));
    }
    String wanted = System.getProperty(SEEDS);
    long seeds = wanted == null ? count : number(SEEDS, wanted);
    var hashes = new long[Math.toIntExact(seeds)];
    var happened = new TreeMap<String, Long>();
    long steps = 0;
    Duration virtualTime = Duration.ZERO;
    for (int i = 0; i < seeds; i++) {
      int place = backwards ? (int) seeds - 1 - i : i;
      Simulation run = runOnce(scenario, first + place, null);
      if (run.failure() != null) {
        throw failure(scenario, run, seeds);
      }
      hashes[place] = run.traceHash();
      steps += run.steps();
      virtualTime = virtualTime.plus(run.now());
      run.happened().forEach((name, times) -> happened.merge(name, times, Long::sum));
    }
    requireExpected(happened, seeds);
    return new SimReport(seeds, hashOf(hashes), steps, virtualTime, happened);
  }

  private static long number(String property, String text) {
    try {
      return text.startsWith("0x")
          ? Long.parseUnsignedLong(text, 2, text.length(), 16)
          : Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "-D%s=%s is no number: 17, or 0x11".formatted(property, text), e);
    }
  }

  private SimReport runAlone(Scenario scenario, long seed) {
    Simulation run;
    String file = System.getProperty(TRACE);
    if (file == null) {
      run = runOnce(scenario, seed, null);
    } else {
      try (var lines = new PrintWriter(Files.newBufferedWriter(Path.of(file)))) {
        run = runOnce(scenario, seed, lines);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    if (run.failure() != null) {
      throw failure(scenario, run, 1);
    }
    return new SimReport(
        1, hashOf(new long[] {run.traceHash()}), run.steps(), run.now(), run.happened());
  }

  private Simulation runOnce(Scenario scenario, long seed, @Nullable PrintWriter trace) {
    var sim = new Simulation(seed, faults, tolerated);
    if (trace != null) {
      sim.tellSteps(trace::println);
    }
    sim.run(scenario, calmAfter, limit);
    return sim;
  }

  private static long hashOf(long[] hashes) {
    long hash = 0;
    for (long one : hashes) {
      hash = SplitMix64.mix(hash ^ one);
    }
    return hash;
  }

  private void requireExpected(Map<String, Long> happened, long seeds) {
    List<String> never = expected.stream().filter(name -> !happened.containsKey(name)).toList();
    if (!never.isEmpty()) {
      throw new AssertionError(
          "in %d seeds this never happened: %s; what did: %s".formatted(seeds, never, happened));
    }
  }

  /** Runs the seed once more, to tell whether it is the seed's doing. */
  private SimFailure failure(Scenario scenario, Simulation failed, long seeds) {
    Throwable cause = requireNonNull(failed.failure());
    Simulation again = runOnce(scenario, failed.seed(), null);
    boolean same = again.failure() != null && again.traceHash() == failed.traceHash();
    String compared =
        same
            ? "run twice: the same again"
            : "run twice, and NOT the same: the program depends on something besides the seed; the second run had trace %016x and %s"
                .formatted(again.traceHash(), again.failure());
    List<String> steps = failed.lastSteps();
    List<String> shown = steps.subList(Math.max(0, steps.size() - SHOWN_STEPS), steps.size());
    String message =
        "seed 0x%x of %d fails after %s of virtual time, %d steps, trace %016x (%s)\n  %s\n    %s\n  replay: -D%s=0x%x"
            .formatted(
                failed.seed(),
                seeds,
                failed.now(),
                failed.steps(),
                failed.traceHash(),
                compared,
                cause,
                String.join("\n    ", shown),
                SEED,
                failed.seed());
    return new SimFailure(message, failed.seed(), failed.traceHash(), failed.now(), steps, cause);
  }
}
