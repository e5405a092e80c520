package mill.natives.memory;

import java.util.Objects;
import java.util.function.Consumer;

/**
 * How a {@link BufferPool} is made. Start from {@link #defaults()} and change what matters.
 *
 * {@snippet :
 * var pool = BufferPool.open(BufferPoolConfig.defaults().withMaxBytes(256L << 20));
 * }
 *
 * @param maxBytes the most memory that the pool may reserve, in bytes
 * @param minBufferBytes the smallest buffer, in bytes: a power of two, at least {@value
 *     BufferPool#ALIGNMENT_BYTES}
 * @param maxBufferBytes the largest buffer, in bytes: a power of two
 * @param slabBytes the memory reserved at a time, in bytes: a power of two, at least {@code
 *     maxBufferBytes}; or 0, for a sixteenth of {@code maxBytes}, but at most 1 MiB and at least
 *     one largest buffer
 * @param buffersPerThreadCache the most idle buffers of each size that a thread keeps for itself; 0
 *     for no caches
 * @param checked whether every misuse of a buffer throws and lost buffers are reported with the
 *     place where they were acquired; tens of microseconds per buffer, see {@link PooledBuffer}
 * @param onLeak what a checked pool tells of each lost buffer; called by whatever thread uses the
 *     pool next, without a lock. What it throws is logged
 */
public record BufferPoolConfig(
    long maxBytes,
    int minBufferBytes,
    int maxBufferBytes,
    int slabBytes,
    int buffersPerThreadCache,
    boolean checked,
    Consumer<LeakReport> onLeak) {

  /** The system property that makes pools checked unless the program says otherwise. */
  public static final String CHECKED_PROPERTY = "mill.buffers.checked";

  private static final int MAX_DEFAULT_SLAB_BYTES = 1 << 20;

  /**
   * Checks each value by itself; how they fit together is checked by {@link
   * BufferPool#open(BufferPoolConfig)}.
   *
   * @throws IllegalArgumentException if a size is not a power of two or a number is out of its
   *     range
   */
  public BufferPoolConfig {
    requirePowerOfTwo("minBufferBytes", minBufferBytes);
    requirePowerOfTwo("maxBufferBytes", maxBufferBytes);
    if (slabBytes != 0) {
      requirePowerOfTwo("slabBytes", slabBytes);
    }
    if (maxBytes <= 0) {
      throw new IllegalArgumentException("maxBytes must be positive: " + maxBytes);
    }
    if (buffersPerThreadCache < 0) {
      throw new IllegalArgumentException(
          "buffersPerThreadCache must not be negative: " + buffersPerThreadCache);
    }
    Objects.requireNonNull(onLeak, "onLeak");
  }

  /**
   * Returns the defaults: at most 64 MiB, buffers from 256 bytes to 64 KiB, slabs of 1 MiB, 32
   * buffers of each size per thread, leaks logged as warnings, and unchecked unless the system
   * property {@value #CHECKED_PROPERTY} is {@code true}.
   *
   * @return the defaults
   */
  public static BufferPoolConfig defaults() {
    return new BufferPoolConfig(
        64L << 20, 256, 64 << 10, 0, 32, Boolean.getBoolean(CHECKED_PROPERTY), LeakDetector::log);
  }

  /**
   * Returns this configuration with another cap.
   *
   * @param bytes the most memory that the pool may reserve
   * @return a new configuration
   */
  public BufferPoolConfig withMaxBytes(long bytes) {
    return new BufferPoolConfig(
        bytes, minBufferBytes, maxBufferBytes, slabBytes, buffersPerThreadCache, checked, onLeak);
  }

  /**
   * Returns this configuration with other buffer sizes.
   *
   * @param minBytes the smallest buffer, a power of two
   * @param bytes the largest buffer, a power of two
   * @return a new configuration
   */
  public BufferPoolConfig withBufferBytes(int minBytes, int bytes) {
    return new BufferPoolConfig(
        maxBytes, minBytes, bytes, slabBytes, buffersPerThreadCache, checked, onLeak);
  }

  /**
   * Returns this configuration with another slab size.
   *
   * @param bytes the memory reserved at a time, a power of two, or 0 to let the pool choose
   * @return a new configuration
   */
  public BufferPoolConfig withSlabBytes(int bytes) {
    return new BufferPoolConfig(
        maxBytes, minBufferBytes, maxBufferBytes, bytes, buffersPerThreadCache, checked, onLeak);
  }

  /**
   * Returns this configuration with another bound of the thread caches.
   *
   * @param buffers the most idle buffers of each size that a thread keeps; 0 for no caches
   * @return a new configuration
   */
  public BufferPoolConfig withBuffersPerThreadCache(int buffers) {
    return new BufferPoolConfig(
        maxBytes, minBufferBytes, maxBufferBytes, slabBytes, buffers, checked, onLeak);
  }

  /**
   * Returns this configuration, checked or not.
   *
   * @param on whether misuse always throws and lost buffers are reported
   * @return a new configuration
   */
  public BufferPoolConfig withChecked(boolean on) {
    return new BufferPoolConfig(
        maxBytes, minBufferBytes, maxBufferBytes, slabBytes, buffersPerThreadCache, on, onLeak);
  }

  /**
   * Returns this configuration with another listener for the leaks that a checked pool finds.
   *
   * @param listener called once for each lost buffer, by any thread
   * @return a new configuration
   */
  public BufferPoolConfig withOnLeak(Consumer<LeakReport> listener) {
    return new BufferPoolConfig(
        maxBytes,
        minBufferBytes,
        maxBufferBytes,
        slabBytes,
        buffersPerThreadCache,
        checked,
        listener);
  }

  /** Returns the slab size to use, after checking that the sizes fit each other. */
  int effectiveSlabBytes() {
    if (minBufferBytes < BufferPool.ALIGNMENT_BYTES || minBufferBytes > maxBufferBytes) {
      throw new IllegalArgumentException(
          "minBufferBytes must be at least "
              + BufferPool.ALIGNMENT_BYTES
              + " and at most maxBufferBytes, "
              + maxBufferBytes
              + ": "
              + minBufferBytes);
    }
    int slab = slabBytes == 0 ? defaultSlabBytes() : slabBytes;
    if (slab < maxBufferBytes) {
      throw new IllegalArgumentException(
          "slabBytes must hold one largest buffer, " + maxBufferBytes + " bytes: " + slab);
    }
    if (maxBytes < slab) {
      throw new IllegalArgumentException(
          "maxBytes must hold one slab, " + slab + " bytes: " + maxBytes);
    }
    return slab;
  }

  private int defaultSlabBytes() {
    long sixteenth = Long.highestOneBit(Math.max(1, maxBytes / 16));
    return (int) Math.max(maxBufferBytes, Math.min(sixteenth, MAX_DEFAULT_SLAB_BYTES));
  }

  private static void requirePowerOfTwo(String name, int bytes) {
    if (bytes <= 0 || Integer.bitCount(bytes) != 1) {
      throw new IllegalArgumentException(name + " must be a power of two: " + bytes);
    }
  }
}
