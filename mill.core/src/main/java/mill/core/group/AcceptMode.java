package mill.core.group;

import mill.natives.platform.Platform;

/** How the connections of one address come to the loops of an {@link EventLoopGroup}. */
public enum AcceptMode {
  /**
   * {@link #SHARDED} where the kernel can do it and there is more than one loop, {@link #HANDOFF}
   * elsewhere.
   */
  AUTO,

  /**
   * Every loop has a listener of its own on the same address ({@code SO_REUSEPORT}), and the kernel
   * gives each connection to one of them, by a hash of its addresses: no hop between threads, and
   * an even spread of many connections, not of a few. Refused where the kernel does not do that
   * ({@link Platform#balancesListeners()}). Any process of the same user may join the address.
   */
  SHARDED,

  /**
   * The first loop accepts and hands the connections on, round robin: an exactly even spread, for a
   * hop to another thread. On every system.
   */
  HANDOFF;

  /** What AUTO comes to; the one place that asks. */
  AcceptMode resolve(Platform platform, int loops) {
    boolean balanced = platform.balancesListeners();
    if (this == SHARDED && !balanced) {
      throw new UnsupportedOperationException(
          platform.name()
              + " does not spread connections over listeners with SO_REUSEPORT: use AUTO or HANDOFF");
    }
    if (this == AUTO) {
      return balanced && loops > 1 ? SHARDED : HANDOFF;
    }
    return this;
  }
}
