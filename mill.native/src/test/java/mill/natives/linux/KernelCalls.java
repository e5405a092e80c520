package mill.natives.linux;

import java.lang.foreign.MemorySegment;
import mill.natives.gen.linux.Linux;

/** What only a call can tell of the kernel below. */
public final class KernelCalls {
  private KernelCalls() {}

  /** Whether it has {@code epoll_pwait2}: Linux before 5.11 has not, nor has QEMU's. */
  public static boolean hasPwait2() {
    if (!EpollCalls.hasPwait2()) {
      return false;
    }
    int answer = EpollCalls.waitTimespec(-1, MemorySegment.NULL, 1, MemorySegment.NULL);
    return answer == -Linux.EBADF();
  }
}
