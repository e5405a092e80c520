package mill.core.net;

import java.util.concurrent.atomic.AtomicLongArray;

/** The counts of a pool on one loop: that loop's thread counts, any thread reads. */
@SuppressWarnings("EnumOrdinal") // indices that nobody else sees
final class PoolCounts {
  /** What is counted. The first ones are no counts but what there is. */
  enum Count {
    LEASED,
    IDLE,
    CONNECTING,
    CLOSING,
    WAITING,
    CONNECTED,
    CONNECT_FAILURES,
    LEASES,
    TIMEOUTS,
    CANCELLED,
    EXHAUSTED,
    EVICTED,
    EXPIRED,
    DISCARDED
  }

  private static final int NUMBER = Count.values().length;

  private final AtomicLongArray values = new AtomicLongArray(NUMBER);

  void add(Count what, int difference) {
    int index = what.ordinal();
    values.setRelease(index, values.getPlain(index) + difference);
  }

  int get(Count what) {
    return (int) values.get(what.ordinal());
  }

  /** Who makes work for the loop. */
  int load() {
    return get(Count.LEASED) + get(Count.CONNECTING) + get(Count.WAITING);
  }

  PoolMetrics snapshot() {
    return new PoolMetrics(
        get(Count.LEASED),
        get(Count.IDLE),
        get(Count.CONNECTING),
        get(Count.CLOSING),
        get(Count.WAITING),
        values.get(Count.CONNECTED.ordinal()),
        values.get(Count.CONNECT_FAILURES.ordinal()),
        values.get(Count.LEASES.ordinal()),
        values.get(Count.TIMEOUTS.ordinal()),
        values.get(Count.CANCELLED.ordinal()),
        values.get(Count.EXHAUSTED.ordinal()),
        values.get(Count.EVICTED.ordinal()),
        values.get(Count.EXPIRED.ordinal()),
        values.get(Count.DISCARDED.ordinal()));
  }
}
