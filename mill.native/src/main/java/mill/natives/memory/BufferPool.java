package mill.natives.memory;

import java.lang.ref.WeakReference;
import org.jspecify.annotations.Nullable;

/**
 * Lends off-heap memory in power-of-two sizes, under a cap, from caches of the calling thread.
 *
 * {@snippet :
 * try (var pool = BufferPool.open()) {
 *   PooledBuffer buffer = pool.acquire(4096);
 *   try {
 *     MemorySegment memory = buffer.segment(); // at least 4096 bytes
 *   } finally {
 *     buffer.release();
 *   }
 * }
 * }
 *
 * <p>Threads: every method may be called by any thread, also while another closes the pool.
 *
 * <p><b>Memory.</b> The pool reserves slabs ({@link BufferPoolConfig#slabBytes()}) as it needs them
 * and cuts each into buffers of one size. What is reserved never exceeds {@link
 * BufferPoolConfig#maxBytes()} and stays reserved until the pool is closed. At the cap, a slab of
 * which no buffer is lent is cut anew for the size that is needed; one lent buffer pins its slab to
 * its size.
 *
 * <p><b>Caches.</b> Each platform thread keeps up to {@link
 * BufferPoolConfig#buffersPerThreadCache()} idle buffers of each size; virtual threads keep none
 * and take a lock instead. No memory is lost there: an acquisition that would fail takes the idle
 * buffers of all other threads first, and those of a dead thread are collected before the pool
 * grows. In steady state acquiring and releasing allocate nothing.
 *
 * <p><b>Closing.</b> {@link #close()} refuses new acquisitions at once. Buffers that are lent stay
 * valid; the memory is freed when the last of them is released, or in a checked pool found lost. In
 * an unchecked pool, a buffer that is never released keeps the pool's memory.
 */
public final class BufferPool implements AutoCloseable {
  /** Every buffer starts at a multiple of this many bytes: a cache line. */
  public static final int ALIGNMENT_BYTES = 64;

  private final SizeClasses sizes;
  private final Depot depot;

  // Not static: a cache belongs to one pool, and closing the pool must let go of it. The depot
  // holds
  // the cache; a thread that outlives the pool must not, or it would keep mill's class loader.
  @SuppressWarnings("ThreadLocalUsage")
  private final ThreadLocal<@Nullable WeakReference<ThreadCache>> caches = new ThreadLocal<>();

  /** Null in an unchecked pool. */
  private final @Nullable LeakDetector leaks;

  private BufferPool(BufferPoolConfig config) {
    depot = new Depot(this, config);
    sizes = depot.sizes();
    leaks = config.checked() ? new LeakDetector(this, depot, config.onLeak()) : null;
  }

  /**
   * Opens a pool with {@linkplain BufferPoolConfig#defaults() the defaults}.
   *
   * @return the pool, to be closed by the caller
   */
  public static BufferPool open() {
    return open(BufferPoolConfig.defaults());
  }

  /**
   * Opens a pool. Nothing is reserved before the first acquisition.
   *
   * @param config sizes, cap and checks
   * @return the pool, to be closed by the caller
   */
  public static BufferPool open(BufferPoolConfig config) {
    return new BufferPool(config);
  }

  /**
   * Acquires a buffer of at least {@code minBytes} bytes, which the caller then owns and must
   * release. Any thread; never waits for a release.
   *
   * @param minBytes the bytes needed, from 0 to {@link BufferPoolConfig#maxBufferBytes()}
   * @return a buffer of the smallest size that fits; its content is unspecified
   * @throws BufferPoolExhaustedException if the cap allows no more and nothing idle can be used:
   *     shed load, or try again after a release
   * @throws IllegalArgumentException if {@code minBytes} is negative or larger than the largest
   *     buffer of this pool
   * @throws IllegalStateException if the pool is closed
   * @throws OutOfMemoryError if the operating system has no memory for a slab
   */
  public PooledBuffer acquire(int minBytes) {
    PooledBuffer buffer = tryAcquire(minBytes);
    if (buffer == null) {
      throw BufferPoolExhaustedException.of(sizes.capacityOf(sizes.indexFor(minBytes)), metrics());
    }
    return buffer;
  }

