package mill.natives.memory;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayDeque;
import java.util.IdentityHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The idle objects of an {@link ObjectPool} and its counters. Any thread; one lock, under which no
 * code of the user's runs.
 *
 * @param <T> the type of the objects
 */
final class IdleObjects<T> {
  /** What comes of an object that is given back. */
  enum Outcome {
    KEPT,
    DROPPED,
    IDLE_ALREADY
  }

  private final int capacity;
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final ArrayDeque<T> stack = new ArrayDeque<>();

  /** The same objects by identity: finds a double release without a search. */
  @GuardedBy("lock")
  private final IdentityHashMap<T, Boolean> identities = new IdentityHashMap<>();

  @GuardedBy("lock")
  private long created;

  @GuardedBy("lock")
  private long reused;

  @GuardedBy("lock")
  private long dropped;

  IdleObjects(int capacity) {
    this.capacity = capacity;
  }

  /** Takes the object that was given back last; null, counted as a creation, if there is none. */
  @Nullable T take() {
    synchronized (lock) {
      T object = stack.pollLast();
      if (object == null) {
        created++;
      } else {
        identities.remove(object);
        reused++;
      }
      return object;
    }
  }

  boolean contains(T object) {
    synchronized (lock) {
      return identities.containsKey(object);
    }
  }

  Outcome give(T object) {
    synchronized (lock) {
      if (identities.containsKey(object)) {
        return Outcome.IDLE_ALREADY;
      }
      if (stack.size() == capacity) {
        dropped++;
        return Outcome.DROPPED;
      }
      stack.addLast(object);
      identities.put(object, Boolean.TRUE);
      return Outcome.KEPT;
    }
  }

  /** Counts an object that was not fit to be given back. */
  void countDropped() {
    synchronized (lock) {
      dropped++;
    }
  }

  ObjectPoolMetrics metrics() {
    synchronized (lock) {
      return new ObjectPoolMetrics(capacity, stack.size(), created, reused, dropped);
    }
  }
}
