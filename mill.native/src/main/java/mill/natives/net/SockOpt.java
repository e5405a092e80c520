package mill.natives.net;

/**
 * A typed socket option, by its standard name.
 *
 * <p>An option that the system does not have is refused when used, with {@link
 * UnsupportedOperationException}. For options that are not listed here there is {@code
 * setOption(level, number, value)} on every socket. Immutable, any thread.
 *
 * @param <T> the type of its value
 */
public final class SockOpt<T> {
  /** Whether datagrams may be sent to a broadcast address. */
  public static final SockOpt<Boolean> SO_BROADCAST = flag("SO_BROADCAST");

  /** Whether an idle connection is probed. */
  public static final SockOpt<Boolean> SO_KEEPALIVE = flag("SO_KEEPALIVE");

  /**
   * What becomes of unsent data when a stream is closed. 0 drops it and resets the connection; a
   * negative number is the default: the system goes on sending. A positive number is how many
   * seconds close waits elsewhere; here close waits for nothing, and such a number is the same as
   * the default.
   */
  public static final SockOpt<Integer> SO_LINGER = new SockOpt<>("SO_LINGER", Integer.class);

  /**
   * Whether an urgent byte comes among the others of a TCP stream, instead of by {@link
   * TcpStream#readUrgent()}.
   */
  public static final SockOpt<Boolean> SO_OOBINLINE = flag("SO_OOBINLINE");

  /**
   * The size of the kernel's receive buffer in bytes. Linux doubles what is set and reports the
   * double.
   */
  public static final SockOpt<Integer> SO_RCVBUF = number("SO_RCVBUF");

  /**
   * Whether a listening address may be taken while old connections of it are in TIME_WAIT. A {@link
   * TcpListener} has it on.
   */
  public static final SockOpt<Boolean> SO_REUSEADDR = flag("SO_REUSEADDR");

  /**
   * Whether several sockets may have the same address; Linux then shares connections among them.
   * Set before binding. See {@link TcpListener#bindShards}.
   */
  public static final SockOpt<Boolean> SO_REUSEPORT = flag("SO_REUSEPORT");

  /**
   * The size of the kernel's send buffer in bytes. Linux doubles what is set and reports the
   * double.
   */
  public static final SockOpt<Integer> SO_SNDBUF = number("SO_SNDBUF");

  /** The processor that the socket's packets arrived on. Linux. */
  public static final SockOpt<Integer> SO_INCOMING_CPU = number("SO_INCOMING_CPU");

  /** Whether small segments are held back until there is a full one. Linux. */
  public static final SockOpt<Boolean> TCP_CORK = flag("TCP_CORK");

  /**
   * How many seconds a listener waits for a connection's first data before it reports the
   * connection. Linux.
   */
  public static final SockOpt<Integer> TCP_DEFER_ACCEPT = number("TCP_DEFER_ACCEPT");

  /** How many connections that carry data in their SYN may wait; set on a listener. */
  public static final SockOpt<Integer> TCP_FASTOPEN = number("TCP_FASTOPEN");

  /** How many probes go unanswered before the connection is given up. */
  public static final SockOpt<Integer> TCP_KEEPCNT = number("TCP_KEEPCNT");

  /** How many seconds of silence pass before the first probe. */
  public static final SockOpt<Integer> TCP_KEEPIDLE = number("TCP_KEEPIDLE");

  /** How many seconds pass between probes. */
  public static final SockOpt<Integer> TCP_KEEPINTVL = number("TCP_KEEPINTVL");

  /**
   * Whether small segments are sent at once (Nagle's algorithm off). A {@link TcpStream} has it on.
   */
  public static final SockOpt<Boolean> TCP_NODELAY = flag("TCP_NODELAY");

  /** Whether data is acknowledged at once. Linux; the kernel resets it by itself. */
  public static final SockOpt<Boolean> TCP_QUICKACK = flag("TCP_QUICKACK");

  /**
   * How many milliseconds sent data may stay unacknowledged before the connection is given up.
   * Linux.
   */
  public static final SockOpt<Integer> TCP_USER_TIMEOUT = number("TCP_USER_TIMEOUT");

  /**
   * Whether ICMP errors are queued, with what they are about, for {@link UdpSocket#receiveError}:
   * of an IPv4 socket. Linux.
   */
  public static final SockOpt<Boolean> IP_RECVERR = flag("IP_RECVERR");

  /** Whether ICMP errors are queued, of an IPv6 socket: {@link #IP_RECVERR}. Linux. */
  public static final SockOpt<Boolean> IPV6_RECVERR = flag("IPV6_RECVERR");

  /**
   * Whether datagrams of one sender may be received as one message; {@link
   * mill.natives.platform.ControlData#segmentBytes()} is their size then. Linux.
   */
  public static final SockOpt<Boolean> UDP_GRO = flag("UDP_GRO");

  /** The size in bytes of the datagrams that each send is cut into; 0 for none. Linux. */
  public static final SockOpt<Integer> UDP_SEGMENT = number("UDP_SEGMENT");

  /** Whether an IPv6 socket refuses IPv4; off unless it is set. Set before binding. */
  public static final SockOpt<Boolean> IPV6_V6ONLY = flag("IPV6_V6ONLY");

  private final String name;
  private final Class<T> type;

  private SockOpt(String name, Class<T> type) {
    this.name = name;
    this.type = type;
  }

  private static SockOpt<Boolean> flag(String name) {
    return new SockOpt<>(name, Boolean.class);
  }

  private static SockOpt<Integer> number(String name) {
    return new SockOpt<>(name, Integer.class);
  }

  /** {@return the option's standard name, such as {@code TCP_NODELAY}} */
  public String name() {
    return name;
  }

  /** {@return the type of the option's value, {@code Boolean} or {@code Integer}} */
  public Class<T> type() {
    return type;
  }

  /** {@return the option's standard name} */
  @Override
  public String toString() {
    return name;
  }
}
