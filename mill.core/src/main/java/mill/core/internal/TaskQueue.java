package mill.core.internal;

import static java.util.Objects.requireNonNull;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A bounded queue of tasks with many producers and one consumer, first in first out; allocates
 * nothing after it is made.
 *
 * <pre>
 *   producers   tail ─ claims a place ─▶ slot ─ filled ─▶ cleared ─▶ head   consumer
 *                │                                                    │
 *                └─ limit: up to where places are known to be free ◀──┘ read when it is reached
 * </pre>
 *
 * <p>A producer claims a place by moving the tail, then fills it. Closing sets the tail's sign bit,
 * so that nothing can be claimed any more while everything claimed before is still delivered: each
 * task is either refused or run, never lost.
 *
 * <p>The two sides write to different cache lines, and look at each other's only when they must:
 * the producers once in a lap, the consumer when it is about to sleep.
 */
public final class TaskQueue {
  /** What became of an offer. */
  public enum Offer {
    /** The consumer will get it. */
    ACCEPTED,
    /** As many tasks wait as the queue holds. */
    FULL,
    /** The queue takes nothing more. */
    CLOSED
  }

  private static final long CLOSED_BIT = Long.MIN_VALUE;
  private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(Runnable[].class);
  private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(long[].class);

  // Where the words are: two lines of 64 bytes, which processors fetch together, lie between what
  // producers write and what the consumer writes, and around both.
  private static final int TAIL = 16;
  private static final int LIMIT = 17;
  private static final int HEAD = 33;
  private static final int WORDS = 50;

  private final @Nullable Runnable[] slots;
  private final int mask;
  private final long[] words = new long[WORDS];

  /**
   * Makes a queue.
   *
   * @param capacity how many tasks it holds, a power of two
   */
  public TaskQueue(int capacity) {
    if (Integer.bitCount(capacity) != 1) {
      throw new IllegalArgumentException("capacity must be a power of two, not " + capacity);
    }
    slots = new @Nullable Runnable[capacity];
    mask = capacity - 1;
    words[LIMIT] = capacity;
  }

  /** {@return how many tasks fit} */
  public int capacity() {
    return slots.length;
  }

  /**
   * Appends a task. Any thread.
   *
   * @param task what to run
   * @return what became of it
   */
  public Offer offer(Runnable task) {
    requireNonNull(task, "task"); // a place that stays empty would stop the queue for ever
    VarHandle.releaseFence(); // what the task is made of, before the plain store below
    long claimed = (long) WORD.getVolatile(words, TAIL);
    while (true) {
      if (claimed < 0) {
        return Offer.CLOSED;
      }
      if (claimed >= (long) WORD.getAcquire(words, LIMIT) && !isFree(claimed)) {
        return Offer.FULL;
      }
      // Also the fence between the offer and the producer's question whether the consumer sleeps:
      // see isEmpty().
      long witness = (long) WORD.compareAndExchange(words, TAIL, claimed, claimed + 1);
      if (witness == claimed) {
        // A plain store and no call: where a call would overflow the stack, a store does not, and a
        // place that stays empty would stop the queue for ever.
        slots[(int) claimed & mask] = task;
        return Offer.ACCEPTED;
      }
      claimed = witness;
    }
  }

  /** Whether the consumer has cleared a place by now; moves the limit. */
  private boolean isFree(long place) {
    long limit = (long) WORD.getVolatile(words, HEAD) + slots.length;
    WORD.setRelease(words, LIMIT, limit); // back at most, by a producer that was held up
    return place < limit;
  }

  /**
   * Takes the oldest task. The consumer's thread.
   *
   * @return the task, or null if there is none that has been filled in
   */
  public @Nullable Runnable poll() {
    long at = words[HEAD];
    int index = (int) at & mask;
    Runnable task = (Runnable) SLOT.getAcquire(slots, index);
    if (task != null) {
      SLOT.setRelease(slots, index, null);
      WORD.setRelease(words, HEAD, at + 1);
    }
    return task;
  }

  /**
   * {@return whether no place is claimed} The consumer's thread. A place that is claimed and not
   * filled yet counts, though {@link #poll()} finds nothing in it: its producer may have asked
   * whether the consumer sleeps before the task can be seen, but not before the claim can.
   */
  public boolean isEmpty() {
    return !isReady() && ((long) WORD.getVolatile(words, TAIL) & ~CLOSED_BIT) == words[HEAD];
  }

  /**
   * {@return whether {@link #poll()} finds a task now} The consumer's thread. Does not look at what
   * producers write.
   */
  private boolean isReady() {
    return SLOT.getAcquire(slots, (int) words[HEAD] & mask) != null;
  }

  /** {@return how many tasks wait} Any thread; the answer may be old when it arrives. */
  public int size() {
    // The head first, which only grows: or it could have passed the tail that was read before it.
    long taken = (long) WORD.getVolatile(words, HEAD);
    long claimed = (long) WORD.getVolatile(words, TAIL) & ~CLOSED_BIT;
    return (int) Math.min(claimed - taken, slots.length);
  }

  /** {@return whether all further tasks are refused} Any thread. */
  public boolean isClosed() {
    return (long) WORD.getVolatile(words, TAIL) < 0;
  }

  /** Refuses all further tasks. Any thread. */
  public void close() {
    WORD.getAndBitwiseOr(words, TAIL, CLOSED_BIT);
  }

  /**
   * Takes the oldest task of a closed queue, waiting for a producer that has claimed its place and
   * not filled it yet.
   *
   * @return the task, or null if everything has been taken
   */
  public @Nullable Runnable pollClosed() {
    while (size() > 0) {
      Runnable task = poll();
      if (task != null) {
        return task;
      }
      // The producer is two instructions away, and nothing can stop it. Nor does it hand over to
      // another thread between the two: where threads run by turns it is never found there, so this
      // wait is the processor's and not the platform's.
      Thread.onSpinWait();
    }
    return null;
  }
}
