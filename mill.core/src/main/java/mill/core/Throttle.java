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
 *     │                                             ▲
 *     └── permit: reserves, suspends, sets a timer ─┘          close: gives all back, from any state
 * </pre>
 *
 * <p>Any thread; a handler's callbacks are the usual place.
 */
public final class Throttle {
  /** How long to wait before asking again a limiter that has refused a reservation. */
  static final long RETRY_NS = 10_000_000;

  private final RateLimiter[] limiters;
  private final ThrottleGate gate;

  // Taken before the registration's lock, never after.
  private final Object lock = new Object();

  @GuardedBy("lock")
  private boolean waiting;

  @GuardedBy("lock")
  private boolean closed;

  // What the timer waits for.
  @GuardedBy("lock")
  private long reserved;

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
    gate = gates.apply(this::timeIsUp);
  }

  /**
   * Asks how much may be done now. What is not used has to go back with {@link #giveBack}.
   *
   * @param wanted how many tokens at most, at least 1: the bytes that fit into the buffer, or 1
   *     before each accept
   * @return how many may be used, at most {@code wanted}; 0 if the handler must return: it is
   *     called again when there is more, provided that the direction is part of its interest then
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

  /** Gives everything back and permits nothing more. Any thread. */
  void close() {
    synchronized (lock) {
      closed = true;
      if (waiting) {
        gate.cancelTimer();
      }
      waiting = false;
      refund(limiters.length, reserved + ready);
      reserved = 0;
      ready = 0;
    }
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
      gate.startTimer(delayNs);
      suspended = true;
    } finally {
      if (!suspended) {
        refund(limiters.length, amount);
      }
    }
    waiting = true;
    reserved = amount;
  }

  // Holding the lock to the end: a handler on another thread could otherwise suspend again before
  // this resumes.
  private void timeIsUp() {
    synchronized (lock) {
      if (!waiting) {
        return; // closed meanwhile
      }
      waiting = false;
      ready = reserved;
      reserved = 0;
      gate.resume();
    }
  }

  private void refund(int count, long amount) {
    for (int i = 0; i < count; i++) {
      limiters[i].giveBack(amount);
    }
  }
}
