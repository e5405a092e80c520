package mill.natives.bsd;

import mill.natives.Interest;
import mill.natives.Trigger;
import mill.natives.platform.DescriptorKind;

/**
 * One registration and its two filters, as the kernel has them. Guarded by the poller's lock.
 *
 * <pre>
 *                    LEVEL                     EDGE             ONESHOT
 *   EVFILT_READ      EV_ADD, stays armed       EV_CLEAR         EV_ONESHOT
 *   EVFILT_WRITE     EV_ONESHOT, armed anew    EV_CLEAR         EV_ONESHOT
 *                    before the next wait
 *   after an event   read: nothing to do       nothing to do    deaf: what the other filter brings
 *                    write: rearm                               is dropped, until it is set anew
 * </pre>
 *
 * <p>EV_DISPATCH, which disables where EV_ONESHOT removes, is not used: what it takes to enable an
 * event again differs between kernels, and adding one that is gone does not.
 */
final class Watch {
  final int fd;
  final DescriptorKind kind;
  final long token;
  Interest interest;
  Trigger trigger;

  /** Whether the kernel has the filter, as far as its reports have been read. */
  boolean hasRead;

  boolean hasWrite;

  /** Whether the filter for writing is to be armed before the next wait. */
  boolean rearm;

  /** Whether a one-shot has been reported and not been set anew. */
  boolean deaf;

  /** The batch this was reported in last, and where in it. */
  long batch = -1;

  int entry;

  Watch(int fd, DescriptorKind kind, long token, Interest interest, Trigger trigger) {
    this.fd = fd;
    this.kind = kind;
    this.token = token;
    this.interest = interest;
    this.trigger = trigger;
  }
}
