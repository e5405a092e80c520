package mill.core.net;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import mill.core.RateLimiter;
import mill.core.internal.loop.AcceptLimit;
import mill.natives.platform.Platform;
import org.jspecify.annotations.Nullable;

/** How many connections a server has, and may have, on all of its loops together. Any thread. */
final class ServerPlaces {
  private final int max;
  private final int maxPerAddress;
  private final AtomicInteger taken = new AtomicInteger(); // open, or being accepted
  private final AtomicLong refused = new AtomicLong();
  private final AtomicLong ratePauses = new AtomicLong();
  private final @Nullable RateLimiter rate;
  private final @Nullable ConcurrentHashMap<InetAddress, Integer> byAddress;

  /**
   * Makes them, all free.
   *
   * @param platform whose clock the rate goes by
   */
  ServerPlaces(ConnectionConfig config, Platform platform) {
    max = config.maxTotal;
    maxPerAddress = config.maxPerAddress;
    byAddress = maxPerAddress == ConnectionConfig.NO_LIMIT ? null : new ConcurrentHashMap<>();
    rate =
        config.acceptRate == ConnectionConfig.NO_LIMIT
            ? null
            : RateLimiter.perSecond(config.acceptRate, config.acceptBurst, platform::nanoTime);
  }

  boolean enter() {
    if (rate != null && rate.available() <= 0) {
      ratePauses.incrementAndGet(); // who hears this pauses, until roomInNs is over
      return false;
    }
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

  /** In how many nanoseconds there is room; unknown if somebody has to leave first. */
  long roomInNs() {
    if (taken.get() >= max) {
      return AcceptLimit.UNKNOWN;
    }
    return rate == null ? 0 : rate.nanosUntil(1);
  }

  /**
   * One was accepted. Counted here and not as its place was taken: most places are taken for
   * nobody. Loops that look at the same moment may accept one more each, and all wait the longer
   * for it.
   */
  void accepted() {
    if (rate != null) {
      rate.reserve(1);
    }
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

  /** How often accepting paused for its rate. */
  long ratePauses() {
    return ratePauses.get();
  }

  long refused() {
    return refused.get();
  }
}
