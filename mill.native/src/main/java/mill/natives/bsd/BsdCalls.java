package mill.natives.bsd;

import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import mill.natives.ffm.NativeFunction;
import mill.natives.posix.NativePosixCalls;

/**
 * The cold calls of macOS and FreeBSD: those that all POSIX systems share, and the two that macOS
 * has in their oldest form alone.
 */
final class BsdCalls extends NativePosixCalls {
  private static final NativeFunction PIPE = NativeFunction.of("pipe");
  private static final NativeFunction ACCEPT = NativeFunction.of("accept");

  BsdCalls() {}

  @Override
  public int pipe(MemorySegment fds) {
    return PIPE.call(fds.address());
  }

  @Override
  public int accept(int fd, MemorySegment address, MemorySegment length) {
    try {
      return ACCEPT.call(fd, address.address(), length.address());
    } finally {
      Reference.reachabilityFence(address);
    }
  }
}
