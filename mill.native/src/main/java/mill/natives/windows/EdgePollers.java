package mill.natives.windows;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.Arrays;
import mill.natives.Trigger;
import org.jspecify.annotations.Nullable;

/**
 * Tells pollers when an edge-triggered socket was read, or written until there was no room.
 *
 * <p>AFD has no edges. But whoever asks for {@link Trigger#EDGE} promises to go on until {@code
 * WOULD_BLOCK}, and all calls pass through {@link WindowsSockets}: the next readiness after one of
 * them is the next edge. Winsock's own {@code WSAEventSelect} works the same way. Data that arrives
 * while earlier data has not been touched is no edge, which it is on other systems; data that a
 * read leaves behind is one, which it is not on others.
 *
 * <p>Any thread.
 */
final class EdgePollers {
  // A lock for each part, so that loops that read different sockets seldom meet. By a map of
  // objects every read of such a socket would leave its number behind as garbage.
  private static final int PARTS = 64;
  private static final int FIRST_CAPACITY = 8;

  private static final class Part {
    final Object lock = new Object();

    @GuardedBy("lock")
    final FdMap<IocpPoller> pollers = new FdMap<>(FIRST_CAPACITY);
  }

  private final Part[] parts = new Part[PARTS];

  // A program without edges should not pay for a look into the map at each read.
  private volatile boolean any;

  EdgePollers() {
    Arrays.setAll(parts, index -> new Part());
  }

  void add(int fd, IocpPoller poller) {
    Part part = partOf(fd);
    synchronized (part.lock) {
      part.pollers.put(fd, poller);
    }
    any = true;
  }

  void remove(int fd, IocpPoller poller) {
    if (any) {
      Part part = partOf(fd);
      synchronized (part.lock) {
        if (part.pollers.get(fd) == poller) {
          part.pollers.remove(fd);
        }
      }
    }
  }

  /** A call on a socket has used up, or waited for, one of these AFD events. */
  void used(int fd, int events) {
    if (any) {
      IocpPoller poller = pollerOf(fd);
      if (poller != null) {
        poller.rearm(fd, events);
      }
    }
  }

  private @Nullable IocpPoller pollerOf(int fd) {
    Part part = partOf(fd);
    synchronized (part.lock) {
      return part.pollers.get(fd);
    }
  }

  // Handles are multiples of four.
  private Part partOf(int fd) {
    return parts[(fd >>> 2) % PARTS];
  }
}
