package mill.sim.programs.net;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mill.core.net.Layer;
import mill.core.net.Output;

/** A layer that changes every byte, takes as much as it likes, and may not be ready at once. */
final class Scrambler implements Layer {
  private static final byte MASK = 0x33;
  private static final int MOST = 2_000;

  private final Ledger ledger;
  private boolean closed;

  Scrambler(Ledger ledger) {
    this.ledger = ledger;
  }

  @Override
  public void start(Site site) {
    if (ledger.sim.chance(0.3)) {
      ledger.later(
          site.connection().loop(),
          5_000_000,
          () -> {
            if (!closed) {
              site.ready();
            }
          });
    } else {
      site.ready();
    }
  }

  @Override
  public long decode(Site site, MemorySegment memory, long from, long to) {
    return scramble(site.up(), memory, from, to);
  }

  @Override
  public long encode(Site site, MemorySegment memory, long from, long to) {
    return scramble(site.down(), memory, from, to);
  }

  private long scramble(Output to, MemorySegment memory, long from, long until) {
    if (closed) {
      ledger.fail("a layer is used that was closed");
    }
    int length = (int) Math.min(until - from, ledger.sim.between(1, MOST));
    MemorySegment room = to.reserve(length);
    long at = to.position();
    for (int i = 0; i < length; i++) {
      byte changed = (byte) (memory.get(ValueLayout.JAVA_BYTE, from + i) ^ MASK);
      room.set(ValueLayout.JAVA_BYTE, at + i, changed);
    }
    to.advance(length);
    return length;
  }

  @Override
  public void close() {
    if (closed) {
      ledger.fail("a layer is closed twice");
    }
    closed = true;
  }
}
