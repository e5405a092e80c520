package mill.natives.memory;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The shared part of a pool: slabs, free chunks, the cap, and the register of thread caches. Any
 * thread; one lock.
 *
 * <p>The lock is taken once per half a magazine in steady state, not once per buffer.
 */
final class Depot {
  private final Object lock = new Object();

  private final BufferPool pool;
  private final SizeClasses sizes;
  private final BufferPoolConfig config;
  private final int slabBytes;
  private final Arena arena = Arena.ofShared();

  @GuardedBy("lock")
  private final Bin[] bins;

  @GuardedBy("lock")
  private final List<Slab> slabs = new ArrayList<>();

  @GuardedBy("lock")
  private final List<ThreadCache> caches = new ArrayList<>();

  @GuardedBy("lock")
  private long reservedBytes;

  @GuardedBy("lock")
  private long exhausted;

  /** Chunks that are lent or in a magazine. */
  @GuardedBy("lock")
  private long out;

  private volatile boolean closed;

  Depot(BufferPool pool, BufferPoolConfig config) {
    this.pool = pool;
    this.config = config;
    this.sizes = new SizeClasses(config.minBufferBytes(), config.maxBufferBytes());
    this.slabBytes = config.slabBytes();
    this.bins = new Bin[sizes.count()];
    for (int i = 0; i < bins.length; i++) {
      bins[i] = new Bin();
    }
  }

  SizeClasses sizes() {
    return sizes;
  }

  boolean isClosed() {
    return closed;
  }

  /** Finds or makes the calling thread's cache; null for threads that get none. */
  @Nullable ThreadCache register() {
    Thread thread = Thread.currentThread();
    // A virtual thread is one of a million: its cache would outweigh what it caches.
    if (thread.isVirtual() || config.buffersPerThreadCache() == 0) {
      return null;
    }
    synchronized (lock) {
      if (closed) {
        return null;
      }
      pruneDeadCaches();
      // Its thread-locals may have been erased, as some fork-join threads do between tasks.
      for (ThreadCache known : caches) {
        if (known.isOwnedBy(thread)) {
          return known;
        }
      }
      var cache = new ThreadCache(thread, bins.length, config.buffersPerThreadCache());
      caches.add(cache);
      return cache;
    }
  }

  /** Lends a buffer and counts it, or returns null when the pool is exhausted. */
  @Nullable Chunk take(int sizeClass, @Nullable ThreadCache cache) {
    synchronized (lock) {
      if (closed) {
        throw BufferPool.closedException();
      }
      Chunk buffer = takeFree(sizeClass);
      if (buffer == null) {
        buffer = stealFromLiveCaches(sizeClass);
      }
      if (buffer == null) {
        buffer = recutEmptySlab(sizeClass);
      }
      if (buffer == null) {
        exhausted++;
        return null;
      }
      if (cache == null) {
        bins[sizeClass].acquired++;
        bins[sizeClass].misses++;
      } else {
        cache.magazine(sizeClass).countMiss();
        refill(cache.magazine(sizeClass), sizeClass);
      }
      return buffer;
    }
  }

  /** Makes room in a full magazine of the calling thread: takes back the half pushed last. */
  void flushHalf(Magazine magazine) {
    synchronized (lock) {
      int keep = magazine.capacity() / 2;
      flush(magazine, keep);
      magazine.truncate(keep);
    }
  }

  /** Takes back a lent buffer from a thread without a magazine. Throws on a double release. */
  void putLent(Chunk buffer) {
    synchronized (lock) {
      if (!buffer.move(Chunk.LENT, Chunk.CENTRAL)) {
        throw buffer.doubleRelease();
      }
      bins[buffer.sizeClass].released++;
      putCentral(buffer);
    }
  }

  /** Takes back a buffer whose owner is gone. */
  void putLeaked(Chunk buffer) {
    synchronized (lock) {
      if (buffer.move(Chunk.LENT, Chunk.CENTRAL)) {
        bins[buffer.sizeClass].leaked++;
        putCentral(buffer);
      }
    }
  }

  /**
   * Refuses acquisitions from now on, and frees the memory when nothing is lent; true for the call
   * that closed.
   */
  boolean close() {
    synchronized (lock) {
      boolean first = !closed;
      // Volatile, and before the magazines are searched: a release that pushes too late to be found
      // reads it after its push, and does this itself.
      closed = true;
      freeWhenIdle();
      return first;
    }
  }

  /** After close: collects what is idle, and frees the memory when nothing is lent any more. */
  void freeWhenIdle() {
    synchronized (lock) {
      for (ThreadCache cache : caches) {
        flush(cache);
      }
      if (out > 0 || !arena.scope().isAlive()) {
        return;
      }
      arena.close();
      reservedBytes = 0;
      slabs.clear();
      for (Bin bin : bins) {
        bin.clear();
      }
      for (ThreadCache cache : caches) {
        cache.clear();
      }
    }
  }

  int cacheCount() {
    synchronized (lock) {
      return caches.size();
    }
  }

  long idleInCaches() {
    synchronized (lock) {
      return out - metrics().outstanding();
    }
  }

