package mill.core;

import static java.util.Objects.requireNonNull;
import static mill.core.internal.Checks.inRange;
import static mill.core.internal.Checks.notNegative;

import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import mill.core.internal.Durations;
import mill.natives.CurrentPlatform;
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

  /** The shortest time that counts as a stall. */
  public static final Duration MIN_STALL_THRESHOLD = Duration.ofMillis(2);

  private static final Duration DEFAULT_CLOSE_TIMEOUT = Duration.ofSeconds(10);
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
  private final IdleStrategy idleStrategy;
  private final Duration closeTimeout;
  private final boolean metrics;
  private final @Nullable Duration stallThreshold;
  private final Consumer<StallReport> onStall;
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
        maxPollTimeout == null ? Poller.FOREVER : Durations.saturatedNs(maxPollTimeout);
    idleStrategy = builder.idleStrategy;
    closeTimeout = builder.closeTimeout;
    stallThreshold = builder.stallThreshold;
    metrics = builder.metrics || stallThreshold != null;
    onStall = builder.onStall;
    platform = builder.platform;
  }

  /**
   * {@return the configuration of {@link EventLoop#open()}: handlers inline, sleep until woken} The
   * methods of {@link Builder} tell each default.
   */
  public static LoopConfig defaults() {
    return builder().build();
  }

  /** {@return a builder that begins with the defaults} */
  public static Builder builder() {
    return new Builder();
  }

  /** {@return the loop's name, which the names of its workers' threads begin with} */
  public String name() {
    return name;
  }

  /** {@return where handlers are called} */
  public DispatchMode dispatch() {
    return dispatch;
  }

  /** {@return how many threads call handlers when they are dispatched to workers} */
  public int workers() {
    return workers;
  }

  /** {@return how many events one poll brings at most} */
  public int eventsPerPoll() {
    return eventsPerPoll;
  }

  /** {@return how many tasks can wait to be executed, a power of two} */
  public int taskQueueCapacity() {
    return taskQueueCapacity;
  }

  /**
   * {@return how many tasks one turn executes at most, how many timers besides and how many
   * results, so that I/O keeps its turn}
   */
  public int maxTasksPerTurn() {
    return maxTasksPerTurn;
  }

  /** {@return how many calls of {@link EventLoop#offload} can be under way, a power of two} */
  public int maxOffloads() {
    return maxOffloads;
  }

  /**
   * {@return how far timers are put together: the most that the loop's own clock makes one late, as
   * it was asked for}
   */
  public Duration timerTick() {
    return timerTick;
  }

  /**
   * {@return how long the loop sleeps at most when nothing is ready, or empty for until it is
   * woken}
   */
  public Optional<Duration> maxPollTimeout() {
    return Optional.ofNullable(maxPollTimeout);
  }

  /** {@return what the loop does when it has nothing to do} */
  public IdleStrategy idleStrategy() {
    return idleStrategy;
  }

  /** {@return how long the end of the loop waits for callbacks that run} */
  public Duration closeTimeout() {
    return closeTimeout;
  }

  /** {@return whether the loop counts what it does} */
  public boolean metrics() {
    return metrics;
  }

  /** {@return how long a turn takes that is reported as a stall, or empty if nobody watches} */
  public Optional<Duration> stallThreshold() {
    return Optional.ofNullable(stallThreshold);
  }

  /** {@return the listener that is told of stalls} */
  public Consumer<StallReport> onStall() {
    return onStall;
  }

  /** {@return what the loop runs on, or empty for {@link CurrentPlatform#get()}} */
  public Optional<Platform> platform() {
    return Optional.ofNullable(platform);
  }

  /** The threshold, or 0 if nobody watches. */
  long stallThresholdNs() {
    return stallThreshold == null ? 0 : Durations.saturatedNs(stallThreshold);
  }

  /** The time of {@link #closeTimeout}, short enough to be added to another one. */
  long closeTimeoutNs() {
    return Math.min(Durations.saturatedNs(closeTimeout), Long.MAX_VALUE >> 1);
  }

  long maxPollTimeoutNs() {
    return maxPollTimeoutNs;
  }

  /** How long to look again with nothing but a pause between two looks. */
  long spinNs() {
    return Durations.saturatedNs(idleStrategy.spinFor());
  }

  /** How long to look again in all. */
  long lookNs() {
    long spinNs = spinNs();
    long yieldNs = Durations.saturatedNs(idleStrategy.yieldFor());
    return yieldNs > Long.MAX_VALUE - spinNs ? Long.MAX_VALUE : spinNs + yieldNs;
  }

  /** {@return names and values} */
  @Override
  public String toString() {
    return "LoopConfig[name=%s, dispatch=%s, workers=%d, eventsPerPoll=%d, taskQueueCapacity=%d, maxTasksPerTurn=%d, maxOffloads=%d, timerTick=%s, maxPollTimeout=%s, idleStrategy=%s, closeTimeout=%s, metrics=%s, stallThreshold=%s]"
        .formatted(
            name,
            dispatch,
            workers,
            eventsPerPoll,
            taskQueueCapacity,
            maxTasksPerTurn,
            maxOffloads,
            timerTick,
            maxPollTimeout,
            idleStrategy,
            closeTimeout,
            metrics,
            stallThreshold);
  }

  /**
   * Collects a configuration. Not thread-safe. A value out of its range is refused at once, and the
   * message tells the range.
   */
  public static final class Builder {
    private String name = "mill-loop";
    private DispatchMode dispatch = DispatchMode.INLINE;
    private int workers = Math.min(CurrentPlatform.threads().processors(), MAX_WORKERS);
    private int eventsPerPoll = 512;
    private int taskQueueCapacity = 1 << 14;
    private int maxTasksPerTurn = 1024;
    private int maxOffloads = 1 << 12;
    private Duration timerTick = DEFAULT_TIMER_TICK;
    private @Nullable Duration maxPollTimeout;
    private IdleStrategy idleStrategy = IdleStrategy.blocking();
    private Duration closeTimeout = DEFAULT_CLOSE_TIMEOUT;
    private boolean metrics = true;
    private @Nullable Duration stallThreshold;
    private Consumer<StallReport> onStall = StallReport::log;
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
      workers = inRange("workers", value, 1, MAX_WORKERS);
      return this;
    }

    /**
     * Chooses how many events one poll brings at most; by default 512.
     *
     * @param value 1 to {@link ReadyEvents#MAX_CAPACITY}
     * @return this
     */
    public Builder eventsPerPoll(int value) {
      eventsPerPoll = inRange("eventsPerPoll", value, 1, ReadyEvents.MAX_CAPACITY);
      return this;
    }

    /**
     * Chooses how many tasks can wait; by default 16,384. {@link EventLoop#execute} refuses more.
     *
     * @param value 1 to {@link LoopConfig#MAX_TASK_QUEUE_CAPACITY}, rounded up to a power of two
     * @return this
     */
    public Builder taskQueueCapacity(int value) {
      int checked = inRange("taskQueueCapacity", value, 1, MAX_TASK_QUEUE_CAPACITY);
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
      maxTasksPerTurn = inRange("maxTasksPerTurn", value, 1, Integer.MAX_VALUE);
      return this;
    }

    /**
     * Chooses how much offloaded work can be under way; by default 4,096. {@link EventLoop#offload}
     * refuses more.
     *
     * @param value 1 to {@link LoopConfig#MAX_TASK_QUEUE_CAPACITY}, rounded up to a power of two
     * @return this
     */
    public Builder maxOffloads(int value) {
      maxOffloads = powerOfTwo(inRange("maxOffloads", value, 1, MAX_TASK_QUEUE_CAPACITY));
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
     * it turn without ever sleeping, at the price of a whole processor; for the lowest latency
     * there is {@link #idleStrategy}, with which other threads need not wake it either.
     *
     * @param value not negative
     * @return this
     */
    public Builder maxPollTimeout(Duration value) {
      maxPollTimeout = notNegative("maxPollTimeout", value, "leave it out to sleep until woken");
      return this;
    }

    /**
     * Chooses what the loop does when it has nothing to do; by default it sleeps at once: {@link
     * IdleStrategy#blocking}. The others are for programs in which microseconds count, and which
     * have a processor to spare.
     *
     * {@snippet class=mill.core.snippets.LoopSnippets region=idle}
     *
     * @param value the strategy; with {@link DispatchMode#WORKERS} only the default
     * @return this
     */
    public Builder idleStrategy(IdleStrategy value) {
      idleStrategy = requireNonNull(value, "idleStrategy");
      return this;
    }

    /**
     * Bounds the end of a loop that is stopped or closed while callbacks run; by default 10
     * seconds. When the time is over, workers are interrupted and begin no further callback, and
     * {@link EventLoop#close} does not wait any longer. {@link EventLoop#shutdown} is given a time
     * of its own instead.
     *
     * @param value not negative
     * @return this
     */
    public Builder closeTimeout(Duration value) {
      closeTimeout = notNegative("closeTimeout", value, "use 0 to wait for nothing");
      return this;
    }

    /**
     * Chooses whether the loop counts what it does, for {@link EventLoop#metrics}; by default it
     * does. It costs two readings of the clock in a turn. Without, the flight recorder hears
     * nothing of the loop's slow turns and handlers either, and a turn makes no more than a few
     * comparisons with null.
     *
     * @param value whether to count
     * @return this
     */
    public Builder metrics(boolean value) {
      metrics = value;
      return this;
    }

    /**
     * Lets a thread of its own watch the loop's, and report a turn that takes too long; by default
     * nobody watches. Needs what {@link #metrics} measures and turns it on.
     *
     * <p>The thread looks twice in the time of the threshold, so a report may be late by half of
     * it, and shorter stalls may go unseen. A stall is reported once, and again each time it has
     * doubled in length. How long a slow turn was in the end is told by the event {@code
     * mill.SlowTurn}. With {@link DispatchMode#WORKERS} handlers are not watched, only the loop's
     * own thread.
     *
     * @param value how long a turn may take, without the sleep before it; {@link
     *     LoopConfig#MIN_STALL_THRESHOLD} or more
     * @return this
     */
    public Builder stallThreshold(Duration value) {
      if (value.compareTo(MIN_STALL_THRESHOLD) < 0) {
        throw new IllegalArgumentException(
            "stallThreshold must be at least "
                + MIN_STALL_THRESHOLD
                + ", not "
                + value
                + ": leave it out to watch nothing");
      }
      stallThreshold = value;
      return this;
    }

    /**
     * Sets the listener that is told of stalls, on the watching thread; by default each is logged
     * as a warning. The loop does not wait for the listener but when it ends, and not for more than
     * a second then.
     *
     * @param value told of each stall; it must not block
     * @return this
     */
    public Builder onStall(Consumer<StallReport> value) {
      onStall = requireNonNull(value, "onStall");
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
     * {@return the configuration}
     *
     * @throws IllegalArgumentException if there is an idle strategy and the dispatch mode is {@link
     *     DispatchMode#WORKERS}: the workers poll then, and wait in the kernel
     */
    public LoopConfig build() {
      if (dispatch == DispatchMode.WORKERS && !idleStrategy.equals(IdleStrategy.blocking())) {
        throw new IllegalArgumentException(
            "with DispatchMode.WORKERS the workers poll, and wait in the kernel: use "
                + "DispatchMode.INLINE with "
                + idleStrategy
                + ", or IdleStrategy.blocking() with workers");
      }
      return new LoopConfig(this);
    }

    private static int powerOfTwo(int atLeast) {
      return atLeast == 1 ? 1 : Integer.highestOneBit(atLeast - 1) << 1;
    }
  }
}
