package mill.natives;

/**
 * What a registration asks to be told about: any union of {@link #READABLE}, {@link #WRITABLE} and
 * {@link #PRIORITY}.
 *
 * <p>There are eight values, made once: combining them allocates nothing and {@code ==} compares
 * them. Errors and hang-ups need no interest, they are reported with each; {@link #NONE} is the
 * exception, it takes the descriptor out of the kernel's set altogether, because an armed empty
 * mask spins on a reset connection.
 *
 * <table>
 * <caption>What each interest reports</caption>
 * <tr><th>asked for</th><th>{@code epoll(7)}</th><th>{@code kqueue(2)}</th><th>AFD poll</th></tr>
 * <tr><td>{@link #READABLE}: data, a connection to accept, the peer's half-close</td>
 *     <td>{@code EPOLLIN}, {@code EPOLLRDHUP}</td>
 *     <td>{@code EVFILT_READ}, with {@code EV_EOF}</td>
 *     <td>{@code RECEIVE}, {@code ACCEPT}, {@code DISCONNECT}</td></tr>
 * <tr><td>{@link #WRITABLE}: room, the end of a connect</td>
 *     <td>{@code EPOLLOUT}</td><td>{@code EVFILT_WRITE}</td><td>{@code SEND}</td></tr>
 * <tr><td>{@link #PRIORITY}: urgent data</td>
 *     <td>{@code EPOLLPRI}</td><td>refused with {@code EOPNOTSUPP}</td>
 *     <td>{@code RECEIVE_EXPEDITED}</td></tr>
 * <tr><td>with any of these: a reset, a failed connect, an error that waits</td>
 *     <td>{@code EPOLLERR}, {@code EPOLLHUP}</td>
 *     <td>{@code EV_EOF} with an error, of either filter</td>
 *     <td>{@code ABORT}, {@code CONNECT_FAIL}</td></tr>
 * <tr><td>with any of these: an error of a datagram socket, which closes nothing</td>
 *     <td>{@code EPOLLERR}</td>
 *     <td>{@code EVFILT_READ} alone, so with {@link #READABLE}</td>
 *     <td>{@code ABORT}, {@code RECEIVE}</td></tr>
 * <tr><td>{@link #NONE}</td><td>nothing</td><td>nothing</td><td>nothing</td></tr>
 * </table>
 *
 * <p>So who asks for one direction learns of a reset, which ends both. A half-close belongs to
 * reading: who asks for {@link #WRITABLE} alone does not hear of it. With {@link #NONE} nothing is
 * heard, not even a reset, until there is an interest again; then it is heard at once.
 *
 * <p>Who pauses reading and has nothing to write, and wants to hear of a reset meanwhile, asks for
 * {@link #WRITABLE} with {@link Trigger#EDGE}: there is one event now, and the next when the
 * connection breaks, or when there is room again after a write that found none. Unread data is
 * silent, and it cannot spin. That holds on every platform, so there is no interest of its own for
 * it.
 *
 * <p>Immutable, any thread.
 */
public final class Interest {
  private static final int READABLE_BIT = 1;
  private static final int WRITABLE_BIT = 2;
  private static final int PRIORITY_BIT = 4;

  private static final Interest[] ALL = new Interest[8];

  static {
    for (int bits = 0; bits < ALL.length; bits++) {
      ALL[bits] = new Interest(bits);
    }
  }

  /**
   * Nothing at all, not even errors: the descriptor leaves the kernel's set until its interest
   * changes again.
   */
  public static final Interest NONE = ALL[0];

  /** Data, a connection to accept, or the end of the stream. */
  public static final Interest READABLE = ALL[READABLE_BIT];

  /** Room to write, or a connect that has ended one way or the other. */
  public static final Interest WRITABLE = ALL[WRITABLE_BIT];

  /** Readable and writable both. */
  public static final Interest READABLE_WRITABLE = ALL[READABLE_BIT | WRITABLE_BIT];

  /**
   * Urgent data: TCP out-of-band bytes, or what the kernel calls {@code POLLPRI} for other
   * descriptors.
   */
  public static final Interest PRIORITY = ALL[PRIORITY_BIT];

  private final int bits;

  private Interest(int bits) {
    this.bits = bits;
  }

  /**
   * {@return the union of this interest and another}
   *
   * @param other what to ask for besides
   */
  public Interest with(Interest other) {
    return ALL[bits | other.bits];
  }

  /**
   * {@return this interest without another}
   *
   * @param other what to ask for no longer
   */
  public Interest without(Interest other) {
    return ALL[bits & ~other.bits];
  }

  /** {@return whether {@link #READABLE} is in the union} */
  public boolean isReadable() {
    return (bits & READABLE_BIT) != 0;
  }

  /** {@return whether {@link #WRITABLE} is in the union} */
  public boolean isWritable() {
    return (bits & WRITABLE_BIT) != 0;
  }

  /** {@return whether {@link #PRIORITY} is in the union} */
  public boolean isPriority() {
    return (bits & PRIORITY_BIT) != 0;
  }

  /** {@return the union's name, as in {@code READABLE|WRITABLE}; {@code NONE} for the empty one} */
  @Override
  public String toString() {
    return BitNames.join(bits, "READABLE", "WRITABLE", "PRIORITY");
  }
}
