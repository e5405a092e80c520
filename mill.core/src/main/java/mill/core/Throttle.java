package mill.core;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;

/**
 * Holds one direction of a {@link Registration} to the rates of one or more {@link RateLimiter}s.
 *
 * <p>The handler asks before it reads, writes or accepts. If nothing is permitted it simply
 * returns: the direction is not reported any more, and waiting costs nothing, until a timer of the
 * loop finds the tokens there and lets the direction be reported again.
 *
 * {@snippet class=mill.core.snippets.ThrottleSnippets region=read}
 *
 * <p>Limiters that are shared serve those who wait in the order in which they began to. So that a
 * slow rate does not wake the loop for each single byte, one waits for half a burst, or for what is
 * wanted if that is less.
 *
 * <pre>
 *             permit: tokens are there                      time is up
 *   OPEN ◀──────────────────────────────▶ OPEN   WAITING ───────────────▶ OPEN, and they are ready
 *     │                                             ▲                          │
 *     └── permit: reserves, suspends, sets a timer ─┘         OPEN ◀───────────┘ they lapse
 *
 *   close: gives all back, from any state
 * </pre>
 *
 * <p>Any thread; a handler's callbacks are the usual place.
 */
public final class Throttle implements AutoCloseable {
  /** How long to wait before asking again a limiter that has refused a reservation. */
  static final long RETRY_NS = 10_000_000;

  /** How long to wait at most before looking whether a rate has risen. */
  static final long LOOK_NS = 1_000_000_000;

  /** How long tokens that were waited for are kept for a handler that does not take them. */
  static final long LAPSE_NS = 100_000_000;

  private final RateLimiter[] limiters;
  private final ThrottleGate gate;

  // Taken before the registration's lock, never after.
  private final Object lock = new Object();

  // Written holding lock; read without it, for the registration's lock comes after this one's.
  private volatile boolean closed;

  @GuardedBy("lock")
  private final double[] ratesWaitedAt;

  @GuardedBy("lock")
  private boolean waiting;

  // It is a long wait, and the rates may rise meanwhile.
  @GuardedBy("lock")
  private boolean looking;

  // What the timer waits for.
  @GuardedBy("lock")
  private long reserved;

  // Until when, by the first limiter's clock.
  @GuardedBy("lock")
  private long dueNs;

  // What it has waited for, and nobody has taken yet.
  @GuardedBy("lock")
  private long ready;

  /**
   * Makes a throttle.
   *
   * @param gates makes the gate; it is given what the gate's timer has to call
   * @param own the first limiter
   * @param shared the others
   */
  Throttle(Function<Runnable, ThrottleGate> gates, RateLimiter own, RateLimiter... shared) {
    limiters = new RateLimiter[1 + shared.length];
    limiters[0] = own;
    System.arraycopy(shared, 0, limiters, 1, shared.length);
    for (RateLimiter limiter : limiters) {
      if (limiter == null) {
        throw new NullPointerException("limiter");
      }
    }
    ratesWaitedAt = new double[limiters.length];
    gate = gates.apply(this::timeIsUp);
  }

  /**
   * Asks how much may be done now. What is not used has to go back with {@link #giveBack}.
   *
   * <p>A direction that waits is taken out of what the kernel is asked for. A one-shot that has
   * fired is not armed by that, neither now nor when the time is up: as without a throttle it is
   * reported again after {@link Registration#setInterest}, which may be called while this waits.
   * With {@link mill.natives.Trigger#EDGE} the other direction, if it is asked for, may be reported
   * once more at both moments, though nothing new has come.
   *
   * @param wanted how many tokens at most, at least 1: the bytes that fit into the buffer, or 1
   *     before each accept
   * @return how many may be used, at most {@code wanted}; 0 if the handler must return: it is
   *     called again when there is more, provided that the direction is part of its interest then.
   *     What it has waited for is kept for 100 milliseconds, then it goes back to the limiters
   * @throws IOException if the kernel refuses to suspend the direction; nothing was taken
   * @throws IllegalArgumentException if {@code wanted} is less than 1
   * @throws RejectedExecutionException if there would be a wait and the loop has ended; nothing was
   *     taken
   */
  public long permit(long wanted) throws IOException {
    if (wanted < 1) {
      throw new IllegalArgumentException("wanted must be at least 1, not " + wanted);
    }
    synchronized (lock) {
      if (waiting || closed) {
        return 0;
      }
      if (ready == 0) {
        take(wanted);
      }
      long permitted = Math.min(wanted, ready);
      ready -= permitted;
      return permitted;
    }
  }

