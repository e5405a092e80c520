package mill.core;

import static mill.core.internal.Checks.inRange;

import mill.natives.net.TcpListener;

/** How {@link EventLoop#listen} accepts. Immutable. */
public final class ListenerConfig {
  /** The value of {@link #maxConnections} that stands for no limit. */
  public static final int NO_LIMIT = Integer.MAX_VALUE;

  private final int backlog;
  private final int maxConnections;

  private ListenerConfig(Builder builder) {
    backlog = builder.backlog;
    maxConnections = builder.maxConnections;
  }

  /** {@return the configuration that is used where none is given} {@link Builder} tells it. */
  public static ListenerConfig defaults() {
    return builder().build();
  }

  /** {@return a builder that begins with the defaults} */
  public static Builder builder() {
    return new Builder();
  }

  /** {@return how many connections may wait to be accepted; the system may lower it} */
  public int backlog() {
    return backlog;
  }

  /** {@return how many connections may be open at a time, or {@link #NO_LIMIT}} */
  public int maxConnections() {
    return maxConnections;
  }

  /** {@return names and values} */
  @Override
  public String toString() {
    return "ListenerConfig[backlog=%d, maxConnections=%s]"
        .formatted(backlog, maxConnections == NO_LIMIT ? "no limit" : maxConnections);
  }

  /**
   * Collects a configuration. Not thread-safe. A value out of its range is refused at once, and the
   * message tells the range.
   */
  public static final class Builder {
    private int backlog = TcpListener.DEFAULT_BACKLOG;
    private int maxConnections = NO_LIMIT;

    private Builder() {}

    /**
     * Chooses how many connections may wait to be accepted; by default {@link
     * TcpListener#DEFAULT_BACKLOG}.
     *
     * @param value at least 1
     * @return this
     */
    public Builder backlog(int value) {
      backlog = inRange("backlog", value, 1, Integer.MAX_VALUE);
      return this;
    }

    /**
     * Limits how many of the accepted connections may be open at a time; by default there is no
     * limit. A connection counts from its accept until its stream is closed. While so many are
     * open, others wait in the backlog; accepting goes on by itself when one is closed.
     *
     * @param value at least 1
     * @return this
     */
    public Builder maxConnections(int value) {
      maxConnections = inRange("maxConnections", value, 1, NO_LIMIT);
      return this;
    }

    /** {@return the configuration} */
    public ListenerConfig build() {
      return new ListenerConfig(this);
    }
  }
}