  /**
   * Acquires a buffer as {@link #acquire(int)} does, or returns null when the pool is exhausted.
   * Any thread.
   *
   * @param minBytes the bytes needed, from 0 to {@link BufferPoolConfig#maxBufferBytes()}
   * @return a buffer, or null if the cap allows no more and nothing idle can be used
   * @throws IllegalArgumentException if {@code minBytes} is negative or larger than the largest
   *     buffer of this pool
   * @throws IllegalStateException if the pool is closed
   * @throws OutOfMemoryError if the operating system has no memory for a slab
   */
  @SuppressWarnings("exports") // see module-info
  public @Nullable PooledBuffer tryAcquire(int minBytes) {
    int sizeClass = sizes.indexFor(minBytes);
    if (depot.isClosed()) {
      throw closedException();
    }
    LeakDetector detector = leaks;
    if (detector != null) {
      detector.reap();
    }
    ThreadCache cache = threadCache();
    Chunk buffer = cache == null ? null : cache.magazine(sizeClass).pop();
    if (buffer == null) {
      buffer = acquireFromDepot(sizeClass, cache);
    }
    return detector == null || buffer == null ? buffer : detector.guard(buffer);
  }

  /** Takes back a lent chunk: what {@link PooledBuffer#release()} does. */
  void release(Chunk buffer) {
    ThreadCache cache = threadCache();
    if (cache == null || !cache.magazine(buffer.sizeClass).push(buffer)) {
      releaseToDepot(buffer, cache);
    }
    // After the push: see Depot.close().
    if (depot.isClosed()) {
      depot.freeWhenIdle();
    }
  }

  /**
   * Reads what this pool has done and holds. Any thread.
   *
   * <p>Each counter is exact. While other threads work, the counters are read one after the other,
   * so that {@code outstanding} may be too high, but is never negative.
   *
   * @return the numbers at this moment
   */
  public BufferPoolMetrics metrics() {
    if (leaks != null) {
      leaks.reap();
    }
    return depot.metrics();
  }

  /**
   * Closes the pool: acquisitions fail from now on, and the memory is freed as soon as no buffer is
   * lent. Any thread. A checked pool reports the buffers that are lent at this moment. A second
   * call does nothing, except to try again to free the memory where that has failed.
   *
   * @throws IllegalStateException if no buffer is lent and yet a system call is using memory of
   *     this pool: somebody released a buffer too early; close again when the call is over
   */
  @Override
  public void close() {
    boolean first = depot.close();
    if (leaks != null) {
      leaks.reap();
      if (first) {
        leaks.reportOpen();
      }
    }
  }

  static IllegalStateException closedException() {
    return new IllegalStateException("this BufferPool is closed: it lends no more buffers");
  }

  /** How many threads have a cache, dead ones that were not noticed yet included. For tests. */
  int cacheCount() {
    return depot.cacheCount();
  }

  /** How many buffers are idle in thread caches; exact while no thread works. For tests. */
  long idleInCaches() {
    return depot.idleInCaches();
  }

  // Even the question makes a virtual thread a map of its thread-locals.
  private @Nullable ThreadCache threadCache() {
    if (Thread.currentThread().isVirtual()) {
      return null;
    }
    WeakReference<ThreadCache> known = caches.get();
    return known == null ? null : known.get();
  }

  private @Nullable Chunk acquireFromDepot(int sizeClass, @Nullable ThreadCache cache) {
    return depot.take(sizeClass, cache == null ? registerThread() : cache);
  }

  private void releaseToDepot(Chunk buffer, @Nullable ThreadCache known) {
    ThreadCache cache = known == null ? registerThread() : known;
    if (cache == null) {
      depot.putLent(buffer);
      return;
    }
    Magazine magazine = cache.magazine(buffer.sizeClass);
    if (!magazine.push(buffer)) {
      depot.flushHalf(magazine);
      magazine.push(buffer);
    }
  }

  private @Nullable ThreadCache registerThread() {
    ThreadCache cache = depot.register();
    if (cache != null) {
      caches.set(new WeakReference<>(cache));
    }
    return cache;
  }
}
