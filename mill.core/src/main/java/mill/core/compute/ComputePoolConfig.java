package mill.core.compute;

import static java.util.Objects.requireNonNull;
import static mill.core.internal.Checks.inRange;

import java.util.Optional;
import mill.natives.CurrentPlatform;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link ComputePool} is set up. Immutable.
 *
 * <pre>{@code
 * var config = ComputePoolConfig.builder().name("thumbnails").threads(2).queueCapacity(256).build();
 * }</pre>
 */
public final class ComputePoolConfig {
  /** The most threads a pool can have. */
  public static final int MAX_THREADS = 1024;

  /** The most tasks of one priority that can wait. */
  public static final int MAX_QUEUE_CAPACITY = 1 << 24;

  /**
   * The least ageing limit. With less, the low priorities would get so many turns that the high
   * ones had no bound worth naming.
   */
  public static final int MIN_AGEING_LIMIT = 4;

  /** The greatest ageing limit. */
  public static final int MAX_AGEING_LIMIT = 1 << 24;

  private final String name;
  private final int threads;
  private final int queueCapacity;
  private final int ageingLimit;
  private final Thread.@Nullable UncaughtExceptionHandler uncaughtExceptionHandler;

  private ComputePoolConfig(Builder builder) {
    name = builder.name;
    threads = builder.threads;
    queueCapacity = builder.queueCapacity;
    ageingLimit = builder.ageingLimit;
    uncaughtExceptionHandler = builder.uncaughtExceptionHandler;
  }

  /**
   * {@return the configuration of {@link ComputePool#open()}} The methods of {@link Builder} tell
   * each default.
   */
  public static ComputePoolConfig defaults() {
    return builder().build();
  }

  /** {@return a builder that begins with the defaults} */
  public static Builder builder() {
    return new Builder();
  }

  /** {@return the pool's name, which the names of its threads begin with} */
  public String name() {
    return name;
  }

  /** {@return how many threads run tasks} */
  public int threads() {
    return threads;
  }

  /** {@return how many tasks can wait, for each priority} */
  public int queueCapacity() {
    return queueCapacity;
  }

  /** {@return how often a waiting task can be passed over before it is served next} */
  public int ageingLimit() {
    return ageingLimit;
  }

  /**
   * {@return who is told of what an executed task throws: the handler of the pool's threads, or
   * empty for {@link Thread#getDefaultUncaughtExceptionHandler()}}
   */
  public Optional<Thread.UncaughtExceptionHandler> uncaughtExceptionHandler() {
    return Optional.ofNullable(uncaughtExceptionHandler);
  }

  /** {@return names and values} */
  @Override
  public String toString() {
    return "ComputePoolConfig[name=%s, threads=%d, queueCapacity=%d, ageingLimit=%d]"
        .formatted(name, threads, queueCapacity, ageingLimit);
  }

  /**
   * Collects a configuration. Not thread-safe. A value out of its range is refused at once, and the
   * message tells the range.
   */
  public static final class Builder {
    private String name = "mill-compute";
    private int threads = Math.min(CurrentPlatform.threads().processors(), MAX_THREADS);
    private int queueCapacity = 1 << 14;
    private int ageingLimit = 64;
    private Thread.@Nullable UncaughtExceptionHandler uncaughtExceptionHandler;

    private Builder() {}

    /**
     * Names the pool; by default {@code mill-compute}. Its threads are called {@code <name>-0},
     * {@code <name>-1} and so on.
     *
     * @param value the name
     * @return this
     */
    public Builder name(String value) {
      name = requireNonNull(value, "name");
      return this;
    }

    /**
     * Chooses how many threads run tasks; by default as many as there are processors.
     *
     * @param value 1 to {@link ComputePoolConfig#MAX_THREADS}
     * @return this
     */
    public Builder threads(int value) {
      threads = inRange("threads", value, 1, MAX_THREADS);
      return this;
    }

    /**
     * Chooses how many tasks of one priority can wait; by default 16,384. More are refused. Each
     * priority has its own bound, so a flood of {@link TaskPriority#LOW} never makes the pool
     * refuse something {@link TaskPriority#CRITICAL}. Memory is taken as it is needed, 4 or 8 bytes
     * for each task that has waited at the same time.
     *
     * @param value 1 to {@link ComputePoolConfig#MAX_QUEUE_CAPACITY}
     * @return this
     */
    public Builder queueCapacity(int value) {
      queueCapacity = inRange("queueCapacity", value, 1, MAX_QUEUE_CAPACITY);
      return this;
    }

    /**
     * Chooses how often the first waiting task of a priority can be passed over for higher ones
     * before it is served next; by default 64. {@link ComputePool} tells the bounds that follow.
     *
     * @param value {@link ComputePoolConfig#MIN_AGEING_LIMIT} to {@link
     *     ComputePoolConfig#MAX_AGEING_LIMIT}
     * @return this
     */
    public Builder ageingLimit(int value) {
      ageingLimit = inRange("ageingLimit", value, MIN_AGEING_LIMIT, MAX_AGEING_LIMIT);
      return this;
    }

    /**
     * Sets the handler of what an executed task throws; by default the one that {@link
     * Thread#getUncaughtExceptionHandler()} names on the pool's threads. It is called on the
     * worker's thread, which goes on afterwards.
     *
     * @param value the handler
     * @return this
     */
    public Builder uncaughtExceptionHandler(Thread.UncaughtExceptionHandler value) {
      uncaughtExceptionHandler = requireNonNull(value, "uncaughtExceptionHandler");
      return this;
    }

    /** {@return the configuration} */
    public ComputePoolConfig build() {
      return new ComputePoolConfig(this);
    }
  }
}
