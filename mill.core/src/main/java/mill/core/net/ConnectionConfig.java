package mill.core.net;

import static java.util.Objects.requireNonNull;
import static mill.core.internal.Checks.inRange;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import mill.core.internal.Durations;
import org.jspecify.annotations.Nullable;

/**
 * How a connection is treated. Immutable: each method returns another configuration.
 *
 * <table>
 * <caption>The defaults</caption>
 * <tr><td>{@link #framer}</td><td>{@link Framer#RAW}</td></tr>
 * <tr><td>{@link #maxFrame}</td><td>64 KiB</td></tr>
 * <tr><td>{@link #marks}</td><td>64 KiB and 256 KiB</td></tr>
 * <tr><td>{@link #queueLimit}</td><td>4 MiB</td></tr>
 * <tr><td>{@link #pauseWhenCongested}</td><td>on if it was accepted, off if it was connected</td></tr>
 * <tr><td>{@link #connectTimeout}</td><td>10 s</td></tr>
 * <tr><td>{@link #attemptDelay}</td><td>250 ms</td></tr>
 * <tr><td>{@link #resolver}</td><td>the system's</td></tr>
 * <tr><td>{@link #idle}</td><td>none</td></tr>
 * <tr><td>{@link #readIdle}</td><td>none</td></tr>
 * <tr><td>{@link #writeStall}</td><td>60 s</td></tr>
 * <tr><td>{@link #closeTimeout}</td><td>5 s</td></tr>
 * <tr><td>{@link #layer}</td><td>none</td></tr>
 * <tr><td>{@link #maxConnections}</td><td>no limit</td></tr>
 * <tr><td>{@link #acceptRate}</td><td>no limit</td></tr>
 * </table>
 *
 * <p>{@link mill.natives.net.SockOpt#TCP_NODELAY} is on, as for every TCP stream.
 */
public final class ConnectionConfig {
  /** The value of {@link #maxConnections} and {@link #acceptRate} that stands for no limit. */
  public static final int NO_LIMIT = Integer.MAX_VALUE;

  /** The longest frame that can be allowed, in bytes: 1 GiB. */
  public static final long MAX_FRAME = 1L << 30;

  private static final ConnectionConfig DEFAULTS = new ConnectionConfig(new Draft());

  /** Of a queue that somebody else limits. */
  static final ConnectionConfig UNLIMITED = unlimited();

  private static ConnectionConfig unlimited() {
    Draft draft = DEFAULTS.draft();
    draft.low = 0;
    draft.high = Long.MAX_VALUE;
    draft.queueLimit = Long.MAX_VALUE;
    return new ConnectionConfig(draft);
  }

  /** What a configuration is made from. */
  private static final class Draft {
    private Framer framer = Framer.RAW;
    private int maxFrame = 64 << 10;
    private long low = 64 << 10;
    private long high = 256 << 10;
    private long queueLimit = 4 << 20;
    private int pauseWhenCongested; // 0: as it was made, 1: on, -1: off
    private long connectTimeoutNs = 10_000_000_000L;
    private long attemptDelayNs = 250_000_000L;
    private @Nullable NameResolver resolver;
    private long idleNs;
    private long readIdleNs;
    private long writeStallNs = 60_000_000_000L;
    private long closeTimeoutNs = 5_000_000_000L;
    private List<Supplier<? extends Layer>> layers = List.of();
    private int maxTotal = NO_LIMIT;
    private int maxPerAddress = NO_LIMIT;
    private int acceptRate = NO_LIMIT;
    private int acceptBurst = 1;
  }

  final Framer framer;
  final int maxFrame;
  final long low;
  final long high;
  final long queueLimit;
  private final int pauseWhenCongested;
  final long connectTimeoutNs;
  final long attemptDelayNs;
  final @Nullable NameResolver resolver; // null: the system's
  final long idleNs; // 0: none
  final long readIdleNs; // 0: none
  final long writeStallNs;
  final long closeTimeoutNs;
  final List<Supplier<? extends Layer>> layers; // the first is next to the socket
  final int maxTotal;
  final int maxPerAddress;
  final int acceptRate; // in a second
  final int acceptBurst;

