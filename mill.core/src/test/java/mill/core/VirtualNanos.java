package mill.core;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** A fake of the clock: it stands still until a test moves it. */
final class VirtualNanos implements LongSupplier {
  private final AtomicLong nowNs;

  VirtualNanos() {
    this(0);
  }

  VirtualNanos(long startNs) {
    nowNs = new AtomicLong(startNs);
  }

  @Override
  public long getAsLong() {
    return nowNs.get();
  }

  void advance(long byNs) {
    nowNs.addAndGet(byNs);
  }
}
