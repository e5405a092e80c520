package mill.core.group;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import mill.core.LoopConfig;

/**
 * How an {@link EventLoopGroup} is set up. Immutable.
 *
 * {@snippet class=mill.core.snippets.GroupSnippets region=config}
 */
public final class LoopGroupConfig {
  /** The most loops a group can have. */
  public static final int MAX_LOOPS = 1024;

  private static final Duration DEFAULT_FAILURE_TIMEOUT = Duration.ofSeconds(10);

  private final int loops;
  private final String name;
  private final Consumer<LoopConfig.Builder> loop;
  private final List<Integer> cpus;
  private final Duration failureTimeout;

  private LoopGroupConfig(Builder builder) {
    loops = builder.loops;
    name = builder.name;
    loop = builder.loop;
    cpus = builder.cpus;
    failureTimeout = builder.failureTimeout;
  }

  /**
   * The set-up of {@link EventLoopGroup#open()}: a loop for each processor.
   *
   * @return the defaults, as each method of {@link Builder} tells them
   */
  public static LoopGroupConfig defaults() {
    return builder().build();
  }

  /**
   * Begins with the defaults.
   *
   * @return a builder
   */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * How many loops there are.
   *
   * @return the number of loops
   */
  public int loops() {
    return loops;
  }

  /**
   * The group's name. Loop and thread {@code i} are called {@code <name>-<i>}.
   *
   * @return the name
   */
  public String name() {
    return name;
  }

  /**
   * The processors that the loops' threads are bound to: loop {@code i} to the one at {@code i %
   * size()}.
   *
   * @return the processors' numbers; empty if the threads are not bound
   */
  public List<Integer> cpus() {
    return cpus;
  }

  /**
   * How long the other loops may drain when one fails.
   *
   * @return the time
   */
  public Duration failureTimeout() {
    return failureTimeout;
  }

  /** The set-up of one loop. */
  LoopConfig loop(int index) {
    LoopConfig.Builder builder = LoopConfig.builder();
    loop.accept(builder);
    return builder.name(loopName(index)).build();
  }

  String loopName(int index) {
    return name + "-" + index;
  }

  /**
   * Lists the set-up.
   *
   * @return names and values
   */
  @Override
  public String toString() {
    return "LoopGroupConfig[name=%s, loops=%d, cpus=%s, failureTimeout=%s]"
        .formatted(name, loops, cpus, failureTimeout);
  }

  /**
   * Collects a set-up. Not thread-safe. A value out of its range is refused at once, and the
   * message tells the range.
   */
  public static final class Builder {
    private int loops = Math.min(Runtime.getRuntime().availableProcessors(), MAX_LOOPS);
    private String name = "mill";
    private Consumer<LoopConfig.Builder> loop = builder -> {};
    private List<Integer> cpus = List.of();
    private Duration failureTimeout = DEFAULT_FAILURE_TIMEOUT;

    private Builder() {}

    /**
     * Chooses how many loops there are; by default as many as there are processors.
     *
     * @param value 1 to {@link LoopGroupConfig#MAX_LOOPS}
     * @return this
     */
    public Builder loops(int value) {
      if (value < 1 || value > MAX_LOOPS) {
        throw new IllegalArgumentException("loops must be 1 to " + MAX_LOOPS + ", not " + value);
      }
      loops = value;
      return this;
    }

    /**
     * Names the group; by default {@code mill}.
     *
     * @param value the name
     * @return this
     */
    public Builder name(String value) {
      name = requireNonNull(value, "name");
      return this;
    }

    /**
     * Sets up the loops; by default each has the defaults.
     *
     * @param value is called once for each loop as the group is opened. The loop's name is not its
     *     to choose
     * @return this
     */
    public Builder loop(Consumer<LoopConfig.Builder> value) {
      loop = requireNonNull(value, "loop");
      return this;
    }

    /**
     * Binds the loops' threads to processors: loop {@code i} to {@code values[i % values.length]}.
     * By default they are not bound. {@link EventLoopGroup#start} fails where the system cannot do
     * it: on macOS and Windows, and for a processor that there is not.
     *
     * @param values the processors' numbers, from 0; none for not binding
     * @return this
     */
    public Builder pinTo(int... values) {
      for (int value : values) {
        if (value < 0) {
          throw new IllegalArgumentException("a processor's number is 0 or more, not " + value);
        }
      }
      cpus = Arrays.stream(values).boxed().toList();
      return this;
    }

    /**
     * Chooses how long the other loops may drain when one fails and the group shuts down; by
     * default 10 seconds.
     *
     * @param value not negative
     * @return this
     */
    public Builder failureTimeout(Duration value) {
      if (value.isNegative()) {
        throw new IllegalArgumentException(
            "failureTimeout must not be negative: use 0 to force at once");
      }
      failureTimeout = value;
      return this;
    }

    /**
     * Makes the set-up.
     *
     * @return the set-up
     */
    public LoopGroupConfig build() {
      return new LoopGroupConfig(this);
    }
  }
}
