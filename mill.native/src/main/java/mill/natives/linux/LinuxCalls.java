package mill.natives.linux;

import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import mill.natives.ffm.NativeFunction;
import mill.natives.gen.linux.Linux;
import mill.natives.posix.NativePosixCalls;

/**
 * The cold calls of Linux: those that all POSIX systems share, and the successors that set the
 * flags of new descriptors in the same call.
 */
final class LinuxCalls extends NativePosixCalls {
  private static final NativeFunction PIPE2 = NativeFunction.of("pipe2");
  private static final NativeFunction ACCEPT4 = NativeFunction.of("accept4");
  private static final NativeFunction SCHED_SETAFFINITY = NativeFunction.of("sched_setaffinity");

  LinuxCalls() {}

  /** {@code pipe2(2)}. */
  @Override
  public int pipe(MemorySegment fds) {
    return PIPE2.call(fds.address(), Linux.O_NONBLOCK() | Linux.O_CLOEXEC());
  }

  /** {@code accept4(2)}. */
  @Override
  public int accept(int fd, MemorySegment address, MemorySegment length) {
    int flags = Linux.SOCK_NONBLOCK() | Linux.SOCK_CLOEXEC();
    try {
      return ACCEPT4.call(fd, address.address(), length.address(), flags);
    } finally {
      Reference.reachabilityFence(address);
    }
  }

  /** {@code sched_setaffinity(2)}. */
  int schedSetAffinity(int tid, long bytes, MemorySegment mask) {
    return SCHED_SETAFFINITY.call(tid, bytes, mask.address());
  }
}
