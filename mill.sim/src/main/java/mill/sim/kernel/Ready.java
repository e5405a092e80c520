package mill.sim.kernel;

import mill.natives.Interest;
import mill.natives.Readiness;

/** The bits of {@code epoll(7)}, and what they say in mill's words. */
final class Ready {
  static final int IN = 0x1;
  static final int PRI = 0x2;
  static final int OUT = 0x4;
  static final int ERR = 0x8;
  static final int HUP = 0x10;
  static final int RDHUP = 0x2000;

  /** A change that may concern everybody. */
  static final int ANY = -1;

  private Ready() {}

  /** What an interest arms; errors and hang-ups come with each. */
  static int mask(Interest interest) {
    int mask = ERR | HUP;
    mask |= interest.isReadable() ? IN | RDHUP : 0;
    mask |= interest.isWritable() ? OUT : 0;
    mask |= interest.isPriority() ? PRI : 0;
    return mask;
  }

  /**
   * What the bits say.
   *
   * @param closedByError whether an error alone says that nothing more can be sent: of a socket it
   *     only waits to be told
   */
  static int readiness(int mask, boolean closedByError) {
    int bits = 0;
    bits |= (mask & (IN | RDHUP | HUP | ERR)) != 0 ? Readiness.READABLE : 0;
    bits |= (mask & (OUT | HUP | ERR)) != 0 ? Readiness.WRITABLE : 0;
    bits |= (mask & PRI) != 0 ? Readiness.PRIORITY : 0;
    bits |= (mask & (RDHUP | HUP)) != 0 ? Readiness.READ_CLOSED : 0;
    bits |= (mask & (closedByError ? HUP | ERR : HUP)) != 0 ? Readiness.WRITE_CLOSED : 0;
    bits |= (mask & ERR) != 0 ? Readiness.ERROR : 0;
    return bits;
  }
}
