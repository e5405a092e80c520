package mill.natives.memory;

import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Keeps a bounded number of idle objects for reuse.
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
 * Meant for objects that are expensive to make; for cheap ones the garbage collector is faster. For
 * memory there is {@link BufferPool}.
 *
 * @param <T> the type of the objects, which are told apart by identity
 */
public final class ObjectPool<T> {
  private final IdleObjects<T> idle;
  private final Supplier<? extends T> factory;
  private final Consumer<? super T> reset;

  private ObjectPool(int maxIdle, Supplier<? extends T> factory, Consumer<? super T> reset) {
    if (maxIdle < 0) {
      throw new IllegalArgumentException("maxIdle must not be negative: " + maxIdle);
    }
    this.idle = new IdleObjects<>(maxIdle);
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
   * @return the pool
   * @throws IllegalArgumentException if {@code maxIdle} is negative
   */
  public static <T> ObjectPool<T> of(
      int maxIdle, Supplier<? extends T> factory, Consumer<? super T> reset) {
    return new ObjectPool<>(maxIdle, factory, reset);
  }

  /**
   * Takes an idle object, or makes one. Any thread. What the factory throws reaches the caller.
   *
   * @return an object that the caller owns until it releases it; one that is never released is
   *     simply garbage
   */
  public T acquire() {
    T object = idle.take();
    return object != null
        ? object
        : Objects.requireNonNull(factory.get(), "the factory returned null");
  }

  /**
   * Resets an object and keeps it for reuse, or drops it when enough are idle. Any thread. What the
   * reset hook throws reaches the caller, and the object is dropped.
   *
   * @param object an object that the caller owns, and must not use any more
   * @return true if it was kept, false if it was dropped
   * @throws IllegalStateException if the object is idle in this pool: it was released twice. A
   *     second release after somebody else has acquired it cannot be noticed
   */
  public boolean release(T object) {
    if (idle.contains(Objects.requireNonNull(object, "object"))) {
      throw doubleRelease(object);
    }
    boolean reusable = false;
    try {
      reset.accept(object);
      reusable = true;
    } finally {
      if (!reusable) {
        idle.countDropped();
      }
    }
    return switch (idle.give(object)) {
      case KEPT -> true;
      case DROPPED -> false;
      case IDLE_ALREADY -> throw doubleRelease(object);
    };
  }

  /** {@return what this pool has done and holds at this moment} Any thread. */
  public ObjectPoolMetrics metrics() {
    return idle.metrics();
  }

  private static IllegalStateException doubleRelease(Object object) {
    return new IllegalStateException("double release: the object is idle in this pool: " + object);
  }
}
