package mill.core.net;

/**
 * What a {@link ConnectionPool} has and has done. A snapshot; on the loop's thread, and when the
 * pool has closed, it is exact.
 *
 * @param leased connections that are lent, or just come back
 * @param idle connections that wait to be lent
 * @param connecting connections that are made or tried
 * @param closing connections that are on their way out; they keep their place until they have gone
 * @param waiting who waits for a connection
 * @param connected how many connections have stood, ever, as the rest
 * @param connectFailures how many did not come to stand
 * @param leases how many leases had a connection
 * @param timeouts how many leases waited too long
 * @param cancelled how many leases were cancelled
 * @param exhausted how many leases were refused, as there were too many waiters
 * @param evicted how many idle connections the peer has ended, or sent something on
 * @param expired how many connections were closed for their age, or for having been idle too long
 * @param discarded how many connections were not fit to be lent again: discarded, ended by who had
 *     them, found with something on the way, or found bad when they were tried
 */
public record PoolMetrics(
    int leased,
    int idle,
    int connecting,
    int closing,
    int waiting,
    long connected,
    long connectFailures,
    long leases,
    long timeouts,
    long cancelled,
    long exhausted,
    long evicted,
    long expired,
    long discarded) {

  /** {@return how many places are taken: of connections, whatever they do} */
  public int places() {
    return leased + idle + connecting + closing;
  }

  PoolMetrics plus(PoolMetrics other) {
    return new PoolMetrics(
        leased + other.leased,
        idle + other.idle,
        connecting + other.connecting,
        closing + other.closing,
        waiting + other.waiting,
        connected + other.connected,
        connectFailures + other.connectFailures,
        leases + other.leases,
        timeouts + other.timeouts,
        cancelled + other.cancelled,
        exhausted + other.exhausted,
        evicted + other.evicted,
        expired + other.expired,
        discarded + other.discarded);
  }
}
