package mill.core;

import java.util.concurrent.atomic.AtomicInteger;
import mill.core.internal.loop.AcceptLimit;

/** The limit of one listener. Any thread. */
final class CountedLimit implements AcceptLimit {
  private final int max;
  private final AtomicInteger taken = new AtomicInteger();

  CountedLimit(int max) {
    this.max = max;
  }

  @Override
  public boolean enter() {
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

  @Override
  public long roomInNs() {
    return taken.get() < max ? 0 : UNKNOWN;
  }

  @Override
  public void leave() {
    taken.decrementAndGet();
  }
}
