package mill.natives.windows;

import java.util.concurrent.ConcurrentHashMap;
import mill.natives.Trigger;

/**
 * Tells pollers which edge-triggered sockets have been read or written dry.
 *
 * <p>AFD has no edges. But who asks for {@link Trigger#EDGE} promises to go on until {@code
 * WOULD_BLOCK}, and {@code WOULD_BLOCK} passes through {@link WindowsSockets}: the next change
 * after it is the next edge. Windows' own {@code WSAEventSelect} works the same way.
 *
 * <p>Any thread.
 */
final class EdgeSockets {
  private final ConcurrentHashMap<Integer, IocpPoller> pollers = new ConcurrentHashMap<>();

  // Read at each WOULD_BLOCK, which a program without edges should not pay for.
  private volatile boolean used;

  EdgeSockets() {}

  void add(int fd, IocpPoller poller) {
    pollers.put(fd, poller);
    used = true;
  }

  void remove(int fd, IocpPoller poller) {
    if (used) {
      pollers.remove(fd, poller);
    }
  }

  /** A call on a socket would have had to wait for one of these AFD events. */
  void wouldBlock(int fd, int events) {
    if (used) {
      IocpPoller poller = pollers.get(fd);
      if (poller != null) {
        poller.rearm(fd, events);
      }
    }
  }
}
