package mill.core;

import static java.util.Objects.requireNonNull;
import static mill.core.internal.Checks.inRange;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.function.LongSupplier;
import mill.natives.CurrentPlatform;

/**
 * Limits a rate: a token bucket, exact to the nanosecond. Any thread; one limiter may be shared by
 * registrations, loops and threads.
 *
 * <p>A token is whatever the user counts: a byte, a message, an accepted connection. Tokens come at
 * the rate, evenly, and gather up to the burst; the bucket begins full. Over any time T no more
 * than burst + rate × T tokens are given, and all of that to those who ask before the bucket is
 * full again: nothing is ever rounded, so nothing drifts.
 *
 * <p>There are two ways to take. {@link #tryAcquire} takes what is there. {@link #reserve} takes
 * what is not there yet and says how long it will take to come. Until then the bucket is in debt
 * and others find it empty, so those who reserve are served in the order in which they came,
 * however many they are; that makes a shared limiter fair.
 *
 * {@snippet class=mill.core.snippets.RateLimiterSnippets region=take}
 *
 * {@snippet class=mill.core.snippets.RateLimiterSnippets region=reserve}
 *
 * <p>No method blocks, sleeps or allocates. Unless one is named, the clock is that of the {@link
 * CurrentPlatform} at the time the limiter is made: the system's, outside of a simulation.
 */
public final class RateLimiter {
  /** The highest rate, in tokens per second: 100 GB/s if a token is a byte. */
  public static final long MAX_RATE_PER_SECOND = 100_000_000_000L;

  /** The largest burst, in tokens. */
  public static final long MAX_BURST = 1L << 32;

  /**
   * How many tokens can be reserved before they are there; with long periods fewer, as the burst.
   */
  public static final long MAX_DEBT = 1L << 32;

  /** What {@link #reserve} returns when the debt would be too high: nothing was taken. */
  public static final long REFUSED = -1;

  /** The longest period of {@link #per}: 365 days. */
  public static final Duration MAX_PERIOD = Duration.ofDays(365);

  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  // From the deepest debt to the fullest bucket it must not be further than a long can count.
  private static final long MAX_SPAN = Long.MAX_VALUE / 2;

  // A timer that fires so late loses nothing.
  private static final long DEFAULT_BURSTS_PER_SECOND = 50;

  // A holder has a few nanoseconds' work to do: who still waits after so many looks waits for a
  // thread that has lost its processor.
  private static final int SPINS_BEFORE_YIELD = 128;

  private static final VarHandle LOCKED;

