package mill.natives;

/**
 * One batch of what a poll found ready: a reusable list of tokens with their readiness.
 *
 * <p>Made once and handed to every {@link Poller#poll(ReadyEvents, long)}, which overwrites it;
 * nothing is allocated after that. Not thread-safe: every method belongs to the thread that polls.
 */
public final class ReadyEvents {
  /** The largest batch that can be asked for. */
  public static final int MAX_CAPACITY = 65_536;

  private final long[] tokens;
  private final byte[] readiness;
  private int size;
  private boolean woken;

  /**
   * Makes a batch.
   *
   * @param capacity how many events one poll can bring at most, 1 to {@value #MAX_CAPACITY}
   * @throws IllegalArgumentException if {@code capacity} is out of that range
   */
  public ReadyEvents(int capacity) {
    if (capacity < 1 || capacity > MAX_CAPACITY) {
      throw new IllegalArgumentException(
          "capacity must be 1 to " + MAX_CAPACITY + " events, not " + capacity);
    }
    tokens = new long[capacity];
    readiness = new byte[capacity];
  }

  /** {@return how many events fit} */
  public int capacity() {
    return tokens.length;
  }

  /** {@return how many events the last poll brought} A wake-up is not one of them. */
  public int size() {
    return size;
  }

  /** {@return whether {@link Poller#wake()} ended the last poll, or would have} */
  public boolean woken() {
    return woken;
  }

  /**
   * {@return the token that an event's descriptor was registered with}
   *
   * @param index 0 to {@link #size()} - 1
   * @throws IndexOutOfBoundsException if there is no such event
   */
  public long token(int index) {
    return tokens[checked(index)];
  }

  /**
   * {@return an event's readiness}
   *
   * @param index 0 to {@link #size()} - 1
   * @throws IndexOutOfBoundsException if there is no such event
   */
  public Readiness readiness(int index) {
    return Readiness.of(bits(index));
  }

  /**
   * {@return an event's readiness, as a union of {@link Readiness}'s bit constants}
   *
   * @param index 0 to {@link #size()} - 1
   * @throws IndexOutOfBoundsException if there is no such event
   */
  public int bits(int index) {
    return readiness[checked(index)];
  }

  /** Empties the batch. For platforms; a poll does it first of all. */
  public void clear() {
    size = 0;
    woken = false;
  }

  /** Notes that a wake-up ended the poll. For platforms. */
  public void markWoken() {
    woken = true;
  }

  /**
   * Appends an event. For platforms.
   *
   * @param token the token that the descriptor was registered with
   * @param bits a union of {@link Readiness}'s bit constants
   * @throws IndexOutOfBoundsException if the batch is full
   */
  public void add(long token, int bits) {
    int index = size;
    tokens[index] = token;
    readiness[index] = (byte) bits;
    size = index + 1;
  }

  private int checked(int index) {
    if (index >= size) {
      throw new IndexOutOfBoundsException("event " + index + " of " + size);
    }
    return index;
  }

  /** {@return tokens and readiness, for debugging} */
  @Override
  public String toString() {
    var text = new StringBuilder("ReadyEvents[");
    for (int i = 0; i < size; i++) {
      text.append(i == 0 ? "" : ", ").append(tokens[i]).append(' ').append(readiness(i));
    }
    return text.append(woken ? "; woken]" : "]").toString();
  }
}
