package mill.natives.windows;

import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.gen.windows.Windows;
import mill.natives.platform.DescriptorKind;

/** The event bits of {@code IOCTL_AFD_POLL}, and what they mean to mill. */
final class IocpEvents {
  /** What a read that found nothing asks to hear of again. */
  static final int READING =
      Windows.AFD_POLL_RECEIVE() | Windows.AFD_POLL_ACCEPT() | Windows.AFD_POLL_RECEIVE_EXPEDITED();

  /** What a write that found no room asks to hear of again. */
  static final int WRITING = Windows.AFD_POLL_SEND();

  /** The socket was closed by this process: nobody is left to be told. */
  static final int LOCAL_CLOSE = Windows.AFD_POLL_LOCAL_CLOSE();

  /** What a socket that can no longer be polled is reported as: whoever uses it gets the error. */
  static final int DEAD =
      Readiness.READABLE
          | Readiness.WRITABLE
          | Readiness.READ_CLOSED
          | Readiness.WRITE_CLOSED
          | Readiness.ERROR;

  private static final int FAILED = Readiness.READABLE | Readiness.WRITABLE | Readiness.ERROR;

  private static final int RECEIVE = Windows.AFD_POLL_RECEIVE();
  private static final int EXPEDITED = Windows.AFD_POLL_RECEIVE_EXPEDITED();
  private static final int ACCEPT = Windows.AFD_POLL_ACCEPT();
  private static final int SEND = Windows.AFD_POLL_SEND();
  private static final int DISCONNECT = Windows.AFD_POLL_DISCONNECT();
  private static final int ABORT = Windows.AFD_POLL_ABORT();
  private static final int CONNECT_FAIL = Windows.AFD_POLL_CONNECT_FAIL();

  private IocpEvents() {}

  /** The bits to ask for, errors and hang-ups among them. */
  static int mask(Interest interest) {
    int mask = ABORT | CONNECT_FAIL;
    if (interest.isReadable()) {
      // A FIN is no RECEIVE. Like the peer's half-close elsewhere, it belongs to reading: asked for
      // alone it would spin under a writer who never reads it away.
      mask |= RECEIVE | ACCEPT | DISCONNECT;
    }
    if (interest.isWritable()) {
      mask |= SEND;
    }
    if (interest.isPriority()) {
      mask |= EXPEDITED;
    }
    return mask;
  }

  /** What the driver's bits say in mill's words: of a datagram socket no error closes anything. */
  static int readiness(DescriptorKind kind, int events) {
    if ((events & (ABORT | CONNECT_FAIL)) != 0) {
      int failed = kind == DescriptorKind.DATAGRAM ? FAILED : DEAD;
      return failed | ((events & EXPEDITED) != 0 ? Readiness.PRIORITY : 0);
    }
    int bits = 0;
    if ((events & (RECEIVE | ACCEPT | DISCONNECT)) != 0) {
      bits |= Readiness.READABLE;
    }
    if ((events & SEND) != 0) {
      bits |= Readiness.WRITABLE;
    }
    // The common event has none of these.
    if ((events & (EXPEDITED | DISCONNECT)) != 0) {
      bits |= (events & EXPEDITED) != 0 ? Readiness.PRIORITY : 0;
      bits |= (events & DISCONNECT) != 0 ? Readiness.READ_CLOSED : 0;
    }
    return bits;
  }
}
