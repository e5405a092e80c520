package mill.natives.windows;

import org.jspecify.annotations.Nullable;

/**
 * Finds what belongs to a descriptor, without making an object for the number.
 *
 * <p>Open addressing with linear probing, never more than half full. Socket handles are multiples
 * of four and large, hence the mixing, and no table by the number itself. Not thread-safe.
 */
final class FdMap<V> {
  private static final int GOLDEN_RATIO = 0x9E3779B9; // Fibonacci hashing, Knuth volume 3, 6.4

  private int[] fds;
  private @Nullable Object[] values;
  private int size;

  /**
   * Makes an empty map.
   *
   * @param firstCapacity a power of two
   */
  FdMap(int firstCapacity) {
    fds = new int[firstCapacity];
    values = new Object[firstCapacity];
  }

  @Nullable V get(int fd) {
    return valueAt(find(fd));
  }

  /** Puts a value in; returns the one that was there under the same number. */
  @Nullable V put(int fd, V value) {
    if (size >= values.length / 2) {
      grow();
    }
    int index = find(fd);
    V before = valueAt(index);
    fds[index] = fd;
    values[index] = value;
    size += before == null ? 1 : 0;
    return before;
  }

  @Nullable V remove(int fd) {
    int hole = find(fd);
    V removed = valueAt(hole);
    if (removed == null) {
      return null;
    }
    size--;
    int mask = values.length - 1;
    values[hole] = null;
    // Whoever stands behind the hole and was only pushed past it moves into it.
    for (int i = (hole + 1) & mask; values[i] != null; i = (i + 1) & mask) {
      int home = home(fds[i]);
      if (((i - home) & mask) >= ((i - hole) & mask)) {
        values[hole] = values[i];
        fds[hole] = fds[i];
        values[i] = null;
        hole = i;
      }
    }
    return removed;
  }

  int size() {
    return size;
  }

  /** Lists the descriptors, in no order. */
  int[] descriptors() {
    int[] result = new int[size];
    int count = 0;
    for (int i = 0; i < values.length; i++) {
      if (values[i] != null) {
        result[count++] = fds[i];
      }
    }
    return result;
  }

  @SuppressWarnings("unchecked") // only put writes values
  private @Nullable V valueAt(int index) {
    return (V) values[index];
  }

  private int home(int fd) {
    int hash = fd * GOLDEN_RATIO;
    return (hash ^ (hash >>> 16)) & (values.length - 1);
  }

  private int find(int fd) {
    int index = home(fd);
    while (values[index] != null && fds[index] != fd) {
      index = (index + 1) & (values.length - 1);
    }
    return index;
  }

  private void grow() {
    int[] oldFds = fds;
    @Nullable Object[] oldValues = values;
    fds = new int[oldFds.length * 2];
    values = new Object[oldFds.length * 2];
    for (int i = 0; i < oldValues.length; i++) {
      Object value = oldValues[i];
      if (value != null) {
        int index = find(oldFds[i]);
        fds[index] = oldFds[i];
        values[index] = value;
      }
    }
  }
}
