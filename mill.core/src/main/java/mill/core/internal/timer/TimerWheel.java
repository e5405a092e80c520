package mill.core.internal.timer;

import static mill.core.internal.timer.TimerNode.NONE;
import static mill.core.internal.timer.TimerNode.UNLINKED;

import org.jspecify.annotations.Nullable;

/**
 * A hierarchical timer wheel: linking, unlinking and finding the next deadline take constant time,
 * however many timers there are. The loop's thread only.
 *
 * <p>A tick is read as digits of ten bits. The wheel stands at a position, and a timer is linked at
 * the highest digit in which its tick differs from the position:
 *
 * <pre>
 *   level 0   same block of 1,024 ticks as the position     a slot is one tick
 *   level 1   same block of 1,024² ticks                    a slot is a block of 1,024 ticks
 *   level n   …                                             a slot is 1,024ⁿ ticks
 * </pre>
 *
 * <p>So whatever is on a level comes before everything on the levels above it, and the next timer
 * is in the first occupied slot of the lowest occupied level. When the time has reached the start
 * of a slot on a higher level, its timers move down; those levels are empty at that moment, which
 * keeps timers of one tick in the order in which they were scheduled.
 *
 * <p>The tick of the position stays open: a timer that is late already is linked there, and is the
 * next to come.
 */
final class TimerWheel {
  /** What {@link #nextTick()} says when there are no timers. */
  static final long NEVER = TimerSlot.NEVER;

  /** How many timers move down from a higher level in one batch at most. */
  static final int MAX_MOVES_PER_BATCH = 1 << 14;

  private static final int BITS = TimerLevel.BITS;
  private static final int INDEX_MASK = TimerLevel.SLOTS - 1;

  private final int tickShift;
  private final @Nullable TimerLevel[] levels;
  private int occupiedLevels;

  // What was linked by the tasks of a batch and is due by then: it has to wait for the next batch,
  // or a task that schedules itself at once would never let go of the loop.
  private final TimerSlot parked;
  private long parkUpToTick = -1;

  private long position;
  private int movingLevel; // of the slot at the position that is moving down, 0 if none is
  private int movesLeft = MAX_MOVES_PER_BATCH;

  /**
   * Makes an empty wheel at tick 0.
   *
   * @param tickShift a tick is {@code 1 << tickShift} ns
   */
  TimerWheel(int tickShift) {
    this.tickShift = tickShift;
    int count = (Long.SIZE - 1 - tickShift) / BITS + 1;
    levels = new @Nullable TimerLevel[count];
    parked = new TimerSlot(count << BITS);
  }

  /** {@return whether no timer is linked} */
  boolean isEmpty() {
    return (occupiedLevels | movingLevel) == 0 && parked.isEmpty();
  }

  /**
   * Moves an empty wheel, so that what is linked next need not move down later.
   *
   * @param tick the tick that has come
   */
  void skipTo(long tick) {
    position = Math.max(position, tick);
  }

  /**
   * Links a timer where its deadline says. The timer must be scheduled and not linked.
   *
   * @param node the timer
   * @param deadlineNs its deadline
   */
  void link(TimerNode node, long deadlineNs) {
    long tick = TimerNode.tickOf(deadlineNs, tickShift);
    if (tick <= parkUpToTick) {
      parked.add(node, tick);
    } else {
      linkAt(node, Math.max(tick, position), movingLevel);
    }
  }

  /**
   * Unlinks a timer, if it is linked.
   *
   * @param node the timer
   */
  void unlink(TimerNode node) {
    int id = node.slot;
    if (id == UNLINKED) {
      return;
    }
    if (id == parked.id) {
      parked.remove(node);
      return;
    }
    TimerLevel level = level(id >>> BITS);
    TimerSlot slot = level.slots[id & INDEX_MASK];
    slot.remove(node);
    if (slot.isEmpty()) {
      markEmpty(level, id);
    }
  }

  /**
   * Links a timer anew where its deadline says now.
   *
   * @param node the timer
   */
  void relink(TimerNode node) {
    unlink(node);
    long deadlineNs = node.deadline();
    if (deadlineNs != NONE) {
      link(node, deadlineNs);
    }
  }

