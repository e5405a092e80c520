package mill.natives.bsd;

import mill.natives.ReadyEvents;

/**
 * Collects what one poll found: the two filters of a registration become one entry. Reused; it
 * allocates only when a larger batch is asked for.
 */
final class Batch {
  private long[] tokens = new long[0];
  private int[] bits = new int[0];
  private int size;
  private long number;

  Batch() {}

  /** Empties the batch. */
  void begin(int capacity) {
    if (tokens.length < capacity) {
      tokens = new long[capacity];
      bits = new int[capacity];
    }
    size = 0;
    number++;
  }

  /** Whether a registration has an entry already. */
  boolean holds(Watch watch) {
    return watch.batch == number;
  }

  void add(Watch watch, int readiness) {
    if (holds(watch)) {
      bits[watch.entry] |= readiness;
      return;
    }
    watch.batch = number;
    watch.entry = size;
    tokens[size] = watch.token;
    bits[size] = readiness;
    size++;
  }

  void moveTo(ReadyEvents into) {
    for (int i = 0; i < size; i++) {
      into.add(tokens[i], bits[i]);
    }
  }
}
