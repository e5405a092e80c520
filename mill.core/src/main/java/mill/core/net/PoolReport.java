package mill.core.net;

/**
 * What became of everything when a {@link ConnectionPool} was drained.
 *
 * @param waitersFailed who waited in vain for a connection
 * @param cancelled connections that were just made or tried
 * @param idleClosed idle connections
 * @param returned connections that were leased, and came back or ended in time
 * @param forced connections that were still there when the time was over, and were reset
 */
public record PoolReport(
    int waitersFailed, int cancelled, int idleClosed, int returned, int forced) {
  PoolReport plus(PoolReport other) {
    return new PoolReport(
        waitersFailed + other.waitersFailed,
        cancelled + other.cancelled,
        idleClosed + other.idleClosed,
        returned + other.returned,
        forced + other.forced);
  }
}