  private ConnectionConfig(Draft draft) {
    framer = draft.framer;
    maxFrame = draft.maxFrame;
    low = draft.low;
    high = draft.high;
    queueLimit = draft.queueLimit;
    pauseWhenCongested = draft.pauseWhenCongested;
    connectTimeoutNs = draft.connectTimeoutNs;
    attemptDelayNs = draft.attemptDelayNs;
    resolver = draft.resolver;
    idleNs = draft.idleNs;
    readIdleNs = draft.readIdleNs;
    writeStallNs = draft.writeStallNs;
    closeTimeoutNs = draft.closeTimeoutNs;
    layers = draft.layers;
    maxTotal = draft.maxTotal;
    maxPerAddress = draft.maxPerAddress;
    acceptRate = draft.acceptRate;
    acceptBurst = draft.acceptBurst;
  }

  private Draft draft() {
    var draft = new Draft();
    draft.framer = framer;
    draft.maxFrame = maxFrame;
    draft.low = low;
    draft.high = high;
    draft.queueLimit = queueLimit;
    draft.pauseWhenCongested = pauseWhenCongested;
    draft.connectTimeoutNs = connectTimeoutNs;
    draft.attemptDelayNs = attemptDelayNs;
    draft.resolver = resolver;
    draft.idleNs = idleNs;
    draft.readIdleNs = readIdleNs;
    draft.writeStallNs = writeStallNs;
    draft.closeTimeoutNs = closeTimeoutNs;
    draft.layers = layers;
    draft.maxTotal = maxTotal;
    draft.maxPerAddress = maxPerAddress;
    draft.acceptRate = acceptRate;
    draft.acceptBurst = acceptBurst;
    return draft;
  }

  /** {@return the configuration that the class comment tells} */
  public static ConnectionConfig defaults() {
    return DEFAULTS;
  }

  boolean pausesWhenCongested(boolean accepted) {
    return pauseWhenCongested == 0 ? accepted : pauseWhenCongested > 0;
  }

  boolean limitsConnections() {
    return maxTotal != NO_LIMIT || maxPerAddress != NO_LIMIT || acceptRate != NO_LIMIT;
  }

  /**
   * Chooses what is a frame, until {@link Connection#framer} says something else.
   *
   * @param value shared by all connections with this configuration
   * @return a configuration with it
   */
  public ConnectionConfig framer(Framer value) {
    Draft draft = draft();
    draft.framer = requireNonNull(value, "framer");
    return new ConnectionConfig(draft);
  }

  /**
   * Limits how long a frame may be, whatever the framer. A longer one ends the connection with
   * {@link CloseCause.Kind#FRAME_TOO_LONG} before memory is taken for it.
   *
   * @param bytes 1 to {@link #MAX_FRAME}
   * @return a configuration with it
   */
  public ConnectionConfig maxFrame(long bytes) {
    Draft draft = draft();
    draft.maxFrame = (int) inRange("maxFrame", bytes, 1, MAX_FRAME);
    return new ConnectionConfig(draft);
  }

  /**
   * Chooses when a connection counts as congested: from more than the high mark queued, down to the
   * low mark.
   *
   * @param lowBytes at least 0
   * @param highBytes at least the low mark
   * @return a configuration with them
   */
  public ConnectionConfig marks(long lowBytes, long highBytes) {
    Draft draft = draft();
    draft.low = inRange("the low mark", lowBytes, 0, Long.MAX_VALUE >> 1);
    draft.high = inRange("the high mark", highBytes, lowBytes, Long.MAX_VALUE >> 1);
    return new ConnectionConfig(draft);
  }

