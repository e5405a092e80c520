package mill.core;

import static mill.core.internal.Checks.notNegative;

import java.time.Duration;

/**
 * What the thread of an {@link EventLoop} does when it has nothing to do: how long it looks again
 * before it sleeps in the kernel. {@link LoopConfig.Builder#idleStrategy} takes one.
 *
 * <p>A look is a poll that does not wait, and a look at what other threads have brought. So
 * whatever comes while the loop looks is found without waking a thread, which is most of the time
 * of a short round trip, and {@link EventLoop#execute} makes no system call. As long as every look
 * finds something, the loop makes as many system calls as one that sleeps. In between it costs all
 * of a processor: have one for each such loop, or the loop takes it from those that it waits for.
 *
 * <p>The names are Agrona's. A back-off differs from Agrona's in its end: what would be parking for
 * a while is a sleep in the kernel, which events, tasks and timers end at once, so there is no
 * shortest and no longest time to choose.
 *
 * <pre>
 *   nothing to do ──▶ spins ──▶ yields ──▶ sleeps until there is something, or a timer is due
 *                    spinFor    yieldFor
 * </pre>
 *
 * <p>Both times are counted from when the loop found nothing to do, on the clock of the platform,
 * which is read at each look. With {@link DispatchMode#WORKERS} there is none but the default: the
 * workers poll then.
 *
 * @param spinFor how long to look again at once, with {@link Thread#onSpinWait} between two looks;
 *     not negative
 * @param yieldFor how long to look again after that, with {@link Thread#yield} between two looks;
 *     not negative
 */
public record IdleStrategy(Duration spinFor, Duration yieldFor) {
  private static final Duration FOREVER = Duration.ofSeconds(Long.MAX_VALUE);

  private static final IdleStrategy BLOCKING = new IdleStrategy(Duration.ZERO, Duration.ZERO);
  private static final IdleStrategy BUSY_SPIN = new IdleStrategy(FOREVER, Duration.ZERO);
  private static final IdleStrategy YIELDING = new IdleStrategy(Duration.ZERO, FOREVER);

  /**
   * Makes a back-off: spins, then yields, then sleeps. A time of 0 leaves a step out.
   *
   * @throws IllegalArgumentException if a time is negative
   */
  public IdleStrategy {
    notNegative("spinFor", spinFor, "use 0 not to spin");
    notNegative("yieldFor", yieldFor, "use 0 not to yield");
  }

  /** {@return the default: sleeps at once, and costs nothing while it does} */
  public static IdleStrategy blocking() {
    return BLOCKING;
  }

  /** {@return one that never sleeps and never gives its processor away: the lowest latency} */
  public static IdleStrategy busySpin() {
    return BUSY_SPIN;
  }

  /**
   * {@return one that never sleeps but lets other threads have its processor, if any wants it,
   * between two looks}
   */
  public static IdleStrategy yielding() {
    return YIELDING;
  }
}
