package mill.core;

import org.jspecify.annotations.Nullable;

/**
 * Items one behind the other, first in first out: a list through the items themselves, so each is
 * in one such list at most, and nothing is allocated. Not for several threads at once.
 *
 * @param <T> what is in it
 */
final class WorkerItems<T extends SerialCalls> {
  private @Nullable T first;
  private @Nullable T last;
  private int size;

  boolean isEmpty() {
    return first == null;
  }

  int size() {
    return size;
  }

  /** Puts an item behind the others. */
  void add(T item) {
    append(item, item, 1);
  }

  /** Moves all items of another list behind those of this one. */
  void addAll(WorkerItems<T> others) {
    if (others.first != null && others.last != null) {
      append(others.first, others.last, others.size);
      others.first = null;
      others.last = null;
      others.size = 0;
    }
  }

  private void append(T from, T to, int count) {
    T before = last;
    last = to;
    size += count;
    if (before == null) {
      first = from;
    } else {
      before.next = from;
    }
  }

  /** Takes the oldest item, or null if there is none. */
  @SuppressWarnings("unchecked") // only append() links them
  @Nullable T take() {
    T taken = first;
    if (taken != null) {
      first = (T) taken.next;
      taken.next = null;
      size--;
      if (first == null) {
        last = null;
      }
    }
    return taken;
  }
}