  /**
   * Limits how much may be queued: a write that finds more is refused, and ends the connection with
   * {@link CloseCause.Kind#OVERFLOW}. What finds less goes in whole, and one callback may go on.
   *
   * @param bytes at least 0
   * @return a configuration with it
   */
  public ConnectionConfig queueLimit(long bytes) {
    Draft draft = draft();
    draft.queueLimit = inRange("queueLimit", bytes, 0, Long.MAX_VALUE >> 1);
    return new ConnectionConfig(draft);
  }

  /**
   * Chooses whether a connection reads while it is congested. A server's output is caused by its
   * input, so it stops reading from whom it cannot write to; a client that did the same would wait
   * for a server that waits for it.
   *
   * @param on whether it pauses
   * @return a configuration with it
   */
  public ConnectionConfig pauseWhenCongested(boolean on) {
    Draft draft = draft();
    draft.pauseWhenCongested = on ? 1 : -1;
    return new ConnectionConfig(draft);
  }

  /**
   * Limits how long a connect may take, its name and all addresses together.
   *
   * @param value more than 0
   * @return a configuration with it
   */
  public ConnectionConfig connectTimeout(Duration value) {
    Draft draft = draft();
    draft.connectTimeoutNs = positiveNs("connectTimeout", value);
    return new ConnectionConfig(draft);
  }

  /**
   * Chooses how long a connect waits for an answer from one address of a name before it begins with
   * the next one beside it (RFC 8305, section 5). The first that answers wins. All have until
   * {@link #connectTimeout}.
   *
   * @param value at least 10 ms; less than 100 ms loads networks with connects that nobody needs
   * @return a configuration with it
   */
  public ConnectionConfig attemptDelay(Duration value) {
    Draft draft = draft();
    draft.attemptDelayNs =
        inRange(
            "attemptDelay in ns", positiveNs("attemptDelay", value), 10_000_000, Long.MAX_VALUE);
    return new ConnectionConfig(draft);
  }

  /**
   * Chooses who finds the addresses of names, in place of the system: that one is asked on at most
   * two threads of the loop.
   *
   * @param value shared by all connections with this configuration
   * @return a configuration with it
   */
  public ConnectionConfig resolver(NameResolver value) {
    Draft draft = draft();
    draft.resolver = requireNonNull(value, "resolver");
    return new ConnectionConfig(draft);
  }

  /**
   * Closes a connection on which nothing has moved for some time, in neither direction, with {@link
   * CloseCause.Kind#IDLE}: nobody uses it, or nobody is there. Each byte that is read or that the
   * system takes begins the time anew, and it does not run while reading is paused.
   *
   * @param value more than 0
   * @return a configuration with it
   */
  public ConnectionConfig idle(Duration value) {
    Draft draft = draft();
    draft.idleNs = positiveNs("idle", value);
    return new ConnectionConfig(draft);
  }

  /**
   * Closes a connection when the peer has said nothing for some time, with {@link
   * CloseCause.Kind#READ_IDLE}, whatever is sent to it meanwhile. The time does not run while
   * reading is paused, nor while the peer is still to take what is queued, for which there is
   * {@link #writeStall}: who downloads slowly is not idle.
   *
   * <p>Where one of the two ends only listens {@link #idle} is the one to choose. For a word to a
   * peer to whom nothing was sent for some time, a heartbeat, set a {@link Connection#deadline}.
   *
   * @param value more than 0
   * @return a configuration with it
   */
  public ConnectionConfig readIdle(Duration value) {
    Draft draft = draft();
    draft.readIdleNs = positiveNs("readIdle", value);
    return new ConnectionConfig(draft);
  }

  /**
   * Resets a connection when bytes are queued and the system took none of them for some time, with
   * {@link CloseCause.Kind#WRITE_STALLED}.
   *
   * @param value more than 0
   * @return a configuration with it
   */
  public ConnectionConfig writeStall(Duration value) {
    Draft draft = draft();
    draft.writeStallNs = positiveNs("writeStall", value);
    return new ConnectionConfig(draft);
  }

