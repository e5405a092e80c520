package mill.natives.windows;

import org.jspecify.annotations.Nullable;

/**
 * Finds a socket's operation record by its descriptor, without making an object for the number.
 *
 * <p>Open addressing with linear probing, never more than half full. Socket handles are multiples
 * of four, hence the mixing. Guarded by the poller's lock.
 */
final class AfdPollTable {
  private static final int FIRST_CAPACITY = 64;
  private static final int GOLDEN_RATIO = 0x9E3779B9; // Fibonacci hashing, Knuth volume 3, 6.4

  private int[] fds = new int[FIRST_CAPACITY];
  private @Nullable AfdPoll[] polls = new AfdPoll[FIRST_CAPACITY];
  private int size;

  AfdPollTable() {}

  @Nullable AfdPoll get(int fd) {
    return polls[find(fd)];
  }

  /** Puts a record in; returns the one that was there under the same number. */
  @Nullable AfdPoll put(int fd, AfdPoll poll) {
    if (size >= polls.length / 2) {
      grow();
    }
    int index = find(fd);
    AfdPoll before = polls[index];
    fds[index] = fd;
    polls[index] = poll;
    size += before == null ? 1 : 0;
    return before;
  }

  @Nullable AfdPoll remove(int fd) {
    int hole = find(fd);
    AfdPoll removed = polls[hole];
    if (removed == null) {
      return null;
    }
    size--;
    int mask = polls.length - 1;
    polls[hole] = null;
    // Whoever stands behind the hole and was only pushed past it moves into it.
    for (int i = (hole + 1) & mask; polls[i] != null; i = (i + 1) & mask) {
      int home = home(fds[i]);
      if (((i - home) & mask) >= ((i - hole) & mask)) {
        polls[hole] = polls[i];
        fds[hole] = fds[i];
        polls[i] = null;
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
    for (int i = 0; i < polls.length; i++) {
      if (polls[i] != null) {
        result[count++] = fds[i];
      }
    }
    return result;
  }

  private int home(int fd) {
    int hash = fd * GOLDEN_RATIO;
    return (hash ^ (hash >>> 16)) & (polls.length - 1);
  }

  private int find(int fd) {
    int index = home(fd);
    while (polls[index] != null && fds[index] != fd) {
      index = (index + 1) & (polls.length - 1);
    }
    return index;
  }

  private void grow() {
    int[] oldFds = fds;
    @Nullable AfdPoll[] oldPolls = polls;
    fds = new int[oldFds.length * 2];
    polls = new AfdPoll[oldFds.length * 2];
    for (int i = 0; i < oldPolls.length; i++) {
      AfdPoll poll = oldPolls[i];
      if (poll != null) {
        int index = find(oldFds[i]);
        fds[index] = oldFds[i];
        polls[index] = poll;
      }
    }
  }
}
