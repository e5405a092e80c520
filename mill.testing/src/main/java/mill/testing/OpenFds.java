package mill.testing;

import java.io.File;

/**
 * Counts the descriptors of this process. Other tests open some too: ask only in a {@link
 * ChildJvm}.
 */
public final class OpenFds {
  private OpenFds() {}

  public static int count() {
    String[] numbers = new File("/proc/self/fd").list();
    if (numbers == null) {
      throw new AssertionError("/proc/self/fd cannot be read");
    }
    return numbers.length;
  }
}
