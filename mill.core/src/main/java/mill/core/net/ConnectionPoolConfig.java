package mill.core.net;

import static java.util.Objects.requireNonNull;
import static mill.core.internal.Checks.inRange;

import java.time.Duration;
import java.util.function.Function;
import mill.core.internal.Durations;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link ConnectionPool} treats its connections. Immutable: each method returns another
 * configuration.
 *
 * <table>
 * <caption>The defaults</caption>
 * <tr><td>{@link #connection}</td><td>{@link ConnectionConfig#defaults}</td></tr>
 * <tr><td>{@link #maxConnections}</td><td>no limit in all, 16 to a target</td></tr>
 * <tr><td>{@link #maxWaiters}</td><td>1,024</td></tr>
 * <tr><td>{@link #leaseTimeout}</td><td>30 s</td></tr>
 * <tr><td>{@link #minIdle}</td><td>0</td></tr>
 * <tr><td>{@link #idleTimeout}</td><td>30 s</td></tr>
 * <tr><td>{@link #maxLifetime}</td><td>30 min</td></tr>
 * <tr><td>{@link #jitter}</td><td>0.1</td></tr>
 * <tr><td>{@link #validation}</td><td>none</td></tr>
 * </table>
 *
 * <p>Of a pool over a group of loops limits and minima are those of all loops together; each loop
 * has its share of them.
 */
public final class ConnectionPoolConfig {
  /** The value of {@link #maxConnections} that stands for no limit. */
  public static final int NO_LIMIT = Integer.MAX_VALUE;

  private static final double MAX_JITTER = 0.5;
  private static final ConnectionPoolConfig DEFAULTS = new ConnectionPoolConfig(new Draft());

  /** What a configuration is made from. */
  private static final class Draft {
    private ConnectionConfig connection = ConnectionConfig.defaults();
    private int maxTotal = NO_LIMIT;
    private int maxPerTarget = 16;
    private int maxWaiters = 1024;
    private int minIdle;
    private long leaseNs = 30_000_000_000L;
    private long idleNs = 30_000_000_000L;
    private long lifetimeNs = 1_800_000_000_000L;
    private double jitter = 0.1;
    private long validateAfterNs;
    private long validationNs;
    private @Nullable Function<? super Lease, ? extends ConnectionHandler> validator;
  }

  final ConnectionConfig connection;
  final int maxTotal;
  final int maxPerTarget;
  final int maxWaiters;
  final int minIdle;
  final long leaseNs;
  final long idleNs;
  final long lifetimeNs;
  final double jitter;
  final long validateAfterNs;
  final long validationNs;
  final @Nullable Function<? super Lease, ? extends ConnectionHandler> validator;

  private ConnectionPoolConfig(Draft draft) {
    connection = draft.connection;
    maxTotal = draft.maxTotal;
    maxPerTarget = draft.maxPerTarget;
    maxWaiters = draft.maxWaiters;
    minIdle = draft.minIdle;
    leaseNs = draft.leaseNs;
    idleNs = draft.idleNs;
    lifetimeNs = draft.lifetimeNs;
    jitter = draft.jitter;
    validateAfterNs = draft.validateAfterNs;
    validationNs = draft.validationNs;
    validator = draft.validator;
  }

  private Draft draft() {
    var draft = new Draft();
    draft.connection = connection;
    draft.maxTotal = maxTotal;
    draft.maxPerTarget = maxPerTarget;
    draft.maxWaiters = maxWaiters;
    draft.minIdle = minIdle;
    draft.leaseNs = leaseNs;
    draft.idleNs = idleNs;
    draft.lifetimeNs = lifetimeNs;
    draft.jitter = jitter;
    draft.validateAfterNs = validateAfterNs;
    draft.validationNs = validationNs;
    draft.validator = validator;
    return draft;
  }

  /** {@return the configuration that the class comment tells} */
  public static ConnectionPoolConfig defaults() {
    return DEFAULTS;
  }

  /**
   * Chooses how each connection is treated, while it is leased.
   *
   * @param value without a limit of connections
   * @return a configuration with it
   */
  public ConnectionPoolConfig connection(ConnectionConfig value) {
    if (value.limitsConnections()) {
      throw new IllegalArgumentException(
          "maxConnections of a ConnectionConfig is for servers: use that of the pool, " + value);
    }
    Draft draft = draft();
    draft.connection = value;
    return new ConnectionPoolConfig(draft);
  }

  /**
   * Limits how many connections there may be, those that are just made or closed included. At the
   * limit in all, an idle connection to another target is closed to make room.
   *
   * @param total in all, at least 1, or {@link #NO_LIMIT}
   * @param perTarget to one target, at least 1, or {@link #NO_LIMIT}
   * @return a configuration with them
   */
  public ConnectionPoolConfig maxConnections(int total, int perTarget) {
    Draft draft = draft();
    draft.maxTotal = inRange("total", total, 1, NO_LIMIT);
    draft.maxPerTarget = inRange("perTarget", perTarget, 1, NO_LIMIT);
    return new ConnectionPoolConfig(draft);
  }

  /**
   * Limits how many may wait for a connection when none is on its way to them. Who comes then is
   * told {@link CloseCause.Kind#POOL_EXHAUSTED}.
   *
   * @param value at least 0
   * @return a configuration with it
   */
  public ConnectionPoolConfig maxWaiters(int value) {
    Draft draft = draft();
    draft.maxWaiters = inRange("maxWaiters", value, 0, NO_LIMIT);
    return new ConnectionPoolConfig(draft);
  }

  /**
   * Limits how long somebody waits for a connection. He is told {@link
   * CloseCause.Kind#LEASE_TIMEOUT} then.
   *
   * @param value more than 0
   * @return a configuration with it
   */
  public ConnectionPoolConfig leaseTimeout(Duration value) {
    Draft draft = draft();
    draft.leaseNs = positiveNs("leaseTimeout", value);
    return new ConnectionPoolConfig(draft);
  }

  /**
   * Chooses how many idle connections are kept ready for each target, from the first time on that
   * somebody asks for it.
   *
   * @param value at least 0; the limits of connections win
   * @return a configuration with it
   */
  public ConnectionPoolConfig minIdle(int value) {
    Draft draft = draft();
    draft.minIdle = inRange("minIdle", value, 0, NO_LIMIT);
    return new ConnectionPoolConfig(draft);
  }

  /**
   * Closes what was not leased for some time. Shorter than the server's own limit, so that no
   * connection is lent that the server is about to close.
   *
   * @param value more than 0
   * @return a configuration with it
   */
  public ConnectionPoolConfig idleTimeout(Duration value) {
    Draft draft = draft();
    draft.idleNs = positiveNs("idleTimeout", value);
    return new ConnectionPoolConfig(draft);
  }

  /**
   * Closes connections of some age: idle ones then, leased ones as they come back.
   *
   * @param value more than 0
   * @return a configuration with it
   */
  public ConnectionPoolConfig maxLifetime(Duration value) {
    Draft draft = draft();
    draft.lifetimeNs = positiveNs("maxLifetime", value);
    return new ConnectionPoolConfig(draft);
  }

  /**
   * Shortens the idle and life times of each connection by a random part, so that what was made
   * together is not closed together.
   *
   * @param fraction the largest part, 0 to 0.5
   * @return a configuration with it
   */
  public ConnectionPoolConfig jitter(double fraction) {
    if (!(fraction >= 0 && fraction <= MAX_JITTER)) {
      throw new IllegalArgumentException("jitter must be 0 to 0.5, not " + fraction);
    }
    Draft draft = draft();
    draft.jitter = fraction;
    return new ConnectionPoolConfig(draft);
  }

  /**
   * Tries a connection before it is lent, if it was idle for some time. The validator makes a
   * handler for the trial, which says what came of it: {@link Lease#release} if the connection is
   * good, {@link Lease#discard} if not. It is closed also if it does neither in time.
   *
   * @param idleFor how long it was idle at least, 0 for always
   * @param timeout how long a trial may take, more than 0
   * @param validator is given the lease of the trial; on the loop's thread
   * @return a configuration with it
   */
  public ConnectionPoolConfig validation(
      Duration idleFor,
      Duration timeout,
      Function<? super Lease, ? extends ConnectionHandler> validator) {
    if (idleFor.isNegative()) {
      throw new IllegalArgumentException("idleFor must be at least 0, not " + idleFor);
    }
    Draft draft = draft();
    draft.validateAfterNs = Durations.saturatedNs(idleFor);
    draft.validationNs = positiveNs("timeout", timeout);
    draft.validator = requireNonNull(validator, "validator");
    return new ConnectionPoolConfig(draft);
  }

  /** How many loops of some can have a share of the limits. */
  int loops(int available) {
    return Math.min(available, Math.min(maxTotal, maxPerTarget));
  }

  /** The share of one of several loops. */
  ConnectionPoolConfig share(int index, int of) {
    Draft draft = draft();
    draft.maxTotal = share(maxTotal, index, of);
    draft.maxPerTarget = share(maxPerTarget, index, of);
    draft.maxWaiters = share(maxWaiters, index, of);
    draft.minIdle = share(minIdle, index, of);
    return new ConnectionPoolConfig(draft);
  }

  private static int share(int value, int index, int of) {
    return value == NO_LIMIT ? value : value / of + (index < value % of ? 1 : 0);
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
    return ("ConnectionPoolConfig[maxConnections=%s/%s, maxWaiters=%d, leaseTimeout=%s, minIdle=%d,"
            + " idleTimeout=%s, maxLifetime=%s, jitter=%s, validation=%s, %s]")
        .formatted(
            maxTotal == NO_LIMIT ? "no limit" : maxTotal,
            maxPerTarget == NO_LIMIT ? "no limit" : maxPerTarget,
            maxWaiters,
            Duration.ofNanos(leaseNs),
            minIdle,
            Duration.ofNanos(idleNs),
            Duration.ofNanos(lifetimeNs),
            jitter,
            validator == null ? "none" : Duration.ofNanos(validateAfterNs),
            connection);
  }
}
