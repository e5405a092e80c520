package mill.natives.memory;

import java.util.Objects;
import java.util.function.Consumer;

/**
 * How a {@link BufferPool} is set up. Immutable, any thread.
 *
 * {@snippet :
 * var pool = BufferPool.open(BufferPoolConfig.builder().maxBytes(256L << 20).build());
 * }
 */
public final class BufferPoolConfig {
  /** The system property that makes pools checked unless the program says otherwise. */
  public static final String CHECKED_PROPERTY = "mill.buffers.checked";

  private static final int MAX_DEFAULT_SLAB_BYTES = 1 << 20;

  private final long maxBytes;
  private final int minBufferBytes;
  private final int maxBufferBytes;
  private final int slabBytes;
  private final int buffersPerThreadCache;
  private final boolean checked;
  private final Consumer<LeakReport> onLeak;

  private BufferPoolConfig(Builder builder) {
    maxBytes = builder.maxBytes;
    minBufferBytes = builder.minBufferBytes;
    maxBufferBytes = builder.maxBufferBytes;
    slabBytes = builder.slabBytes == 0 ? defaultSlabBytes() : builder.slabBytes;
    buffersPerThreadCache = builder.buffersPerThreadCache;
    checked = builder.checked;
    onLeak = builder.onLeak;
  }

  /**
   * {@return the set-up of {@link BufferPool#open()}, as each method of {@link Builder} tells it}
   */
  public static BufferPoolConfig defaults() {
    return builder().build();
  }

  /** {@return a builder that begins with the defaults} */
  public static Builder builder() {
    return new Builder();
  }

  /** {@return the most memory that the pool may reserve, in bytes} */
  public long maxBytes() {
    return maxBytes;
  }

  /** {@return the size of the smallest buffer, in bytes: a power of two} */
  public int minBufferBytes() {
    return minBufferBytes;
  }

  /** {@return the size of the largest buffer, in bytes: a power of two} */
  public int maxBufferBytes() {
    return maxBufferBytes;
  }

  /** {@return the memory that is reserved at a time, in bytes: a power of two} */
  public int slabBytes() {
    return slabBytes;
  }

  /** {@return the most idle buffers of each size that a thread keeps for itself} */
  public int buffersPerThreadCache() {
    return buffersPerThreadCache;
  }

  /** {@return whether every misuse of a buffer throws and lost buffers are reported} */
  public boolean checked() {
    return checked;
  }

  /** {@return who hears of the buffers that a checked pool finds lost} */
  public Consumer<LeakReport> onLeak() {
    return onLeak;
  }

  /** {@return names and values} */
  @Override
  public String toString() {
    return "BufferPoolConfig[maxBytes=%d, minBufferBytes=%d, maxBufferBytes=%d, slabBytes=%d, buffersPerThreadCache=%d, checked=%s]"
        .formatted(
            maxBytes, minBufferBytes, maxBufferBytes, slabBytes, buffersPerThreadCache, checked);
  }

  private int defaultSlabBytes() {
    long sixteenth = Long.highestOneBit(Math.max(1, maxBytes / 16));
    return (int) Math.max(maxBufferBytes, Math.min(sixteenth, MAX_DEFAULT_SLAB_BYTES));
  }

  /**
   * Collects a set-up. Not thread-safe. A value out of its range is refused at once, and the
   * message tells the range; how the values fit together is checked by {@link #build()}.
   */
  public static final class Builder {
    private long maxBytes = 64L << 20;
    private int minBufferBytes = 256;
    private int maxBufferBytes = 64 << 10;
    private int slabBytes;
    private int buffersPerThreadCache = 32;
    private boolean checked = Boolean.getBoolean(CHECKED_PROPERTY);
    private Consumer<LeakReport> onLeak = LeakDetector::log;

    private Builder() {}

    /**
     * Bounds the memory that the pool may reserve; by default 64 MiB.
     *
     * @param value bytes, at least one slab
     * @return this
     */
    public Builder maxBytes(long value) {
      if (value <= 0) {
        throw new IllegalArgumentException("maxBytes must be positive, not " + value);
      }
      maxBytes = value;
      return this;
    }

    /**
     * Chooses the sizes of buffers: the powers of two from the smallest to the largest; by default
     * 256 bytes to 64 KiB.
     *
     * @param smallest bytes, a power of two, at least {@value BufferPool#ALIGNMENT_BYTES}
     * @param largest bytes, a power of two
     * @return this
     */
    public Builder bufferBytes(int smallest, int largest) {
      minBufferBytes = powerOfTwo("minBufferBytes", smallest);
      maxBufferBytes = powerOfTwo("maxBufferBytes", largest);
      return this;
    }

    /**
     * Chooses how much memory is reserved at a time; by default a sixteenth of {@link #maxBytes},
     * but at most 1 MiB and at least one largest buffer.
     *
     * @param value bytes, a power of two, at least one largest buffer; 0 for the default
     * @return this
     */
    public Builder slabBytes(int value) {
      slabBytes = value == 0 ? 0 : powerOfTwo("slabBytes", value);
      return this;
    }

    /**
     * Bounds how many idle buffers of each size a thread keeps for itself; by default 32.
     *
     * @param value the number of buffers, 0 for no caches
     * @return this
     */
    public Builder buffersPerThreadCache(int value) {
      if (value < 0) {
        throw new IllegalArgumentException(
            "buffersPerThreadCache must not be negative, but is " + value);
      }
      buffersPerThreadCache = value;
      return this;
    }

    /**
     * Chooses whether every misuse of a buffer throws, and lost buffers are reported with the place
     * where they were acquired. It costs tens of microseconds for each buffer, see {@link
     * PooledBuffer}. By default what the system property {@value #CHECKED_PROPERTY} says, or else
     * no.
     *
     * @param value whether to check
     * @return this
     */
    public Builder checked(boolean value) {
      checked = value;
      return this;
    }

    /**
     * Chooses who hears of the buffers that a checked pool finds lost; by default each is logged as
     * a warning.
     *
     * @param value told of each lost buffer once, without a lock, by whatever thread uses the pool
     *     next. What it throws is logged
     * @return this
     */
    public Builder onLeak(Consumer<LeakReport> value) {
      onLeak = Objects.requireNonNull(value, "onLeak");
      return this;
    }

    /**
     * Makes the set-up.
     *
     * @return the set-up
     * @throws IllegalArgumentException if the smallest buffer is larger than the largest, a slab
     *     smaller than the largest buffer, or the cap smaller than a slab
     */
    public BufferPoolConfig build() {
      if (minBufferBytes < BufferPool.ALIGNMENT_BYTES || minBufferBytes > maxBufferBytes) {
        throw new IllegalArgumentException(
            "minBufferBytes must be "
                + BufferPool.ALIGNMENT_BYTES
                + " to maxBufferBytes, "
                + maxBufferBytes
                + ", not "
                + minBufferBytes);
      }
      var config = new BufferPoolConfig(this);
      if (config.slabBytes < maxBufferBytes) {
        throw new IllegalArgumentException(
            "slabBytes must hold one largest buffer, "
                + maxBufferBytes
                + " bytes, not "
                + config.slabBytes);
      }
      if (maxBytes < config.slabBytes) {
        throw new IllegalArgumentException(
            "maxBytes must hold one slab, " + config.slabBytes + " bytes, not " + maxBytes);
      }
      return config;
    }

    private static int powerOfTwo(String name, int bytes) {
      if (bytes <= 0 || Integer.bitCount(bytes) != 1) {
        throw new IllegalArgumentException(name + " must be a power of two, not " + bytes);
      }
      return bytes;
    }
  }
}
