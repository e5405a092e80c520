package mill.core.internal.timer;

import org.jspecify.annotations.Nullable;

/** A slot of a {@link TimerWheel}: its timers in the order in which they were scheduled. */
final class TimerSlot {
  static final long NEVER = Long.MAX_VALUE;

  /** Slots up to this size are searched for their earliest timer whenever one has left. */
  static final int SMALL = 64;

  final int id;
  @Nullable TimerNode first;
  private @Nullable TimerNode last;
  private int size;

  // No timer here is earlier. It can be too early once timers have left.
  private long boundTick = NEVER;
  private int leftSinceScan;

  TimerSlot(int id) {
    this.id = id;
  }

  boolean isEmpty() {
    return first == null;
  }

  void add(TimerNode node, long tick) {
    TimerNode before = last;
    node.slot = id;
    node.previous = before;
    if (before == null) {
      first = node;
    } else {
      before.next = node;
    }
    last = node;
    size++;
    if (tick < boundTick) {
      boundTick = tick;
    }
  }

  void remove(TimerNode node) {
    TimerNode before = node.previous;
    TimerNode after = node.next;
    if (before == null) {
      first = after;
    } else {
      before.next = after;
      node.previous = null;
    }
    if (after == null) {
      last = before;
    } else {
      after.previous = before;
      node.next = null;
    }
    node.slot = TimerNode.UNLINKED;
    leftSinceScan++;
    if (--size == 0) {
      boundTick = NEVER;
      leftSinceScan = 0;
    }
  }

  /**
   * Tells the earliest tick, or an earlier one. A long list is searched only after as many timers
   * have left as it has now, so that each of them has paid for one step.
   */
  long earliestTick(int tickShift) {
    if (leftSinceScan > 0 && (size <= SMALL || leftSinceScan >= size)) {
      long earliest = NEVER;
      for (TimerNode node = first; node != null; node = node.next) {
        long deadline = node.deadline();
        if (deadline != TimerNode.NONE) { // cancelled by another thread, and in the inbox
          earliest = Math.min(earliest, TimerNode.tickOf(deadline, tickShift));
        }
      }
      boundTick = earliest;
      leftSinceScan = 0;
    }
    return boundTick;
  }
}
