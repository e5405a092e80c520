package mill.natives.memory;

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
  private final Bin[] bins;
  private final List<Slab> slabs = new ArrayList<>();
  private final List<ThreadCache> caches = new ArrayList<>();
  private long reservedBytes;
  private long exhausted;

  /** Chunks that are lent or in a magazine. */
  private long out;

  private volatile boolean closed;

  Depot(BufferPool pool, BufferPoolConfig config) {
    this.pool = pool;
    this.config = config;
    this.sizes = new SizeClasses(config.minBufferBytes(), config.maxBufferBytes());
    this.slabBytes = config.effectiveSlabBytes();
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

  /** Returns the calling thread's cache, or null for threads that get none. */
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

  /** Makes room in a full magazine of the calling thread. */
  void flushHalf(Magazine magazine) {
    synchronized (lock) {
      magazine.flushHalf(this);
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

  /** Puts a buffer, CENTRAL already, on its free list. Under the lock: called back by magazines. */
  void putCentral(Chunk buffer) {
    bins[buffer.sizeClass].put(buffer);
    out--;
  }

  /**
   * Refuses acquisitions from now on, and frees the memory when nothing is lent; true for the call
   * that closed.
   */
  boolean close() {
    synchronized (lock) {
      boolean first = !closed;
      // Volatile, and before the magazines are searched: a release that pushes too late to be found
      // reads it after its push, and settles itself.
      closed = true;
      settle();
      return first;
    }
  }

  /** After close: collects what is idle, and frees the memory when nothing is lent any more. */
  void settle() {
    synchronized (lock) {
      for (ThreadCache cache : caches) {
        cache.flush(this);
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
      return out - stats().outstanding();
    }
  }

  PoolStats stats() {
    synchronized (lock) {
      var classes = new ArrayList<PoolStats.SizeClassStats>(bins.length);
      for (int i = 0; i < bins.length; i++) {
        classes.add(statsOf(i));
      }
      return new PoolStats(config.maxBytes(), reservedBytes, exhausted, List.copyOf(classes));
    }
  }

  private PoolStats.SizeClassStats statsOf(int sizeClass) {
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
    return new PoolStats.SizeClassStats(capacity, acquired, released, bin.leaked, misses);
  }

  private @Nullable Chunk takeFree(int sizeClass) {
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

  private @Nullable Chunk takeFromBin(int sizeClass) {
    Chunk buffer = bins[sizeClass].take(pool);
    if (buffer != null) {
      buffer.move(Chunk.CENTRAL, Chunk.LENT);
      out++;
    }
    return buffer;
  }

  private @Nullable Chunk stealFromLiveCaches(int sizeClass) {
    for (ThreadCache cache : caches) {
      Chunk buffer = cache.magazine(sizeClass).steal();
      if (buffer != null) {
        return buffer;
      }
    }
    return null;
  }

  /** Turns a slab of another size, of which nothing is lent, into one of this size. */
  private @Nullable Chunk recutEmptySlab(int sizeClass) {
    for (ThreadCache cache : caches) {
      cache.flush(this);
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

  private MemorySegment allocateSlab() {
    return arena.allocate(slabBytes, BufferPool.ALIGNMENT_BYTES);
  }

  private void addSlab(MemorySegment memory, int sizeClass) {
    Slab slab = new Slab(memory, slabBytes, sizeClass, sizes.capacityOf(sizeClass));
    slabs.add(slab);
    bins[sizeClass].add(slab);
  }

  private void refill(Magazine magazine, int sizeClass) {
    for (int i = 0; i < (config.buffersPerThreadCache() + 1) / 2; i++) {
      Chunk buffer = bins[sizeClass].takeUsed();
      if (buffer == null) {
        return;
      }
      out++;
      magazine.refill(buffer);
    }
  }

  private void pruneDeadCaches() {
    for (int i = caches.size() - 1; i >= 0; i--) {
      ThreadCache cache = caches.get(i);
      if (cache.isOwnerDead()) {
        cache.flush(this);
        for (int c = 0; c < bins.length; c++) {
          bins[c].addCountsOf(cache.magazine(c));
        }
        caches.remove(i);
      }
    }
  }
}
