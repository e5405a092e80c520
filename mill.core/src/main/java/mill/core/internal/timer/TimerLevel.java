package mill.core.internal.timer;

/** A level of a {@link TimerWheel}: 1,024 slots and which of them hold timers. */
final class TimerLevel {
  static final int BITS = 10;
  static final int SLOTS = 1 << BITS;

  final TimerSlot[] slots = new TimerSlot[SLOTS];
  private final long[] occupied = new long[SLOTS / Long.SIZE];
  private int occupiedWords;

  TimerLevel(int number) {
    for (int i = 0; i < SLOTS; i++) {
      slots[i] = new TimerSlot(number << BITS | i);
    }
  }

  boolean isEmpty() {
    return occupiedWords == 0;
  }

  /** The first slot that holds timers; there must be one. */
  int firstOccupied() {
    int word = Integer.numberOfTrailingZeros(occupiedWords);
    return word << 6 | Long.numberOfTrailingZeros(occupied[word]);
  }

  void markOccupied(int index) {
    occupied[index >>> 6] |= 1L << index;
    occupiedWords |= 1 << (index >>> 6);
  }

  void markEmpty(int index) {
    int word = index >>> 6;
    occupied[word] &= ~(1L << index);
    if (occupied[word] == 0) {
      occupiedWords &= ~(1 << word);
    }
  }
}
