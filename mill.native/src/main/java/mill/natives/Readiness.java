package mill.natives;

/**
 * What the kernel reported for a descriptor: any union of six facts.
 *
 * <p>Readiness is a hint. A read after {@link #isReadable()} may still find nothing; {@code
 * WOULD_BLOCK} is then the outcome, not an error. {@code readable} means that a read will not
 * block, so it is also set when the read would return the end of the stream or fail; {@code
 * writable} likewise. A handler that reads when readable and writes when writable therefore sees
 * every close and every reset, and needs the finer facts only when it wants them.
 *
 * <p>There are 64 values, made once: an event allocates nothing, and {@code ==} compares them.
 * Immutable, any thread.
 */
public final class Readiness {
  /** Bit of {@link #isReadable()} in {@link #bits()}. */
  public static final int READABLE = 1;

  /** Bit of {@link #isWritable()} in {@link #bits()}. */
  public static final int WRITABLE = 2;

  /** Bit of {@link #isPriority()} in {@link #bits()}. */
  public static final int PRIORITY = 4;

  /** Bit of {@link #isReadClosed()} in {@link #bits()}. */
  public static final int READ_CLOSED = 8;

  /** Bit of {@link #isWriteClosed()} in {@link #bits()}. */
  public static final int WRITE_CLOSED = 16;

  /** Bit of {@link #isError()} in {@link #bits()}. */
  public static final int ERROR = 32;

  private static final int MASK = 63;
  private static final Readiness[] ALL = new Readiness[MASK + 1];

  static {
    for (int bits = 0; bits <= MASK; bits++) {
      ALL[bits] = new Readiness(bits);
    }
  }

  private final int bits;

  private Readiness(int bits) {
    this.bits = bits;
  }

  /**
   * {@return the one value that stands for a union of this class's bits}
   *
   * @param bits the union, as {@link ReadyEvents#bits(int)} gives it
   * @throws IllegalArgumentException if a bit is set that this class does not define
   */
  public static Readiness of(int bits) {
    if ((bits & ~MASK) != 0) {
      throw new IllegalArgumentException("not a readiness mask: 0x" + Integer.toHexString(bits));
    }
    return ALL[bits];
  }

  /** {@return the union of this class's bit constants, 0 to 63} */
  public int bits() {
    return bits;
  }

  /**
   * {@return whether a read will not block: data, a connection to accept, the end of the stream or
   * an error}
   */
  public boolean isReadable() {
    return (bits & READABLE) != 0;
  }

  /**
   * {@return whether a write will not block: there is room, a connect has ended, or the write would
   * fail}
   */
  public boolean isWritable() {
    return (bits & WRITABLE) != 0;
  }

  /** {@return whether urgent data waits} */
  public boolean isPriority() {
    return (bits & PRIORITY) != 0;
  }

  /**
   * {@return whether the peer sends no more} Unread data may still wait: read to the end of the
   * stream.
   */
  public boolean isReadClosed() {
    return (bits & READ_CLOSED) != 0;
  }

  /**
   * {@return whether nothing more can be sent} Never set by an error of a datagram socket, an ICMP
   * error for instance: the next call tells it, and nothing is closed.
   */
  public boolean isWriteClosed() {
    return (bits & WRITE_CLOSED) != 0;
  }

  /**
   * {@return whether the descriptor carries an error} The next read, write or {@code finishConnect}
   * throws it. Of a datagram socket it is that of an earlier datagram, or of the error queue;
   * kqueue reports such a one as readable alone.
   */
  public boolean isError() {
    return (bits & ERROR) != 0;
  }

  /**
   * {@return the union's name, as in {@code READABLE|READ_CLOSED}; {@code NONE} for the empty one}
   */
  @Override
  public String toString() {
    return BitNames.join(
        bits, "READABLE", "WRITABLE", "PRIORITY", "READ_CLOSED", "WRITE_CLOSED", "ERROR");
  }
}
