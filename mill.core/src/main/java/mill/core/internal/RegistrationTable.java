package mill.core.internal;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds what is registered by its token: {@code generation(32) ‖ slot(32)}.
 *
 * <p>A slot is used again after a removal, with the next generation, so a token of the past finds
 * nothing. Adding and removing take a lock; finding takes none and is what the loop does for each
 * event. Any thread.
 *
 * @param <T> what is registered
 */
public final class RegistrationTable<T> {
  /** How many registrations a table holds at most. */
  public static final int MAX_SLOTS = 1 << 24;

  /** What {@link #add} never gives. */
  public static final long NO_TOKEN = -1;

  private static final int INITIAL_SLOTS = 16;
  private static final VarHandle ITEM = MethodHandles.arrayElementVarHandle(Object[].class);
  private static final VarHandle GENERATION = MethodHandles.arrayElementVarHandle(int[].class);

  private static final class Slots {
    final @Nullable Object[] items;
    final int[] generations;

    Slots(@Nullable Object[] items, int[] generations) {
      this.items = items;
      this.generations = generations;
    }
  }

  private volatile Slots slots =
      new Slots(new @Nullable Object[INITIAL_SLOTS], new int[INITIAL_SLOTS]);

  private final Object lock = new Object();

  @GuardedBy("lock")
  private int[] free = new int[INITIAL_SLOTS];

  @GuardedBy("lock")
  private int freeCount;

  @GuardedBy("lock")
  private int unused;

  @GuardedBy("lock")
  private boolean closed;

  private volatile int size;

  /** Makes an empty table. */
  public RegistrationTable() {}

  /**
   * Adds an item. It can be found by its token before this returns, so the token may be handed to
   * the kernel at once.
   *
   * @param item what to find
   * @return the token, never {@link #NO_TOKEN}
   * @throws IllegalStateException if the table is closed or full
   */
  public long add(T item) {
    synchronized (lock) {
      if (closed) {
        throw new IllegalStateException("the loop is closed");
      }
      int slot = freeCount > 0 ? free[--freeCount] : nextUnused();
      Slots current = slots;
      ITEM.setRelease(current.items, slot, item);
      size++;
      return (long) current.generations[slot] << Integer.SIZE | slot;
    }
  }

  /**
   * Finds the item of a token.
   *
   * @param token any number
   * @return the item, or null if the token is of the past or was never given
   */
  @SuppressWarnings("unchecked") // only add() writes items
  public @Nullable T find(long token) {
    Slots current = slots;
    int slot = (int) token;
    if (slot < 0 || slot >= current.items.length) {
      return null;
    }
    // The item first: remove() moves the generation on before it takes the item away, so an old
    // item never passes for a new one.
    T item = (T) ITEM.getAcquire(current.items, slot);
    int generation = (int) GENERATION.getAcquire(current.generations, slot);
    return generation == (int) (token >>> Integer.SIZE) ? item : null;
  }

  /**
   * Removes the item of a token.
   *
   * @param token as {@link #add} gave it
   * @return true if it was there
   */
  public boolean remove(long token) {
    synchronized (lock) {
      if (find(token) == null) {
        return false;
      }
      Slots current = slots;
      int slot = (int) token;
      GENERATION.setRelease(current.generations, slot, current.generations[slot] + 1);
      ITEM.setRelease(current.items, slot, null);
      if (freeCount == free.length) {
        free = Arrays.copyOf(free, free.length * 2);
      }
      free[freeCount++] = slot;
      size--;
      return true;
    }
  }

  /**
   * Refuses all further items.
   *
   * @return what is registered now
   */
  public List<T> close() {
    synchronized (lock) {
      closed = true;
      return items();
    }
  }

  /** {@return what is registered now} Any thread. */
  @SuppressWarnings("unchecked") // only add() writes items
  public List<T> items() {
    synchronized (lock) {
      List<T> remaining = new ArrayList<>(size);
      for (Object item : slots.items) {
        if (item != null) {
          remaining.add((T) item);
        }
      }
      return remaining;
    }
  }

  /** {@return how many items there are} Any thread. */
  public int size() {
    return size;
  }

  @GuardedBy("lock")
  private int nextUnused() {
    assert Thread.holdsLock(lock);
    int capacity = slots.items.length;
    if (unused == capacity) {
      if (capacity == MAX_SLOTS) {
        throw new IllegalStateException("a loop holds at most " + MAX_SLOTS + " registrations");
      }
      slots =
          new Slots(
              Arrays.copyOf(slots.items, capacity * 2),
              Arrays.copyOf(slots.generations, capacity * 2));
    }
    return unused++;
  }
}