  static {
    try {
      LOCKED = MethodHandles.lookup().findVarHandle(RateLimiter.class, "locked", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final LongSupplier nanoClock;

  @SuppressWarnings({"FieldMayBeFinal", "UnusedVariable"}) // through LOCKED
  private boolean locked;

  // The rest is guarded by locked.
  //
  // In one nanosecond a rate of n tokens per period makes exactly n parts of a token, of which a
  // token has as many as the period has nanoseconds: counted in these, every step is one
  // multiplication of whole numbers and no remainder is left over.
  private long unit; // parts of a token: the period in nanoseconds
  private long rate; // parts per nanosecond: tokens per period
  private long most; // how many tokens can gather, or be owed, whatever the burst
  private long capacity; // the burst, in parts
  private long level; // in parts; below 0 in debt
  private long levelAtNs; // the time at which the level was right

  private RateLimiter(long rate, long unit, long burst, LongSupplier nanoClock) {
    this.rate = rate;
    this.unit = unit;
    most = countable(unit);
    this.nanoClock = requireNonNull(nanoClock, "nanoClock");
    capacity = checkedBurst(burst, unit) * unit;
    level = capacity;
    levelAtNs = nanoClock.getAsLong();
  }

  /**
   * Makes a limiter for any rate, also one below 1 in a second: ten a minute, say. Its burst is one
   * fiftieth of the tokens of a second, at least 1.
   *
   * @param tokens how many tokens come in a period, at least 1
   * @param period the period, 1 nanosecond to {@link #MAX_PERIOD}
   * @return the limiter, full
   * @throws IllegalArgumentException if a value is out of its range, or together they make more
   *     than {@link #MAX_RATE_PER_SECOND}
   */
  public static RateLimiter per(long tokens, Duration period) {
    long perSecond = (long) (checkedTokens(tokens) * (1e9 / checkedPeriodNs(period)));
    return per(tokens, period, Math.max(1, perSecond / DEFAULT_BURSTS_PER_SECOND));
  }

  /**
   * Makes a limiter for any rate.
   *
   * @param tokens how many tokens come in a period, at least 1
   * @param period the period, 1 nanosecond to {@link #MAX_PERIOD}
   * @param burst how many tokens gather at most while nobody takes any, 1 to {@link #MAX_BURST},
   *     and less with long periods: to 292 years' nanoseconds divided by those of the period
   * @return the limiter, full
   * @throws IllegalArgumentException if a value is out of its range, or tokens and period together
   *     make more than {@link #MAX_RATE_PER_SECOND}
   */
  public static RateLimiter per(long tokens, Duration period, long burst) {
    return per(tokens, period, burst, CurrentPlatform.clock());
  }

  /** As {@link #per(long, Duration, long)}, with a clock of its own. */
  static RateLimiter per(long tokens, Duration period, long burst, LongSupplier nanoClock) {
    long unit = checkedPeriodNs(period);
    long rate = checkedTokens(tokens);
    if (rate > MAX_RATE_PER_SECOND * ((double) unit / NANOS_PER_SECOND)) {
      throw new IllegalArgumentException(
          tokens
              + " tokens in "
              + period
              + " are more than "
              + MAX_RATE_PER_SECOND
              + " in a second");
    }
    long common = greatestCommonDivisor(rate, unit);
    return new RateLimiter(rate / common, unit / common, burst, nanoClock);
  }

  /**
   * Makes a limiter with a burst of 20 milliseconds' tokens, at least 1: so a timer or a loop that
   * is late by up to that much still gets all that the rate allows.
   *
   * @param ratePerSecond tokens per second, 1 to {@link #MAX_RATE_PER_SECOND}
   * @return the limiter, full
   * @throws IllegalArgumentException if the rate is out of its range
   */
  public static RateLimiter perSecond(long ratePerSecond) {
    return perSecond(ratePerSecond, defaultBurst(ratePerSecond));
  }

  /**
   * Makes a limiter.
   *
   * @param ratePerSecond tokens per second, 1 to {@link #MAX_RATE_PER_SECOND}
   * @param burst how many tokens gather at most while nobody takes any, 1 to {@link #MAX_BURST}
   * @return the limiter, full
   * @throws IllegalArgumentException if a value is out of its range
   */
  public static RateLimiter perSecond(long ratePerSecond, long burst) {
    return perSecond(ratePerSecond, burst, CurrentPlatform.clock());
  }

  /**
   * Makes a limiter with a clock of its own, for instance one that a test moves.
   *
   * @param ratePerSecond tokens per second, 1 to {@link #MAX_RATE_PER_SECOND}
   * @param burst how many tokens gather at most while nobody takes any, 1 to {@link #MAX_BURST}
   * @param nanoClock gives nanoseconds as {@link System#nanoTime} does: from any origin, and past
   *     {@link Long#MAX_VALUE} it goes on with {@link Long#MIN_VALUE}. While it stands still or
   *     goes back, no tokens come
   * @return the limiter, full
   * @throws IllegalArgumentException if a value is out of its range
   */
  public static RateLimiter perSecond(long ratePerSecond, long burst, LongSupplier nanoClock) {
    return new RateLimiter(checkedRate(ratePerSecond), NANOS_PER_SECOND, burst, nanoClock);
  }

  /**
   * Takes as many tokens as are there.
   *
   * @param max how many at most, not negative
   * @return how many were taken, 0 to {@code max}; with 0, try again after {@link #nanosUntil}
   * @throws IllegalArgumentException if {@code max} is negative
   */
  public long tryAcquire(long max) {
    checkNotNegative("max", max);
    long nowNs = nanoClock.getAsLong();
    lock();
    refill(nowNs);
    long taken = 0;
    if (level >= unit) {
      // The bucket holds no more than this, and so the product fits.
      long wanted = Math.min(max, most);
      taken = wanted * unit <= level ? wanted : level / unit;
      level -= taken * unit;
    }
    unlock();
    return taken;
  }

  /**
   * Takes all of the tokens or none.
   *
   * @param n how many, 0 to the burst
   * @return true if they were taken; otherwise none was, and they can be there after {@link
   *     #nanosUntil}
   * @throws IllegalArgumentException if {@code n} is negative or above the burst: so many are never
   *     there. Raise the burst, or use {@link #reserve}
   */
  public boolean tryAcquireAll(long n) {
    checkNotNegative("n", n);
    long nowNs = nanoClock.getAsLong();
    lock();
    long burst = capacity / unit;
    boolean taken = false;
    if (n <= burst) {
      refill(nowNs);
      taken = n * unit <= level;
      level -= taken ? n * unit : 0;
    }
    unlock();
    checkWithinBurst(n, burst);
    return taken;
  }

  /**
   * Takes tokens now, whether they are there or not, and tells when they will be. Until then, do
   * nothing that they are counted for; a caller that changes its mind gives them back with {@link
   * #giveBack}.
   *
   * <p>Each reservation begins where the one before ends, so they are served in the order of these
   * calls. More than the burst can be reserved at a time; they then come all at once, which is more
   * than burst + rate × T.
   *
   * @param n how many, 1 to {@link #MAX_DEBT}
   * @return the nanoseconds until the tokens are there, 0 if they are already; or {@link #REFUSED}
   *     if with them the debt would exceed {@link #MAX_DEBT}: nothing was taken, try again later
   * @throws IllegalArgumentException if {@code n} is out of its range
   */
  public long reserve(long n) {
    inRange("n", n, 1, MAX_DEBT);
    long nowNs = nanoClock.getAsLong();
    lock();
    refill(nowNs);
    long left = level - n * unit;
    long waitNs = REFUSED;
    if (n <= most && left >= -most * unit) {
      level = left;
      waitNs = nanosUntilLevel(0, nowNs);
    }
    unlock();
    return waitNs;
  }

  /**
   * Puts tokens back that were taken and not used; above the burst they are lost. Reservations that
   * were made after them keep the times that were returned for them.
   *
   * @param n how many, not negative
   * @throws IllegalArgumentException if {@code n} is negative
   */
  public void giveBack(long n) {
    checkNotNegative("n", n);
    // No look at the clock: what comes by time and what comes back add up in either order.
    lock();
    boolean full = n > (capacity - level) / unit;
    level = full ? capacity : level + n * unit;
    unlock();
  }

  /**
   * {@return how many tokens are there; negative, how many are owed to those who have reserved} Any
   * thread.
   */
  public long available() {
    long nowNs = nanoClock.getAsLong();
    lock();
    refill(nowNs);
    long now = Math.floorDiv(level, unit);
    unlock();
    return now;
  }

  /**
   * Tells when tokens will be there if nobody takes any meanwhile. Takes none.
   *
   * @param n how many, 0 to the burst
   * @return the nanoseconds until then, 0 if they are there already
   * @throws IllegalArgumentException if {@code n} is negative or above the burst: so many are never
   *     there
   */
  public long nanosUntil(long n) {
    checkNotNegative("n", n);
    long nowNs = nanoClock.getAsLong();
    lock();
    long burst = capacity / unit;
    long waitNs = 0;
    if (n <= burst) {
      refill(nowNs);
      waitNs = nanosUntilLevel(n * unit, nowNs);
    }
    unlock();
    checkWithinBurst(n, burst);
    return waitNs;
  }

  /**
   * Changes the rate from now on; the burst stays. What has come by now has come at the old rate,
   * and existing reservations keep the times that were returned for them. A {@link Throttle} that
   * waits for more than a second looks again each second, and waits less if the rate has risen.
   *
   * @param newRatePerSecond tokens per second, 1 to {@link #MAX_RATE_PER_SECOND}
   * @throws IllegalArgumentException if the rate is out of its range; the old one stays
   */
  public void setRate(long newRatePerSecond) {
    checkedRate(newRatePerSecond);
    long nowNs = nanoClock.getAsLong();
    lock();
    refill(nowNs);
    change(newRatePerSecond, capacity / unit);
    unlock();
  }

  /**
   * Changes rate and burst from now on, as {@link #setRate(long)} does. Tokens above a smaller
   * burst are lost, a larger one has yet to fill.
   *
   * @param newRatePerSecond tokens per second, 1 to {@link #MAX_RATE_PER_SECOND}
   * @param newBurst how many tokens gather at most, 1 to {@link #MAX_BURST}
   * @throws IllegalArgumentException if a value is out of its range; the old ones stay
   */
  public void setRate(long newRatePerSecond, long newBurst) {
    checkedRate(newRatePerSecond);
    checkedBurst(newBurst, NANOS_PER_SECOND);
    long nowNs = nanoClock.getAsLong();
    lock();
    refill(nowNs);
    change(newRatePerSecond, newBurst);
    unlock();
  }

  private void change(long newRatePerSecond, long newBurst) {
    if (unit != NANOS_PER_SECOND) {
      level = (long) (level * ((double) NANOS_PER_SECOND / unit));
      unit = NANOS_PER_SECOND;
      most = countable(unit);
    }
    rate = newRatePerSecond;
    capacity = newBurst * unit;
    level = Math.min(level, capacity);
  }

  /** {@return the rate, in tokens per second, rounded down} Any thread. */
  public long ratePerSecond() {
    return (long) (tokensPerNano() * NANOS_PER_SECOND);
  }

  /** The rate of now. */
  double tokensPerNano() {
    lock();
    double now = (double) rate / unit;
    unlock();
    return now;
  }

  /** The limiter's clock. */
  long nanoTime() {
    return nanoClock.getAsLong();
  }

  /** {@return how many tokens gather at most} Any thread. */
  public long burst() {
    lock();
    long now = capacity / unit;
    unlock();
    return now;
  }

  /** {@return rate, burst and how many tokens are there} Any thread. */
  @Override
  public String toString() {
    double perSecond = tokensPerNano() * NANOS_PER_SECOND;
    return "RateLimiter[%s/s, burst %d, %d available]"
        .formatted(
            perSecond < 1 ? String.valueOf(perSecond) : String.valueOf((long) perSecond),
            burst(),
            available());
  }

  /** Adds what has come since the last time. */
  private void refill(long nowNs) {
    long elapsedNs = nowNs - levelAtNs;
    if (elapsedNs <= 0) {
      return; // another thread has read the clock later and was here first
    }
    levelAtNs = nowNs;
    long made = elapsedNs * rate;
    boolean overflown = Math.multiplyHigh(elapsedNs, rate) != 0 || made < 0;
    level = overflown || made >= capacity - level ? capacity : level + made;
  }

  private long nanosUntilLevel(long wanted, long nowNs) {
    long missing = wanted - level;
    if (missing <= 0) {
      return 0;
    }
    // The level is that of a moment which another thread has read, perhaps after ours.
    return Math.ceilDiv(missing, rate) + (levelAtNs - nowNs);
  }

  // Not a monitor: two threads that share one hold each other up for some 240 ns a call, parking
  // and unparking, here for some 40. Between lock and unlock nothing can throw: it is arithmetic,
  // and it goes less deep into the stack than lock itself did.
  // Nor does anything hand over to another thread there, the clock being read before: where threads
  // run by turns nobody ever waits here, so this wait is the processor's and not the platform's.
  @SuppressWarnings("ThreadPriorityCheck") // yield is for the speed only, nothing relies on it
  private void lock() {
    int spins = 0;
    while (!LOCKED.compareAndSet(this, false, true)) {
      spins++;
      if (spins < SPINS_BEFORE_YIELD) {
        Thread.onSpinWait();
      } else {
        Thread.yield();
      }
    }
  }

  private void unlock() {
    LOCKED.setRelease(this, false);
  }

  private static long defaultBurst(long ratePerSecond) {
    return Math.max(1, checkedRate(ratePerSecond) / DEFAULT_BURSTS_PER_SECOND);
  }

  private static long checkedRate(long ratePerSecond) {
    return inRange("ratePerSecond", ratePerSecond, 1, MAX_RATE_PER_SECOND);
  }

  private static long checkedBurst(long burst, long unit) {
    return inRange("burst", burst, 1, countable(unit));
  }

  private static long countable(long unit) {
    return Math.min(MAX_BURST, MAX_SPAN / unit);
  }

  private static long checkedTokens(long tokens) {
    return inRange("tokens", tokens, 1, Long.MAX_VALUE);
  }

  private static long checkedPeriodNs(Duration period) {
    if (!period.isPositive() || period.compareTo(MAX_PERIOD) > 0) {
      throw new IllegalArgumentException(
          "period must be 1 nanosecond to " + MAX_PERIOD + ", not " + period);
    }
    return period.toNanos();
  }

  private static long greatestCommonDivisor(long a, long b) {
    return b == 0 ? a : greatestCommonDivisor(b, a % b);
  }

  private static void checkNotNegative(String name, long value) {
    if (value < 0) {
      throw new IllegalArgumentException(name + " must not be negative, and is " + value);
    }
  }

  private static void checkWithinBurst(long n, long burst) {
    if (n > burst) {
      throw new IllegalArgumentException(
          "so many are never there at once: n must be 0 to the burst, "
              + burst
              + ", not "
              + n
              + "; raise the burst, or reserve them");
    }
  }
}
