package mill.core.internal;

import static java.util.Objects.requireNonNull;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A bounded queue of tasks with many producers and one consumer, first in first out; allocates
 * nothing after it is made.
 *
 * <p>A producer claims a place by moving the tail, then fills it. Closing sets the tail's sign bit,
 * so that nothing can be claimed any more while everything claimed before is still delivered: each
 * task is either refused or run, never lost.
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
  private static final VarHandle TAIL;
  private static final VarHandle HEAD;

  static {
    try {
      var lookup = MethodHandles.lookup();
      TAIL = lookup.findVarHandle(TaskQueue.class, "tail", long.class);
      HEAD = lookup.findVarHandle(TaskQueue.class, "head", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final @Nullable Runnable[] slots;
  private final int mask;

  @SuppressWarnings("FieldMayBeFinal") // written through TAIL
  private volatile long tail;

  @SuppressWarnings("FieldMayBeFinal") // written through HEAD
  private volatile long head;

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
    long claimed = tail;
    while (true) {
      if (claimed < 0) {
        return Offer.CLOSED;
      }
      if (claimed - head >= slots.length) {
        return Offer.FULL;
      }
      long witness = (long) TAIL.compareAndExchange(this, claimed, claimed + 1);
      if (witness == claimed) {
        // A plain store and no call: where a call would overflow the stack, a store does not, and a
        // place that stays empty would stop the queue for ever.
        slots[(int) claimed & mask] = task;
        // The producer goes on to ask whether the consumer sleeps, and must not ask too early.
        VarHandle.fullFence();
        return Offer.ACCEPTED;
      }
      claimed = witness;
    }
  }

  /**
   * Takes the oldest task. The consumer's thread.
   *
   * @return the task, or null if there is none that has been filled in
   */
  public @Nullable Runnable poll() {
    long at = head;
    int index = (int) at & mask;
    Runnable task = (Runnable) SLOT.getAcquire(slots, index);
    if (task != null) {
      SLOT.setRelease(slots, index, null);
      HEAD.setRelease(this, at + 1);
    }
    return task;
  }

  /** {@return whether {@link #poll()} would find nothing} The consumer's thread. */
  public boolean isEmpty() {
    return SLOT.getVolatile(slots, (int) head & mask) == null;
  }

  /** {@return how many tasks wait} Any thread; the answer may be old when it arrives. */
  public int size() {
    // The head first, which only grows: or it could have passed the tail that was read before it.
    long taken = head;
    long claimed = tail & ~CLOSED_BIT;
    return (int) Math.min(claimed - taken, slots.length);
  }

  /** {@return whether all further tasks are refused} Any thread. */
  public boolean isClosed() {
    return tail < 0;
  }

  /** Refuses all further tasks. Any thread. */
  public void close() {
    TAIL.getAndBitwiseOr(this, CLOSED_BIT);
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