  /**
   * Begins a batch: what is linked until it ends and has a tick of the past waits for the next one.
   *
   * @param nowTick the last tick that has come
   */
  void beginBatch(long nowTick) {
    parkUpToTick = nowTick;
    movesLeft = MAX_MOVES_PER_BATCH;
  }

  /** Ends a batch. */
  void endBatch() {
    parkUpToTick = -1;
    TimerNode node;
    while ((node = parked.first) != null) {
      relink(node);
    }
  }

  /**
   * Unlinks the next timer whose tick has come.
   *
   * @param nowTick the last tick that has come
   * @return the timer, or null if there is none, or so many have moved down that others should have
   *     a turn; {@link #nextTick()} then says at once
   */
  @Nullable TimerNode pollDue(long nowTick) {
    while (movingLevel == 0 || moveDown()) {
      if (occupiedLevels == 0) {
        skipTo(nowTick);
        return null;
      }
      int number = Integer.numberOfTrailingZeros(occupiedLevels);
      TimerLevel level = level(number);
      int index = level.firstOccupied();
      long start = startOf(number, index);
      if (start > nowTick) {
        skipTo(nowTick);
        return null;
      }
      position = Math.max(position, start);
      if (number == 0) {
        TimerNode node = level.slots[index].first;
        if (node != null) {
          unlink(node);
        }
        return node;
      }
      movingLevel = number;
    }
    return null;
  }

  /**
   * Finds when the next timer is due.
   *
   * @return the tick, that of the position or an earlier one if it has come, or {@link #NEVER}.
   *     Where many timers have been unlinked it may be that of one of them
   */
  long nextTick() {
    if (movingLevel != 0 || !parked.isEmpty()) {
      return position;
    }
    if (occupiedLevels == 0) {
      return NEVER;
    }
    int number = Integer.numberOfTrailingZeros(occupiedLevels);
    TimerLevel level = level(number);
    int index = level.firstOccupied();
    return number == 0 ? startOf(0, index) : level.slots[index].earliestTick(tickShift);
  }

  /**
   * Unlinks any timer.
   *
   * @return the timer, or null if there is none
   */
  @Nullable TimerNode pollAny() {
    TimerNode node = parked.first;
    if (node == null && occupiedLevels != 0) {
      TimerLevel level = level(Integer.numberOfTrailingZeros(occupiedLevels));
      node = level.slots[level.firstOccupied()].first;
    }
    if (node != null) {
      unlink(node);
    } else {
      movingLevel = 0;
    }
    return node;
  }

  private void linkAt(TimerNode node, long tick, int lowestLevel) {
    int differing = 63 - Long.numberOfLeadingZeros((tick ^ position) | 1);
    int number = Math.max(differing / BITS, lowestLevel);
    int index = (int) (tick >>> (number * BITS)) & INDEX_MASK;
    TimerLevel level = levels[number];
    if (level == null) {
      level = new TimerLevel(number);
      levels[number] = level;
    }
    TimerSlot slot = level.slots[index];
    if (slot.isEmpty()) {
      level.markOccupied(index);
      occupiedLevels |= 1 << number;
    }
    slot.add(node, tick);
  }

  // While a slot moves down, what is linked for its ticks joins it at the end: moving and
  // scheduling keep one order.
  private boolean moveDown() {
    int index = (int) (position >>> (movingLevel * BITS)) & INDEX_MASK;
    TimerSlot slot = level(movingLevel).slots[index];
    TimerNode node;
    while ((node = slot.first) != null) {
      if (movesLeft-- == 0) {
        movesLeft = 0;
        return false;
      }
      unlink(node);
      long deadlineNs = node.deadline();
      if (deadlineNs != NONE) {
        linkAt(node, Math.max(TimerNode.tickOf(deadlineNs, tickShift), position), 0);
      }
    }
    movingLevel = 0;
    return true;
  }

  // In two steps: the highest level has more digits above it than a long has bits.
  private long startOf(int number, int index) {
    int below = number * BITS;
    return position >>> below >>> BITS << BITS << below | (long) index << below;
  }

  private void markEmpty(TimerLevel level, int id) {
    level.markEmpty(id & INDEX_MASK);
    if (level.isEmpty()) {
      occupiedLevels &= ~(1 << (id >>> BITS));
    }
  }

  @SuppressWarnings("NullAway") // where there is a timer, there is its level
  private TimerLevel level(int number) {
    return levels[number];
  }
}
