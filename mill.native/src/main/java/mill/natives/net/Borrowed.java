package mill.natives.net;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The borrowed descriptors, and who is to be made blocking again (bun#33827). Any thread.
 *
 * <p>O_NONBLOCK belongs to the open file, and several descriptors may share one: standard input and
 * output of a terminal do. Whoever comes first finds it blocking and gives that back; if another is
 * still in use then, it is that one's to give back.
 */
final class Borrowed {
  private static final Object LOCK = new Object();

  @GuardedBy("LOCK")
  private static final List<RawFd> OPEN = new ArrayList<>();

  @GuardedBy("LOCK")
  private static final List<RawFd> TO_GIVE_BACK = new ArrayList<>();

  private Borrowed() {}

  /** Makes a descriptor non-blocking. */
  static void open(RawFd borrowed) throws IOException {
    synchronized (LOCK) {
      int before = new ForeignFd(borrowed.platform(), borrowed.fd()).setNonBlocking();
      OPEN.add(borrowed);
      if (before == 0) {
        TO_GIVE_BACK.add(borrowed);
      }
    }
  }

  /** Makes a descriptor blocking again if it was, unless its owner has closed it. */
  static void close(RawFd borrowed) {
    synchronized (LOCK) {
      OPEN.remove(borrowed);
      if (TO_GIVE_BACK.remove(borrowed)) {
        borrowed.platform().sockets().setNonBlocking(borrowed.fd(), false);
        for (RawFd other : OPEN) {
          keepNonBlocking(other);
        }
      }
    }
  }

  // What has become blocking shares its open file with the one that was given back.
  @GuardedBy("LOCK")
  private static void keepNonBlocking(RawFd other) {
    assert Thread.holdsLock(LOCK);
    if (other.platform().sockets().setNonBlocking(other.fd(), true) == 0) {
      TO_GIVE_BACK.add(other);
    }
  }
}
