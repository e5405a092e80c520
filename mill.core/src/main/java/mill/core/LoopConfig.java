package mill.core;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.Optional;
import mill.natives.Poller;
import mill.natives.ReadyEvents;
import mill.natives.platform.Platform;
import org.jspecify.annotations.Nullable;

/**
 * How an {@link EventLoop} is set up. Immutable.
 *
 * <pre>{@code
 * var config = LoopConfig.builder().dispatch(DispatchMode.WORKERS).workers(4).build();
 * }</pre>
 */
public final class LoopConfig {
  /** The most worker threads a loop can have. */
  public static final int MAX_WORKERS = 1024;

  /** The most tasks that can wait. */
  public static final int MAX_TASK_QUEUE_CAPACITY = 1 << 24;

  /** The longest time between two ticks of the timers. */
  public static final Duration MAX_TIMER_TICK = Duration.ofSeconds(1);

  private static final Duration DEFAULT_TIMER_TICK = Duration.ofNanos(1 << 15);

  private final String name;
  private final DispatchMode dispatch;
  private final int workers;
  private final int eventsPerPoll;
  private final int taskQueueCapacity;
  private final int maxTasksPerTurn;
  private final int maxOffloads;
  private final Duration timerTick;
  private final @Nullable Duration maxPollTimeout;
  private final long maxPollTimeoutNs;
  private final @Nullable Platform platform;

  private LoopConfig(Builder builder) {
    name = builder.name;
    dispatch = builder.dispatch;
    workers = builder.workers;
    eventsPerPoll = builder.eventsPerPoll;
    taskQueueCapacity = builder.taskQueueCapacity;
    maxTasksPerTurn = builder.maxTasksPerTurn;
    maxOffloads = builder.maxOffloads;
    timerTick = builder.timerTick;
    maxPollTimeout = builder.maxPollTimeout;
    maxPollTimeoutNs =
        maxPollTimeout == null ? Poller.FOREVER : Deadlines.saturatedNs(maxPollTimeout);
    platform = builder.platform;
  }

