package mill.core.compute;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Waiting tasks of a few priorities: first in first out within one, the higher first, and none
 * passed over for ever. Each priority has a bound of its own. Not thread-safe. Allocates only when
 * more tasks wait than ever before.
 *
 * <p>Each priority counts how often its first task was passed over in favour of a higher priority.
 * The lowest whose count has reached the ageing limit is served next, whatever else waits; its
 * count, as that of any priority that is served, begins again at 0. No count exceeds the limit: a
 * priority at the limit can be passed over only for a lower one, and that is not counted.
 */
final class PriorityTaskQueue {
  private static final int INITIAL_SLOTS = 16;

  /** First in, first out; grows by doubling. */
  private static final class Ring {
    @Nullable Runnable[] slots = new @Nullable Runnable[INITIAL_SLOTS];
    int head;
    int size;
    int passedOver;

    void add(Runnable task) {
      if (size == slots.length) {
        grow();
      }
      slots[head + size & slots.length - 1] = task;
      size++;
    }

    @Nullable Runnable remove() {
      Runnable task = slots[head];
      slots[head] = null;
      head = head + 1 & slots.length - 1;
      size--;
      passedOver = 0;
      return task;
    }

    private void grow() {
      @Nullable Runnable[] larger = Arrays.copyOf(slots, slots.length * 2);
      // What had wrapped round to the front goes behind the rest.
      System.arraycopy(slots, 0, larger, slots.length, head);
      Arrays.fill(larger, 0, head, null);
      slots = larger;
    }
  }

  private final Ring[] rings;
  private final int capacity;
  private final int ageingLimit;
  private int nonEmpty; // a bit for each priority, as in the next one
  private int aged; // those whose first task has been passed over as often as it can be

  /**
   * Makes an empty queue.
   *
   * @param priorities how many priorities there are, at most 31; 0 is the lowest
   * @param capacity how many tasks of one priority can wait
   * @param ageingLimit how often a priority's first task can be passed over
   */
  PriorityTaskQueue(int priorities, int capacity, int ageingLimit) {
    this.capacity = capacity;
    this.ageingLimit = ageingLimit;
    rings = new Ring[priorities];
    Arrays.setAll(rings, _ -> new Ring());
  }

  /**
   * Appends a task.
   *
   * @param priority its priority
   * @param task the task
   * @return false if as many of this priority wait as can; the task is not in the queue then
   */
  boolean offer(int priority, Runnable task) {
    Ring ring = rings[priority];
    if (ring.size == capacity) {
      return false;
    }
    ring.add(task);
    nonEmpty |= 1 << priority;
    return true;
  }

  /** {@return whether none waits} */
  boolean isEmpty() {
    return nonEmpty == 0;
  }

  /** {@return the task whose turn it is, taken out, or null if none waits} */
  @Nullable Runnable poll() {
    if (nonEmpty == 0) {
      return null;
    }
    int highest = Integer.SIZE - 1 - Integer.numberOfLeadingZeros(nonEmpty);
    int agedBelow = aged & (1 << highest) - 1;
    int priority = agedBelow == 0 ? highest : Integer.numberOfTrailingZeros(agedBelow);
    for (int rest = nonEmpty & (1 << priority) - 1; rest != 0; rest &= rest - 1) {
      if (++rings[Integer.numberOfTrailingZeros(rest)].passedOver == ageingLimit) {
        aged |= rest & -rest;
      }
    }
    return removeFrom(priority);
  }

  /**
   * {@return a task of the highest priority that has any, whatever has aged, taken out; null if
   * none waits} For emptying the queue.
   */
  @Nullable Runnable pollHighest() {
    if (nonEmpty == 0) {
      return null;
    }
    return removeFrom(Integer.SIZE - 1 - Integer.numberOfLeadingZeros(nonEmpty));
  }

  /** {@return how many tasks of all priorities wait} */
  long size() {
    long size = 0;
    for (Ring ring : rings) {
      size += ring.size;
    }
    return size;
  }

  /**
   * Tells how many tasks of a priority wait.
   *
   * @param priority which
   * @return the number of tasks
   */
  int size(int priority) {
    return rings[priority].size;
  }

  private @Nullable Runnable removeFrom(int priority) {
    Ring ring = rings[priority];
    Runnable task = ring.remove();
    aged &= ~(1 << priority);
    if (ring.size == 0) {
      nonEmpty &= ~(1 << priority);
    }
    return task;
  }
}
