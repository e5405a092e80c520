package mill.natives.windows;

import java.util.concurrent.ConcurrentHashMap;
import mill.natives.Trigger;

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
  private final ConcurrentHashMap<Integer, IocpPoller> pollers = new ConcurrentHashMap<>();

  // A program without edges should not pay for a look into the map at each read.
  private volatile boolean any;

  EdgePollers() {}

  void add(int fd, IocpPoller poller) {
    pollers.put(fd, poller);
    any = true;
  }

  void remove(int fd, IocpPoller poller) {
    if (any) {
      pollers.remove(fd, poller);
    }
  }

  /** A call on a socket has used up, or waited for, one of these AFD events. */
  void used(int fd, int events) {
    if (any) {
      IocpPoller poller = pollers.get(fd);
      if (poller != null) {
        poller.rearm(fd, events);
      }
    }
  }
}
