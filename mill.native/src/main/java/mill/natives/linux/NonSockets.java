package mill.natives.linux;

import java.util.HashMap;
import java.util.Map;

/**
 * The descriptors of a poller that are no sockets, by what comes back with their events.
 *
 * <p>The kernel says {@code EPOLLERR} alone of a pipe that nobody reads any more, and of a socket
 * that only has an error to tell: an ICMP error of a datagram, a message in the error queue. What a
 * closed socket is reported with has {@code EPOLLHUP} too. Any thread.
 */
final class NonSockets {
  private final Map<Integer, Long> tokens = new HashMap<>(); // guarded by itself

  // Asked without the lock, so that programs that have none pay nothing.
  private volatile boolean used;

  /** Remembers one, before the kernel is told of it. */
  void add(int fd, long token) {
    synchronized (tokens) {
      tokens.put(fd, token);
      used = true;
    }
  }

  /** Forgets one; {@code fd} may well be another's. */
  void remove(int fd) {
    if (used) {
      synchronized (tokens) {
        tokens.remove(fd);
        used = !tokens.isEmpty();
      }
    }
  }

  /** Whether a token is that of one; looks at all of them, for this is asked of errors alone. */
  boolean hold(long token) {
    if (!used) {
      return false;
    }
    synchronized (tokens) {
      return tokens.containsValue(token);
    }
  }
}
