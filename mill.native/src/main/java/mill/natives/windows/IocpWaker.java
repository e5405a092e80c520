package mill.natives.windows;

import java.lang.foreign.MemorySegment;
import mill.natives.shared.Waker;

/**
 * Ends a {@code GetQueuedCompletionStatusEx} from another thread by posting a packet of its own.
 *
 * <p>A port's queue has no bound: that a wake-up is posted only once until it was seen is what
 * bounds the packets.
 */
final class IocpWaker extends Waker {
  /** The key of its packets; those of poll operations have 0. */
  static final long KEY = 1;

  private final IocpCalls calls;
  private final MemorySegment port;

  IocpWaker(IocpCalls calls, MemorySegment port) {
    super(WindowsErrnos.TABLE, "PostQueuedCompletionStatus");
    this.calls = calls;
    this.port = port;
  }

  @Override
  protected int signal() {
    return calls.post(port, KEY);
  }
}