  BufferPoolMetrics metrics() {
    synchronized (lock) {
      var classes = new ArrayList<BufferPoolMetrics.SizeClassMetrics>(bins.length);
      for (int i = 0; i < bins.length; i++) {
        classes.add(metricsOf(i));
      }
      return new BufferPoolMetrics(
          config.maxBytes(), reservedBytes, exhausted, List.copyOf(classes));
    }
  }

  @GuardedBy("lock")
  private BufferPoolMetrics.SizeClassMetrics metricsOf(int sizeClass) {
    assert Thread.holdsLock(lock);
    Bin bin = bins[sizeClass];
    long released = bin.released;
    for (ThreadCache cache : caches) {
      released += cache.magazine(sizeClass).released();
    }
    // After the releases: whatever was seen released is then seen acquired too.
    long acquired = bin.acquired;
    long misses = bin.misses;
    for (ThreadCache cache : caches) {
      misses += cache.magazine(sizeClass).misses();
      acquired += cache.magazine(sizeClass).acquired();
    }
    int capacity = sizes.capacityOf(sizeClass);
    return new BufferPoolMetrics.SizeClassMetrics(capacity, acquired, released, bin.leaked, misses);
  }

  @GuardedBy("lock")
  private @Nullable Chunk takeFree(int sizeClass) {
    assert Thread.holdsLock(lock);
    Chunk buffer = takeFromBin(sizeClass);
    if (buffer == null) {
      // Before the pool grows: what died with its thread is used first.
      pruneDeadCaches();
      buffer = takeFromBin(sizeClass);
    }
    if (buffer == null && config.maxBytes() - reservedBytes >= slabBytes) {
      addSlab(config.checked() ? MemorySegment.NULL : allocateSlab(), sizeClass);
      reservedBytes += slabBytes;
      buffer = takeFromBin(sizeClass);
    }
    return buffer;
  }

  @GuardedBy("lock")
  private @Nullable Chunk takeFromBin(int sizeClass) {
    assert Thread.holdsLock(lock);
    Chunk buffer = bins[sizeClass].take(pool);
    if (buffer != null) {
      buffer.move(Chunk.CENTRAL, Chunk.LENT);
      out++;
    }
    return buffer;
  }

  @GuardedBy("lock")
  private @Nullable Chunk stealFromLiveCaches(int sizeClass) {
    assert Thread.holdsLock(lock);
    for (ThreadCache cache : caches) {
      Chunk buffer = cache.magazine(sizeClass).steal();
      if (buffer != null) {
        return buffer;
      }
    }
    return null;
  }

  /** Cuts a slab of another size, of which nothing is lent, anew for this size. */
  @GuardedBy("lock")
  private @Nullable Chunk recutEmptySlab(int sizeClass) {
    assert Thread.holdsLock(lock);
    for (ThreadCache cache : caches) {
      flush(cache);
    }
    for (int i = 0; i < slabs.size(); i++) {
      Slab slab = slabs.get(i);
      if (slab.isEmpty()) {
        bins[slab.sizeClass].remove(slab);
        slabs.remove(i);
        addSlab(slab.memory, sizeClass);
        break;
      }
    }
    return takeFromBin(sizeClass);
  }

  @GuardedBy("lock")
  private void flush(ThreadCache cache) {
    assert Thread.holdsLock(lock);
    for (int i = 0; i < bins.length; i++) {
      flush(cache.magazine(i), 0);
    }
  }

  @GuardedBy("lock")
  private void flush(Magazine magazine, int from) {
    assert Thread.holdsLock(lock);
    for (int i = from; i < magazine.capacity(); i++) {
      Chunk buffer = magazine.claim(i);
      if (buffer != null) {
        putCentral(buffer);
      }
    }
  }

  /** Puts a buffer, CENTRAL already, on its free list. */
  @GuardedBy("lock")
  private void putCentral(Chunk buffer) {
    assert Thread.holdsLock(lock);
    bins[buffer.sizeClass].put(buffer);
    out--;
  }

  private MemorySegment allocateSlab() {
    return arena.allocate(slabBytes, BufferPool.ALIGNMENT_BYTES);
  }

  @GuardedBy("lock")
  private void addSlab(MemorySegment memory, int sizeClass) {
    assert Thread.holdsLock(lock);
    Slab slab = new Slab(memory, slabBytes, sizeClass, sizes.capacityOf(sizeClass));
    slabs.add(slab);
    bins[sizeClass].add(slab);
  }

  @GuardedBy("lock")
  private void refill(Magazine magazine, int sizeClass) {
    assert Thread.holdsLock(lock);
    for (int i = 0; i < (config.buffersPerThreadCache() + 1) / 2; i++) {
      Chunk buffer = bins[sizeClass].takeUsed();
      if (buffer == null) {
        return;
      }
      out++;
      magazine.refill(buffer);
    }
  }

  @GuardedBy("lock")
  private void pruneDeadCaches() {
    assert Thread.holdsLock(lock);
    for (int i = caches.size() - 1; i >= 0; i--) {
      ThreadCache cache = caches.get(i);
      if (cache.isOwnerDead()) {
        flush(cache);
        for (int c = 0; c < bins.length; c++) {
          bins[c].addCountsOf(cache.magazine(c));
        }
        caches.remove(i);
      }
    }
  }
}