  /**
   * The set-up of {@link EventLoop#open()}: handlers inline, sleep until woken.
   *
   * @return the defaults, as each method of {@link Builder} tells them
   */
  public static LoopConfig defaults() {
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
   * The loop's name, which its workers' threads begin with.
   *
   * @return the name
   */
  public String name() {
    return name;
  }

  /**
   * Where handlers are called.
   *
   * @return the mode
   */
  public DispatchMode dispatch() {
    return dispatch;
  }

  /**
   * How many threads call handlers when they are dispatched to workers.
   *
   * @return the number of threads
   */
  public int workers() {
    return workers;
  }

  /**
   * How many events one poll brings at most.
   *
   * @return the number of events
   */
  public int eventsPerPoll() {
    return eventsPerPoll;
  }

  /**
   * How many tasks can wait to be executed.
   *
   * @return the number of tasks, a power of two
   */
  public int taskQueueCapacity() {
    return taskQueueCapacity;
  }

  /**
   * How many tasks one turn executes at most, how many timers besides and how many results, so that
   * I/O keeps its turn.
   *
   * @return the number of each
   */
  public int maxTasksPerTurn() {
    return maxTasksPerTurn;
  }

  /**
   * How much offloaded work can be under way.
   *
   * @return the number of calls of {@link EventLoop#offload}, a power of two
   */
  public int maxOffloads() {
    return maxOffloads;
  }

  /**
   * How far timers are put together: the most that the loop's own clock makes one late.
   *
   * @return the time between two ticks, as it was asked for
   */
  public Duration timerTick() {
    return timerTick;
  }

  /**
   * How long the loop sleeps at most when nothing is ready.
   *
   * @return the time, or empty for until it is woken
   */
  public Optional<Duration> maxPollTimeout() {
    return Optional.ofNullable(maxPollTimeout);
  }

  /**
   * What the loop runs on, when it is not this system.
   *
   * @return the platform, or empty for {@link Platform#current()}
   */
  public Optional<Platform> platform() {
    return Optional.ofNullable(platform);
  }

  long maxPollTimeoutNs() {
    return maxPollTimeoutNs;
  }

  /**
   * Lists the set-up.
   *
   * @return names and values
   */
  @Override
  public String toString() {
    return "LoopConfig[name=%s, dispatch=%s, workers=%d, eventsPerPoll=%d, taskQueueCapacity=%d, maxTasksPerTurn=%d, maxOffloads=%d, timerTick=%s, maxPollTimeout=%s]"
        .formatted(
            name,
            dispatch,
            workers,
            eventsPerPoll,
            taskQueueCapacity,
            maxTasksPerTurn,
            maxOffloads,
            timerTick,
            maxPollTimeout);
  }

  /**
   * Collects a set-up. Not thread-safe. A value out of its range is refused at once, and the
   * message tells the range.
   */
  public static final class Builder {
    private String name = "mill-loop";
    private DispatchMode dispatch = DispatchMode.INLINE;
    private int workers = Math.min(Runtime.getRuntime().availableProcessors(), MAX_WORKERS);
    private int eventsPerPoll = 512;
    private int taskQueueCapacity = 1 << 14;
    private int maxTasksPerTurn = 1024;
    private int maxOffloads = 1 << 14;
    private Duration timerTick = DEFAULT_TIMER_TICK;
    private @Nullable Duration maxPollTimeout;
    private @Nullable Platform platform;

    private Builder() {}

    /**
     * Names the loop; by default {@code mill-loop}.
     *
     * @param value the name
     * @return this
     */
    public Builder name(String value) {
      name = requireNonNull(value, "name");
      return this;
    }

    /**
     * Chooses where handlers are called; by default {@link DispatchMode#INLINE}.
     *
     * @param value the mode
     * @return this
     */
    public Builder dispatch(DispatchMode value) {
      dispatch = requireNonNull(value, "dispatch");
      return this;
    }

    /**
     * Chooses how many threads call handlers with {@link DispatchMode#WORKERS}; by default as many
     * as there are processors.
     *
     * @param value 1 to {@link LoopConfig#MAX_WORKERS}
     * @return this
     */
    public Builder workers(int value) {
      workers = inRange("workers", value, MAX_WORKERS);
      return this;
    }

    /**
     * Chooses how many events one poll brings at most; by default 512.
     *
     * @param value 1 to {@link ReadyEvents#MAX_CAPACITY}
     * @return this
     */
    public Builder eventsPerPoll(int value) {
      eventsPerPoll = inRange("eventsPerPoll", value, ReadyEvents.MAX_CAPACITY);
      return this;
    }

    /**
     * Chooses how many tasks can wait; by default 16,384. {@link EventLoop#execute} refuses more.
     *
     * @param value 1 to {@link LoopConfig#MAX_TASK_QUEUE_CAPACITY}, rounded up to a power of two
     * @return this
     */
    public Builder taskQueueCapacity(int value) {
      int checked = inRange("taskQueueCapacity", value, MAX_TASK_QUEUE_CAPACITY);
      taskQueueCapacity = powerOfTwo(checked);
      return this;
    }

    /**
     * Chooses how many tasks one turn executes at most, how many timers besides, and how many
     * results of offloaded work; by default 1,024.
     *
     * @param value at least 1
     * @return this
     */
    public Builder maxTasksPerTurn(int value) {
      maxTasksPerTurn = inRange("maxTasksPerTurn", value, Integer.MAX_VALUE);
      return this;
    }

    /**
     * Chooses how much offloaded work can be under way; by default 16,384. {@link
     * EventLoop#offload} refuses more.
     *
     * @param value 1 to {@link LoopConfig#MAX_TASK_QUEUE_CAPACITY}, rounded up to a power of two
     * @return this
     */
    public Builder maxOffloads(int value) {
      maxOffloads = powerOfTwo(inRange("maxOffloads", value, MAX_TASK_QUEUE_CAPACITY));
      return this;
    }

    /**
     * Chooses how far timers are put together: their deadlines are rounded up to ticks of the
     * largest power of two nanoseconds that is not above this, and those of one tick run together.
     * By default 32,768 nanoseconds, less than Linux itself may be late; a longer one means fewer
     * wake-ups when there are many timers.
     *
     * @param value 1 nanosecond to {@link LoopConfig#MAX_TIMER_TICK}
     * @return this
     */
    public Builder timerTick(Duration value) {
      if (value.compareTo(Duration.ofNanos(1)) < 0 || value.compareTo(MAX_TIMER_TICK) > 0) {
        throw new IllegalArgumentException(
            "timerTick must be 1 nanosecond to " + MAX_TIMER_TICK + ", not " + value);
      }
      timerTick = value;
      return this;
    }

    /**
     * Bounds the loop's sleep; by default it sleeps until it is woken. {@link Duration#ZERO} makes
     * it poll without ever sleeping, for the lowest latency at the price of a whole processor.
     *
     * @param value not negative
     * @return this
     */
    public Builder maxPollTimeout(Duration value) {
      if (value.isNegative()) {
        throw new IllegalArgumentException(
            "maxPollTimeout must not be negative: leave it out to sleep until woken");
      }
      maxPollTimeout = value;
      return this;
    }

    /**
     * Chooses what the loop runs on; by default this system.
     *
     * @param value the platform, for instance a simulated one
     * @return this
     */
    public Builder platform(Platform value) {
      platform = requireNonNull(value, "platform");
      return this;
    }

    /**
     * Makes the set-up.
     *
     * @return the set-up
     */
    public LoopConfig build() {
      return new LoopConfig(this);
    }

    private static int powerOfTwo(int atLeast) {
      return atLeast == 1 ? 1 : Integer.highestOneBit(atLeast - 1) << 1;
    }

    private static int inRange(String name, int value, int max) {
      if (value < 1 || value > max) {
        throw new IllegalArgumentException(name + " must be 1 to " + max + ", not " + value);
      }
      return value;
    }
  }
}