  /**
   * Limits how long a {@link Connection#close} waits: for the system to take any of what is queued,
   * and then for the peer to end. When it is over the connection is closed; reset, if something is
   * still queued.
   *
   * @param value more than 0
   * @return a configuration with it
   */
  public ConnectionConfig closeTimeout(Duration value) {
    Draft draft = draft();
    draft.closeTimeoutNs = positiveNs("closeTimeout", value);
    return new ConnectionConfig(draft);
  }

  /**
   * Puts a layer between socket and handler, above those that were put there before.
   *
   * @param value makes one for each connection
   * @return a configuration with it
   */
  public ConnectionConfig layer(Supplier<? extends Layer> value) {
    Draft draft = draft();
    var all = new ArrayList<Supplier<? extends Layer>>(layers);
    all.add(requireNonNull(value, "layer"));
    draft.layers = List.copyOf(all);
    return new ConnectionConfig(draft);
  }

  /**
   * Limits how many connections of a server may be open. At the limit of all, others wait in the
   * backlog; beyond the limit of an address they are closed as they are accepted, and counted.
   * Peers on Unix sockets have no address. For servers: a client refuses it.
   *
   * @param total in all, at least 1, or {@link #NO_LIMIT}
   * @param perAddress from one address, at least 1, or {@link #NO_LIMIT}
   * @return a configuration with them
   */
  public ConnectionConfig maxConnections(int total, int perAddress) {
    Draft draft = draft();
    draft.maxTotal = inRange("total", total, 1, NO_LIMIT);
    draft.maxPerAddress = inRange("perAddress", perAddress, 1, NO_LIMIT);
    return new ConnectionConfig(draft);
  }

  /**
   * Limits how many connections a server accepts in a second. Faster than that, others wait in the
   * backlog, and accepting goes on by itself; {@link TcpServer#ratePauses} counts. For servers: a
   * client refuses it.
   *
   * @param perSecond at least 1, or {@link #NO_LIMIT}
   * @param burst how many may come at once after a quiet time, at least 1
   * @return a configuration with them
   */
  public ConnectionConfig acceptRate(int perSecond, int burst) {
    Draft draft = draft();
    draft.acceptRate = inRange("perSecond", perSecond, 1, NO_LIMIT);
    draft.acceptBurst = inRange("burst", burst, 1, NO_LIMIT);
    return new ConnectionConfig(draft);
  }

  private static long positiveNs(String name, Duration value) {
    if (value.isZero() || value.isNegative()) {
      throw new IllegalArgumentException(name + " must be more than 0, not " + value);
    }
    return Math.min(Durations.saturatedNs(value), Long.MAX_VALUE >> 2);
  }

  /** {@return names and values} */
  @Override
  public String toString() {
    return ("ConnectionConfig[maxFrame=%d, marks=%d/%d, queueLimit=%d, pauseWhenCongested=%s,"
            + " connectTimeout=%s, attemptDelay=%s, resolver=%s, idle=%s, readIdle=%s, writeStall=%s,"
            + " closeTimeout=%s, layers=%d, maxConnections=%s/%s, acceptRate=%s]")
        .formatted(
            maxFrame,
            low,
            high,
            queueLimit,
            pauseWhenCongested == 0 ? "if accepted" : pauseWhenCongested > 0,
            Duration.ofNanos(connectTimeoutNs),
            Duration.ofNanos(attemptDelayNs),
            resolver == null ? "system" : resolver,
            idleNs == 0 ? "none" : Duration.ofNanos(idleNs),
            readIdleNs == 0 ? "none" : Duration.ofNanos(readIdleNs),
            Duration.ofNanos(writeStallNs),
            Duration.ofNanos(closeTimeoutNs),
            layers.size(),
            maxTotal == NO_LIMIT ? "no limit" : maxTotal,
            maxPerAddress == NO_LIMIT ? "no limit" : maxPerAddress,
            acceptRate == NO_LIMIT ? "no limit" : acceptRate + "/s, burst " + acceptBurst);
  }
}
