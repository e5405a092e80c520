package mill.core.group;

import static java.util.Objects.requireNonNull;
import static mill.core.internal.Checks.inRange;
import static mill.core.internal.Checks.notNegative;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import mill.core.LoopConfig;
import mill.natives.CurrentPlatform;

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
   * {@return the configuration of {@link EventLoopGroup#open()}: a loop for each processor} The
   * methods of {@link Builder} tell each default.
   */
  public static LoopGroupConfig defaults() {
    return builder().build();
  }

  /** {@return a builder that begins with the defaults} */
  public static Builder builder() {
    return new Builder();
  }

  /** {@return how many loops there are} */
  public int loops() {
    return loops;
  }

  /** {@return the group's name; loop and thread {@code i} are called {@code <name>-<i>}} */
  public String name() {
    return name;
  }

  /**
   * {@return the numbers of the processors that the loops' threads are bound to, loop {@code i} to
   * the one at {@code i % size()}; empty if the threads are not bound}
   */
  public List<Integer> cpus() {
    return cpus;
  }

  /** {@return how long the other loops may drain when one fails} */
  public Duration failureTimeout() {
    return failureTimeout;
  }

  /** The configuration of one loop. */
  LoopConfig loop(int index) {
    LoopConfig.Builder builder = LoopConfig.builder();
    loop.accept(builder);
    return builder.name(loopName(index)).build();
  }

  String loopName(int index) {
    return name + "-" + index;
  }

  /** {@return names and values} */
  @Override
  public String toString() {
    return "LoopGroupConfig[name=%s, loops=%d, cpus=%s, failureTimeout=%s]"
        .formatted(name, loops, cpus, failureTimeout);
  }

  /**
   * Collects a configuration. Not thread-safe. A value out of its range is refused at once, and the
   * message tells the range.
   */
  public static final class Builder {
    private int loops = Math.min(CurrentPlatform.threads().processors(), MAX_LOOPS);
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
      loops = inRange("loops", value, 1, MAX_LOOPS);
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
    public Builder cpus(int... values) {
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
      failureTimeout = notNegative("failureTimeout", value, "use 0 to force at once");
      return this;
    }

    /** {@return the configuration} */
    public LoopGroupConfig build() {
      return new LoopGroupConfig(this);
    }
  }
}