  /**
   * Puts back what was permitted and not used, for instance since a read found less.
   *
   * @param unused how many tokens, not negative and not more than were permitted
   * @throws IllegalArgumentException if {@code unused} is negative
   */
  public void giveBack(long unused) {
    refund(limiters.length, unused);
  }

  /** {@return the limiters, and what is waited for} Any thread. */
  @Override
  public String toString() {
    String state;
    synchronized (lock) {
      state = closed ? "closed" : waiting ? "waits for " + reserved : "open";
    }
    return "Throttle[" + state + ", " + Arrays.toString(limiters) + "]";
  }

  /**
   * Gives everything back and permits nothing more; a direction that waits is reported again. Any
   * thread; a second call does nothing. Afterwards the registration takes another throttle for the
   * direction.
   */
  @Override
  public void close() {
    synchronized (lock) {
      if (closed) {
        return;
      }
      closed = true;
      gate.cancelTimer();
      refund(limiters.length, reserved + ready);
      reserved = 0;
      ready = 0;
      if (waiting) {
        waiting = false;
        gate.resume();
      }
    }
  }

  /** Whether this permits nothing any more, and another may take its place. Any thread. */
  boolean isClosed() {
    return closed;
  }

  @GuardedBy("lock")
  private void take(long wanted) throws IOException {
    assert Thread.holdsLock(lock);
    long amount = amount(wanted);
    long waitNs = reserve(amount);
    if (waitNs == 0) {
      ready = amount;
    } else if (waitNs == RateLimiter.REFUSED) {
      await(0, RETRY_NS);
    } else {
      await(amount, waitNs);
    }
  }

  // What is there, but rather half a burst after a wait than a crumb at once. Others may take some
  // of it before it is reserved; then there is a short wait.
  private long amount(long wanted) {
    long there = wanted;
    long smallestBurst = Long.MAX_VALUE;
    for (RateLimiter limiter : limiters) {
      there = Math.min(there, limiter.available());
      smallestBurst = Math.min(smallestBurst, limiter.burst());
    }
    return Math.max(there, Math.min(wanted, Math.max(1, smallestBurst / 2)));
  }

  private long reserve(long amount) {
    long longestNs = 0;
    for (int i = 0; i < limiters.length; i++) {
      long waitNs = limiters[i].reserve(amount);
      if (waitNs == RateLimiter.REFUSED) {
        refund(i, amount);
        return RateLimiter.REFUSED;
      }
      longestNs = Math.max(longestNs, waitNs);
    }
    return longestNs;
  }

  @GuardedBy("lock")
  private void await(long amount, long delayNs) throws IOException {
    assert Thread.holdsLock(lock);
    boolean suspended = false;
    try {
      gate.suspend();
      gate.startTimer(Math.min(delayNs, LOOK_NS));
      suspended = true;
    } finally {
      if (!suspended) {
        refund(limiters.length, amount);
      }
    }
    waiting = true;
    reserved = amount;
    dueNs = limiters[0].nanoTime() + delayNs;
    looking = delayNs > LOOK_NS;
    if (looking) {
      for (int i = 0; i < limiters.length; i++) {
        ratesWaitedAt[i] = limiters[i].tokensPerNano();
      }
    }
  }

  // Holding the lock to the end: a handler on another thread could otherwise suspend again before
  // this resumes.
  private void timeIsUp() {
    synchronized (lock) {
      if (closed) {
        return;
      }
      if (!waiting) {
        refund(limiters.length, ready);
        ready = 0;
        return;
      }
      long leftNs = looking ? leftNs() : 0;
      if (leftNs > 0) {
        gate.startTimer(Math.min(leftNs, LOOK_NS));
        return;
      }
      waiting = false;
      ready = reserved;
      reserved = 0;
      gate.startTimer(LAPSE_NS);
      gate.resume();
    }
  }

  // What is owed before these tokens shrinks at the rate of now, and the time with it.
  @GuardedBy("lock")
  private long leftNs() {
    assert Thread.holdsLock(lock);
    long nowNs = limiters[0].nanoTime();
    long leftNs = dueNs - nowNs;
    if (leftNs <= 0) {
      return 0;
    }
    double slowest = 0;
    for (int i = 0; i < limiters.length; i++) {
      double rate = limiters[i].tokensPerNano();
      slowest = Math.max(slowest, ratesWaitedAt[i] / rate);
      ratesWaitedAt[i] = rate;
    }
    if (slowest < 1) {
      leftNs = (long) Math.ceil(leftNs * slowest);
      dueNs = nowNs + leftNs;
    }
    return leftNs;
  }

  private void refund(int count, long amount) {
    for (int i = 0; i < count; i++) {
      limiters[i].giveBack(amount);
    }
  }
}
