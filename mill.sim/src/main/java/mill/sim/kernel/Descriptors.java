package mill.sim.kernel;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A process' table of descriptors: the lowest free number is the next, as everywhere on Unix. */
final class Descriptors {
  /** Standard input, output and error are none of ours. */
  private static final int FIRST = 3;

  private @Nullable SimFile[] files = new SimFile[16];
  private int lowestFree = FIRST;
  private int open;
  private int limit = 1_024;

  /** {@return whether so many more descriptors can be had} */
  boolean hasRoom(int count) {
    return FIRST + open + count <= limit;
  }

  void limit(int max) {
    limit = max;
  }

  int open() {
    return open;
  }

  /** {@return the number of a newly opened file} There is room. */
  int add(SimFile file) {
    int fd = lowestFree;
    while (fd < files.length && files[fd] != null) {
      fd++;
    }
    if (fd == files.length) {
      files = Arrays.copyOf(files, fd * 2);
    }
    files[fd] = file;
    file.retain();
    lowestFree = fd + 1;
    open++;
    return fd;
  }

  @Nullable SimFile get(int fd) {
    return fd >= 0 && fd < files.length ? files[fd] : null;
  }

  /** {@return the file that the number stood for, which the caller drops; or null} */
  @Nullable SimFile remove(int fd) {
    SimFile file = get(fd);
    if (file != null) {
      files[fd] = null;
      lowestFree = Math.min(lowestFree, fd);
      open--;
    }
    return file;
  }

  /** {@return the highest number that may be open} */
  int highest() {
    return files.length - 1;
  }
}
