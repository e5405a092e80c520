package mill.natives.memory;

import java.util.List;

/**
 * What a {@link BufferPool} has done since it was opened, and what it holds.
 *
 * @param capBytes the most memory that the pool may reserve, in bytes
 * @param reservedBytes the memory reserved in slabs, in bytes: never more than {@code capBytes},
 *     and 0 after the pool was closed and the last buffer came back
 * @param exhausted how many acquisitions found no buffer
 * @param sizeClasses the counters of each size, the smallest first
 */
public record PoolStats(
    long capBytes, long reservedBytes, long exhausted, List<SizeClassStats> sizeClasses) {

  /**
   * The counters of the buffers of one size.
   *
   * @param capacityBytes the size, in bytes
   * @param acquired how many were lent
   * @param released how many were given back by their owners
   * @param leaked how many a checked pool took back because their owners lost them
   * @param cacheMisses how many acquisitions the thread's own cache could not serve
   */
  public record SizeClassStats(
      int capacityBytes, long acquired, long released, long leaked, long cacheMisses) {

    /**
     * Returns how many are lent at this moment.
     *
     * @return {@code acquired - released - leaked}
     */
    public long outstanding() {
      return acquired - released - leaked;
    }

    /**
     * Returns how many acquisitions the thread's own cache served.
     *
     * @return {@code acquired - cacheMisses}
     */
    public long cacheHits() {
      return acquired - cacheMisses;
    }
  }

  /**
   * Makes the numbers of one moment.
   *
   * @throws NullPointerException if {@code sizeClasses} is null
   */
  public PoolStats {
    sizeClasses = List.copyOf(sizeClasses);
  }

  /**
   * Returns how many buffers were lent.
   *
   * @return the sum over all sizes
   */
  public long acquired() {
    return sizeClasses.stream().mapToLong(SizeClassStats::acquired).sum();
  }

  /**
   * Returns how many buffers were given back by their owners.
   *
   * @return the sum over all sizes
   */
  public long released() {
    return sizeClasses.stream().mapToLong(SizeClassStats::released).sum();
  }

  /**
   * Returns how many buffers a checked pool took back because their owners lost them.
   *
   * @return the sum over all sizes
   */
  public long leaked() {
    return sizeClasses.stream().mapToLong(SizeClassStats::leaked).sum();
  }

  /**
   * Returns how many buffers are lent at this moment.
   *
   * @return {@code acquired - released - leaked}
   */
  public long outstanding() {
    return acquired() - released() - leaked();
  }

  /**
   * Returns how many acquisitions the caches of their threads served.
   *
   * @return the sum over all sizes
   */
  public long cacheHits() {
    return sizeClasses.stream().mapToLong(SizeClassStats::cacheHits).sum();
  }

  /**
   * Returns how many acquisitions the caches of their threads could not serve.
   *
   * @return the sum over all sizes
   */
  public long cacheMisses() {
    return sizeClasses.stream().mapToLong(SizeClassStats::cacheMisses).sum();
  }
}
