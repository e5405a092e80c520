package mill.natives.posix;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import mill.natives.ffm.CallMemory;
import mill.natives.ffm.NativeCalls;
import mill.natives.ffm.NativeFunction;
import mill.natives.gen.linux.Linux;

/**
 * The calls of the C library that Linux, macOS and FreeBSD declare alike.
 *
 * <p>Their memory is mill's own, never a user's: it is passed by its address and kept reachable.
 *
 * <p>A backend adds the two that make descriptors and have successors on some systems: {@link
 * #pipe} and {@link #accept}.
 */
public abstract class NativePosixCalls implements PosixCalls {
  private static final NativeFunction SOCKET = NativeFunction.of("socket");
  private static final NativeFunction SOCKETPAIR = NativeFunction.of("socketpair");
  private static final NativeFunction BIND = NativeFunction.of("bind");
  private static final NativeFunction LISTEN = NativeFunction.of("listen");
  private static final NativeFunction CONNECT = NativeFunction.of("connect");
  private static final NativeFunction GETSOCKNAME = NativeFunction.of("getsockname");
  private static final NativeFunction GETPEERNAME = NativeFunction.of("getpeername");
  private static final NativeFunction SETSOCKOPT = NativeFunction.of("setsockopt");
  private static final NativeFunction GETSOCKOPT = NativeFunction.of("getsockopt");
  private static final NativeFunction SHUTDOWN = NativeFunction.of("shutdown");
  private static final NativeFunction CLOSE = NativeFunction.of("close");

  // Where the variable arguments of fcntl begin.
  private static final int FCNTL_FIXED_ARGUMENTS = 2;

  /**
   * Makes the table. All but {@code fcntl(2)} is linked with this class: giving descriptors back
   * may not fail later because loading a class needs a descriptor and there is none left.
   */
  protected NativePosixCalls() {}

  @Override
  public final int socket(int domain, int type, int protocol) {
    return SOCKET.call(domain, type, protocol);
  }

  @Override
  public final int socketpair(int domain, int type, int protocol, MemorySegment fds) {
    return SOCKETPAIR.call(domain, type, protocol, fds.address());
  }

  @Override
  public final int bind(int fd, MemorySegment address, int length) {
    try {
      return BIND.call(fd, address.address(), length);
    } finally {
      Reference.reachabilityFence(address);
    }
  }

  @Override
  public final int listen(int fd, int backlog) {
    return LISTEN.call(fd, backlog);
  }

  @Override
  public final int connect(int fd, MemorySegment address, int length) {
    try {
      return CONNECT.call(fd, address.address(), length);
    } finally {
      Reference.reachabilityFence(address);
    }
  }

  @Override
  public final int getsockname(int fd, MemorySegment address, MemorySegment length) {
    try {
      return GETSOCKNAME.call(fd, address.address(), length.address());
    } finally {
      Reference.reachabilityFence(address);
    }
  }

  @Override
  public final int getpeername(int fd, MemorySegment address, MemorySegment length) {
    try {
      return GETPEERNAME.call(fd, address.address(), length.address());
    } finally {
      Reference.reachabilityFence(address);
    }
  }

  @Override
  public final int setsockopt(int fd, int level, int option, MemorySegment value, int length) {
    return SETSOCKOPT.call(fd, level, option, value.address(), length);
  }

  @Override
  public final int getsockopt(
      int fd, int level, int option, MemorySegment value, MemorySegment length) {
    return GETSOCKOPT.call(fd, level, option, value.address(), length.address());
  }

  @Override
  public final int shutdown(int fd, int how) {
    return SHUTDOWN.call(fd, how);
  }

  @Override
  public final int fcntl(int fd, int command, int argument) {
    CallMemory memory = CallMemory.acquire();
    try {
      return memory.orErrno(
          (int) Fcntl.HANDLE.invokeExact(memory.errnoSegment(), fd, command, argument));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  @Override
  public final int close(int fd) {
    return CLOSE.call(fd);
  }

  /** A class of its own: linking costs start-up time, and few programs call it. */
  private static final class Fcntl {
    private static final FunctionDescriptor DESCRIPTOR =
        Linux.fcntl.BASE_DESC.appendArgumentLayouts(Linux.C_INT);
    static final MethodHandle HANDLE =
        NativeCalls.linkVariadic(NativeCalls.function("fcntl"), DESCRIPTOR, FCNTL_FIXED_ARGUMENTS);
  }
}
