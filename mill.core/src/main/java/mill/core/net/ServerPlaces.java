package mill.core.net;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** How many connections a server has, and may have, on all of its loops together. Any thread. */
final class ServerPlaces {
  private final int max;
  private final int maxPerAddress;
  private final AtomicInteger taken = new AtomicInteger(); // open, or being accepted
  private final AtomicLong refused = new AtomicLong();
  private final @Nullable ConcurrentHashMap<InetAddress, Integer> byAddress;

  ServerPlaces(ConnectionConfig config) {
    max = config.maxTotal;
    maxPerAddress = config.maxPerAddress;
    byAddress = maxPerAddress == ConnectionConfig.NO_LIMIT ? null : new ConcurrentHashMap<>();
  }

  boolean enter() {
    while (true) {
      int now = taken.get();
      if (now >= max) {
        return false;
      }
      if (taken.compareAndSet(now, now + 1)) {
        return true;
      }
    }
  }

  boolean hasRoom() {
    return taken.get() < max;
  }

  void leave() {
    taken.decrementAndGet();
  }

  /** Counts one more of an address; false, and counted as refused, if there are too many. */
  boolean enter(SocketAddress peer) {
    if (byAddress == null || !(peer instanceof InetSocketAddress inet)) {
      return true;
    }
    boolean[] fits = new boolean[1];
    byAddress.compute(
        inet.getAddress(),
        (address, before) -> {
          int now = before == null ? 0 : before;
          fits[0] = now < maxPerAddress;
          return fits[0] ? now + 1 : before;
        });
    if (!fits[0]) {
      refuse();
    }
    return fits[0];
  }

  void leave(SocketAddress peer) {
    if (byAddress != null && peer instanceof InetSocketAddress inet) {
      byAddress.computeIfPresent(
          inet.getAddress(), (address, before) -> before == 1 ? null : before - 1);
    }
  }

  void refuse() {
    refused.incrementAndGet();
  }

  long refused() {
    return refused.get();
  }
}
