package mill.sim;

import java.time.Duration;
import java.util.List;

/**
 * A seed with which a simulation fails, and how: the message has all of it, and what to type to see
 * it again.
 */
public final class SimFailure extends AssertionError {
  private static final long serialVersionUID = 1;

  /** The seed. */
  private final long seed;

  /** The hash of every step. */
  private final long traceHash;

  private final transient Duration virtualTime;
  private final transient List<String> lastSteps;

  SimFailure(
      String message,
      long seed,
      long traceHash,
      Duration virtualTime,
      List<String> lastSteps,
      Throwable cause) {
    super(message, cause);
    this.seed = seed;
    this.traceHash = traceHash;
    this.virtualTime = virtualTime;
    this.lastSteps = lastSteps;
  }

  /** {@return the seed} */
  public long seed() {
    return seed;
  }

  /** {@return the hash of every step that was taken} */
  public long traceHash() {
    return traceHash;
  }

  /** {@return how much time had passed in the simulation} */
  public Duration virtualTime() {
    return virtualTime;
  }

  /** {@return the last steps, a line each} */
  public List<String> lastSteps() {
    return lastSteps;
  }
}
