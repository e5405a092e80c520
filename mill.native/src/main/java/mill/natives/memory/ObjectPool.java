package mill.natives.memory;

import java.util.ArrayDeque;
import java.util.IdentityHashMap;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Keeps up to a bounded number of idle objects for reuse, instead of making new ones.
 *
 * {@snippet :
 * var pool = ObjectPool.of(64, StringBuilder::new, text -> text.setLength(0));
 * StringBuilder text = pool.acquire();
 * // use it
 * pool.release(text);
 * }
 *
 * <p>Threads: any, one lock; factory and reset hook run outside it, on the calling thread. The
 * object released last is acquired first. In steady state acquiring and releasing allocate nothing.
 * Meant for objects that are dear to make; for cheap ones the garbage collector is faster. Memory
 * goes to a {@link BufferPool} instead.
 *
 * @param <T> the type of the objects, which are told apart by identity
 */
public final class ObjectPool<T> {

  private final int maxIdle;
  private final Supplier<? extends T> factory;
  private final Consumer<? super T> reset;
  private final Object lock = new Object();
  private final ArrayDeque<T> idle = new ArrayDeque<>();

  /** The same objects by identity: finds a double release without a search. */
  private final IdentityHashMap<T, Boolean> idleSet = new IdentityHashMap<>();

  private long created;
  private long reused;
  private long dropped;

  private ObjectPool(int maxIdle, Supplier<? extends T> factory, Consumer<? super T> reset) {
    if (maxIdle < 0) {
      throw new IllegalArgumentException("maxIdle must not be negative: " + maxIdle);
    }
    this.maxIdle = maxIdle;
    this.factory = Objects.requireNonNull(factory, "factory");
    this.reset = Objects.requireNonNull(reset, "reset");
  }

  /**
   * Makes an empty pool.
   *
   * @param <T> the type of the objects
   * @param maxIdle the most idle objects that are kept, at least 0; how many are in use is not
   *     bounded
   * @param factory makes an object when none is idle
   * @param reset called for each object that is released, before anyone else can acquire it
   * @return a pool
   * @throws IllegalArgumentException if {@code maxIdle} is negative
   */
  public static <T> ObjectPool<T> of(
      int maxIdle, Supplier<? extends T> factory, Consumer<? super T> reset) {
    return new ObjectPool<>(maxIdle, factory, reset);
  }

  /**
   * Returns an idle object, or a new one. What the factory throws reaches the caller.
   *
   * @return an object that the caller owns until it releases it; one never released is simply
   *     garbage
   */
  public T acquire() {
    synchronized (lock) {
      T object = idle.pollLast();
      if (object != null) {
        idleSet.remove(object);
        reused++;
        return object;
      }
      created++;
    }
    return Objects.requireNonNull(factory.get(), "the factory returned null");
  }

  /**
   * Resets an object and keeps it for reuse, or drops it when enough are idle. What the reset hook
   * throws reaches the caller, and the object is dropped.
   *
   * @param object an object that the caller owns, and must not use any more
   * @return true if it was kept, false if it was dropped
   * @throws IllegalStateException if the object is idle in this pool: it was released twice. A
   *     second release after somebody else has acquired it cannot be noticed
   */
  public boolean release(T object) {
    synchronized (lock) {
      requireNotIdle(object);
    }
    boolean reusable = false;
    try {
      reset.accept(object);
      reusable = true;
    } finally {
      if (!reusable) {
        countDropped();
      }
    }
    synchronized (lock) {
      requireNotIdle(object);
      if (idle.size() == maxIdle) {
        dropped++;
        return false;
      }
      idle.addLast(object);
      idleSet.put(object, Boolean.TRUE);
      return true;
    }
  }

  /**
   * Returns what this pool has done and holds.
   *
   * @return the numbers at this moment
   */
  public ObjectPoolStats stats() {
    synchronized (lock) {
      return new ObjectPoolStats(maxIdle, idle.size(), created, reused, dropped);
    }
  }

  private void countDropped() {
    synchronized (lock) {
      dropped++;
    }
  }

  private void requireNotIdle(T object) {
    if (idleSet.containsKey(Objects.requireNonNull(object, "object"))) {
      throw new IllegalStateException("double release: the object is idle in this pool: " + object);
    }
  }
}
