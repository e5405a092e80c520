package mill.natives.memory;

import java.util.List;

/**
 * What a {@link BufferPool} has done since it was opened, and what it holds. Immutable, any thread.
 *
 * @param capBytes the most memory that the pool may reserve, in bytes
 * @param reservedBytes the memory reserved in slabs, in bytes: never more than {@code capBytes},
 *     and 0 after the pool was closed and the last buffer came back
 * @param exhausted how many acquisitions found no buffer
 * @param sizeClasses the counters of each size, the smallest first
 */
public record BufferPoolMetrics(
    long capBytes, long reservedBytes, long exhausted, List<SizeClassMetrics> sizeClasses) {

  /**
   * The counters of the buffers of one size.
   *
   * @param capacityBytes the size, in bytes
   * @param acquired how many were lent
   * @param released how many were given back by their owners
   * @param leaked how many a checked pool took back because their owners lost them
   * @param cacheMisses how many acquisitions the thread's own cache could not serve
   */
  public record SizeClassMetrics(
      int capacityBytes, long acquired, long released, long leaked, long cacheMisses) {

    /** {@return how many are lent at this moment: {@code acquired - released - leaked}} */
    public long outstanding() {
      return acquired - released - leaked;
    }

    /** {@return how many acquisitions the thread's own cache served} */
    public long cacheHits() {
      return acquired - cacheMisses;
    }
  }

  /**
   * Puts the numbers of one moment together.
   *
   * @throws NullPointerException if {@code sizeClasses} is null
   */
  public BufferPoolMetrics {
    sizeClasses = List.copyOf(sizeClasses);
  }

  /** {@return how many buffers of all sizes were lent} */
  public long acquired() {
    return sizeClasses.stream().mapToLong(SizeClassMetrics::acquired).sum();
  }

  /** {@return how many buffers of all sizes were given back by their owners} */
  public long released() {
    return sizeClasses.stream().mapToLong(SizeClassMetrics::released).sum();
  }

  /** {@return how many buffers of all sizes a checked pool took back as lost} */
  public long leaked() {
    return sizeClasses.stream().mapToLong(SizeClassMetrics::leaked).sum();
  }

  /** {@return how many buffers of all sizes are lent at this moment} */
  public long outstanding() {
    return acquired() - released() - leaked();
  }

  /** {@return how many acquisitions of all sizes the caches of their threads served} */
  public long cacheHits() {
    return sizeClasses.stream().mapToLong(SizeClassMetrics::cacheHits).sum();
  }

  /** {@return how many acquisitions of all sizes the caches of their threads could not serve} */
  public long cacheMisses() {
    return sizeClasses.stream().mapToLong(SizeClassMetrics::cacheMisses).sum();
  }
}
