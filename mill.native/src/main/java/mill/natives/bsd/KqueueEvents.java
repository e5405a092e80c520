package mill.natives.bsd;

import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.natives.gen.macos.MacOs;
import mill.natives.platform.DescriptorKind;

/** What the flags of {@code struct kevent} mean to mill ({@code kqueue(2)}). */
final class KqueueEvents {
  private static final int READ = MacOs.EVFILT_READ();
  private static final int EOF = MacOs.EV_EOF();

  // EV_ADD alone does not re-enable a disabled event on XNU.
  private static final int ADD = MacOs.EV_ADD() | MacOs.EV_ENABLE();

  private KqueueEvents() {}

  /** The flags that arm a filter; see {@link Watch} for why. */
  static int flags(int filter, Trigger trigger) {
    return switch (trigger) {
      case LEVEL -> filter == READ ? ADD : ADD | MacOs.EV_ONESHOT();
      case EDGE -> ADD | MacOs.EV_CLEAR();
      case ONESHOT -> ADD | MacOs.EV_ONESHOT();
    };
  }

  /** Whether the kernel removes the filter as it reports it. */
  static boolean isOneShot(int filter, Trigger trigger) {
    return trigger == Trigger.ONESHOT || (trigger == Trigger.LEVEL && filter != READ);
  }

  /**
   * What an event says in mill's words.
   *
   * <p>EV_EOF may stand beside unread data: it never means that a descriptor is to be closed, only
   * that reading will come to an end. An error in fflags ends both directions of a connection,
   * whichever filter brought it; of a datagram socket it closes nothing.
   */
  static int readiness(DescriptorKind kind, int filter, int flags, int fflags) {
    boolean reads = filter == READ;
    int bits = reads ? Readiness.READABLE : Readiness.WRITABLE;
    if ((flags & EOF) != 0) {
      bits |= reads ? Readiness.READ_CLOSED : Readiness.WRITE_CLOSED;
      if (fflags != 0) {
        bits |= Readiness.READABLE | Readiness.WRITABLE | Readiness.ERROR;
        if (kind != DescriptorKind.DATAGRAM) {
          bits |= Readiness.READ_CLOSED | Readiness.WRITE_CLOSED;
        }
      }
    }
    return bits;
  }
}
