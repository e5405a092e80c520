package mill.core;

import static java.util.Objects.requireNonNull;
import static mill.core.internal.Checks.inRange;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.LongSupplier;

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
 * <p>No method blocks, sleeps or allocates.
 */
public final class RateLimiter {
  /** The highest rate, in tokens per second: 100 GB/s if a token is a byte. */
  public static final long MAX_RATE_PER_SECOND = 100_000_000_000L;

  /** The largest burst, in tokens. */
  public static final long MAX_BURST = 1L << 32;

  /** How many tokens can be reserved before they are there. */
  public static final long MAX_DEBT = 1L << 32;

  /** What {@link #reserve} returns when the debt would be too high: nothing was taken. */
  public static final long REFUSED = -1;

  // In one nanosecond a rate of r tokens per second makes exactly r billionths of a token: counted
  // in these, every step is one multiplication of whole numbers and no remainder is left over. The
  // bounds above keep the way from the deepest debt to the fullest bucket within a long.
  private static final long UNIT = 1_000_000_000L;

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
  private long ratePerSecond;
  private long capacity; // the burst, in billionths
  private long level; // in billionths; below 0 in debt
  private long levelAtNs; // the time at which the level was right

  private RateLimiter(long ratePerSecond, long burst, LongSupplier nanoClock) {
    this.ratePerSecond = checkedRate(ratePerSecond);
    this.nanoClock = requireNonNull(nanoClock, "nanoClock");
    capacity = checkedBurst(burst) * UNIT;
    level = capacity;
    levelAtNs = nanoClock.getAsLong();
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
    return perSecond(ratePerSecond, burst, System::nanoTime);
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
    return new RateLimiter(ratePerSecond, burst, nanoClock);
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
    if (level >= UNIT) {
      // The bucket holds no more than this, and so the product fits.
      long wanted = Math.min(max, MAX_BURST);
      taken = wanted * UNIT <= level ? wanted : level / UNIT;
      level -= taken * UNIT;
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
    long most = capacity / UNIT;
    boolean taken = false;
    if (n <= most) {
      refill(nowNs);
      taken = n * UNIT <= level;
      level -= taken ? n * UNIT : 0;
    }
    unlock();
    checkWithinBurst(n, most);
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
    long left = level - n * UNIT;
    long waitNs = REFUSED;
    if (left >= -MAX_DEBT * UNIT) {
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
    boolean full = n > (capacity - level) / UNIT;
    level = full ? capacity : level + n * UNIT;
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
    long now = level;
    unlock();
    return Math.floorDiv(now, UNIT);
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
    long most = capacity / UNIT;
    long waitNs = 0;
    if (n <= most) {
      refill(nowNs);
      waitNs = nanosUntilLevel(n * UNIT, nowNs);
    }
    unlock();
    checkWithinBurst(n, most);
    return waitNs;
  }

  /**
   * Changes the rate from now on; the burst stays. What has come by now has come at the old rate,
   * and existing reservations keep the times that were returned for them.
   *
   * @param newRatePerSecond tokens per second, 1 to {@link #MAX_RATE_PER_SECOND}
   * @throws IllegalArgumentException if the rate is out of its range; the old one stays
   */
  public void setRate(long newRatePerSecond) {
    checkedRate(newRatePerSecond);
    long nowNs = nanoClock.getAsLong();
    lock();
    refill(nowNs);
    ratePerSecond = newRatePerSecond;
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
    checkedBurst(newBurst);
    long nowNs = nanoClock.getAsLong();
    lock();
    refill(nowNs);
    ratePerSecond = newRatePerSecond;
    capacity = newBurst * UNIT;
    level = Math.min(level, capacity);
    unlock();
  }

  /** {@return the rate, in tokens per second} Any thread. */
  public long ratePerSecond() {
    lock();
    long now = ratePerSecond;
    unlock();
    return now;
  }

  /** {@return how many tokens gather at most} Any thread. */
  public long burst() {
    lock();
    long now = capacity;
    unlock();
    return now / UNIT;
  }

  /** {@return rate, burst and how many tokens are there} Any thread. */
  @Override
  public String toString() {
    return "RateLimiter[%d/s, burst %d, %d available]"
        .formatted(ratePerSecond(), burst(), available());
  }

  /** Adds what has come since the last time. */
  private void refill(long nowNs) {
    long elapsedNs = nowNs - levelAtNs;
    if (elapsedNs <= 0) {
      return; // another thread has read the clock later and was here first
    }
    levelAtNs = nowNs;
    long made = elapsedNs * ratePerSecond;
    boolean overflown = Math.multiplyHigh(elapsedNs, ratePerSecond) != 0 || made < 0;
    level = overflown || made >= capacity - level ? capacity : level + made;
  }

  private long nanosUntilLevel(long wanted, long nowNs) {
    long missing = wanted - level;
    if (missing <= 0) {
      return 0;
    }
    // The level is that of a moment which another thread has read, perhaps after ours.
    return Math.ceilDiv(missing, ratePerSecond) + (levelAtNs - nowNs);
  }

  // Not a monitor: two threads that share one hold each other up for some 240 ns a call, parking
  // and
  // unparking, here for some 40. Between lock and unlock nothing can throw: it is arithmetic, and
  // it
  // goes less deep into the stack than lock itself did.
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

  private static long checkedBurst(long burst) {
    return inRange("burst", burst, 1, MAX_BURST);
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
