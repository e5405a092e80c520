package mill.natives.posix;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mill.natives.ffm.CallMemory;
import mill.natives.gen.linux.Linux;
import mill.natives.gen.linux.linger;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.OptionCode;
import mill.natives.platform.Sockets;

/**
 * The socket calls of a POSIX system, the cold half of them: everything but the transfers, which
 * are each backend's own.
 */
public abstract class PosixSockets implements Sockets {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  /**
   * How much a transfer asks for at most: Linux moves no more in one call, and macOS refuses more
   * than INT_MAX with EINVAL.
   */
  private static final long MAX_TRANSFER_BYTES = 0x7ffff000;

  // The size of a struct sockaddr, and AF_UNSPEC is 0 everywhere.
  private static final int UNSPECIFIED_BYTES = 16;

  private final PosixCalls calls;
  private final PosixNumbers numbers;

  /**
   * Makes the table.
   *
   * @param calls the calls below it
   * @param numbers the system's own numbers
   */
  protected PosixSockets(PosixCalls calls, PosixNumbers numbers) {
    this.calls = calls;
    this.numbers = numbers;
  }

  /**
   * Makes a new descriptor what {@link mill.natives.platform.Platform} promises: non-blocking and
   * not inherited. By default in two calls, for a system whose calls do not do so by themselves:
   * between a call and its FD_CLOEXEC a child process that is started just then inherits the
   * descriptor.
   *
   * @param fd the new descriptor
   * @param isSocket false for the end of a pipe
   * @return 0 or {@code -errno}; the descriptor is closed then
   */
  protected int prepare(int fd, boolean isSocket) {
    int result = calls.fcntl(fd, Linux.F_SETFD(), Linux.FD_CLOEXEC());
    return result < 0 ? result : Math.min(setNonBlocking(fd, true), 0);
  }

  @Override
  public final int socket(Family family, Type type) {
    return prepared(calls.socket(domain(family), newSocketType(type), 0));
  }

  @Override
  public final int socketPair(Type type, int[] fds) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment pair = work.scratch();
      int result = calls.socketpair(Linux.AF_UNIX(), newSocketType(type), 0, pair);
      return result < 0 ? result : prepareBoth(pair, fds, true);
    } finally {
      work.release();
    }
  }

  @Override
  public final int pipe(int[] fds) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment pair = work.scratch();
      int result = calls.pipe(pair);
      return result < 0 ? result : prepareBoth(pair, fds, false);
    } finally {
      work.release();
    }
  }

  @Override
  public final int bind(int fd, NativeAddress address) {
    return calls.bind(fd, address.segment(), address.length());
  }

  @Override
  public final int listen(int fd, int backlog) {
    return calls.listen(fd, backlog);
  }

  @Override
  public final int accept(int fd, NativeAddress peer) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment length = addressLength(work);
      int accepted = calls.accept(fd, peer.segment(), length);
      peer.setLength(accepted < 0 ? 0 : length.get(INT, 0));
      return prepared(accepted);
    } finally {
      work.release();
    }
  }

  @Override
  public final int connect(int fd, NativeAddress address) {
    return calls.connect(fd, address.segment(), address.length());
  }

  // Connecting to AF_UNSPEC. Some systems do it and report that there is no such family or address,
  // so what counts is whether there is a peer afterwards.
  @Override
  public final int disconnect(int fd) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment unspecified = work.scratch().asSlice(0, UNSPECIFIED_BYTES);
      unspecified.fill((byte) 0);
      int result = calls.connect(fd, unspecified, UNSPECIFIED_BYTES);
      MemorySegment scratch = work.scratch();
      MemorySegment length = scratch.asSlice(0, Integer.BYTES);
      length.set(INT, 0, NativeAddress.CAPACITY_BYTES);
      MemorySegment peer = scratch.asSlice(Long.BYTES, NativeAddress.CAPACITY_BYTES);
      return result < 0 && calls.getpeername(fd, peer, length) >= 0 ? result : 0;
    } finally {
      work.release();
    }
  }

  @Override
  public final int localAddress(int fd, NativeAddress into) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment length = addressLength(work);
      int result = calls.getsockname(fd, into.segment(), length);
      into.setLength(result < 0 ? 0 : length.get(INT, 0));
      return result;
    } finally {
      work.release();
    }
  }

  @Override
  public int remoteAddress(int fd, NativeAddress into) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment length = addressLength(work);
      int result = calls.getpeername(fd, into.segment(), length);
      into.setLength(result < 0 ? 0 : length.get(INT, 0));
      return result;
    } finally {
      work.release();
    }
  }

  @Override
  public final int shutdown(int fd, boolean read, boolean write) {
    int how = read && write ? Linux.SHUT_RDWR() : read ? Linux.SHUT_RD() : Linux.SHUT_WR();
    return calls.shutdown(fd, how);
  }

  // The value is the user's: the call sees a copy, so that nobody can free it meanwhile.
  @Override
  public final int setOption(int fd, OptionCode code, MemorySegment value) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment copy = arena.allocate(value.byteSize(), Long.BYTES).copyFrom(value);
      return calls.setsockopt(fd, code.level(), code.number(), copy, (int) value.byteSize());
    }
  }

  @Override
  public final int getOption(int fd, OptionCode code, MemorySegment value) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment copy = arena.allocate(value.byteSize(), Long.BYTES).copyFrom(value);
      int result = getOwnOption(fd, code, copy);
      value.copyFrom(copy);
      return result;
    }
  }

  private int getOwnOption(int fd, OptionCode code, MemorySegment value) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment length = work.scratch();
      length.set(INT, 0, (int) value.byteSize());
      int result = calls.getsockopt(fd, code.level(), code.number(), value, length);
      return result < 0 ? result : length.get(INT, 0);
    } finally {
      work.release();
    }
  }

  @Override
  public final int setIntOption(int fd, OptionCode code, int value) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment memory = work.scratch();
      memory.set(INT, 0, value);
      return calls.setsockopt(fd, code.level(), code.number(), memory, Integer.BYTES);
    } finally {
      work.release();
    }
  }

  @Override
  public final int getIntOption(int fd, OptionCode code, int[] value) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment memory = work.scratch().asSlice(Long.BYTES, Integer.BYTES);
      int result = getOwnOption(fd, code, memory);
      value[0] = memory.get(INT, 0);
      return Math.min(result, 0);
    } finally {
      work.release();
    }
  }

  @Override
  public final int setLinger(int fd, int seconds) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment value = work.scratch().asSlice(0, linger.sizeof());
      linger.l_onoff(value, seconds < 0 ? 0 : 1);
      linger.l_linger(value, Math.max(seconds, 0));
      OptionCode code = numbers.linger();
      return calls.setsockopt(fd, code.level(), code.number(), value, (int) linger.sizeof());
    } finally {
      work.release();
    }
  }

  @Override
  public final int getLinger(int fd, int[] seconds) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment value = work.scratch().asSlice(Long.BYTES, linger.sizeof());
      int result = getOwnOption(fd, numbers.linger(), value);
      seconds[0] = linger.l_onoff(value) == 0 ? -1 : linger.l_linger(value);
      return Math.min(result, 0);
    } finally {
      work.release();
    }
  }

  @Override
  public final int setNonBlocking(int fd, boolean on) {
    int flags = calls.fcntl(fd, Linux.F_GETFL(), 0);
    if (flags < 0) {
      return flags;
    }
    boolean before = (flags & numbers.nonBlock()) != 0;
    if (before != on) {
      int result = calls.fcntl(fd, Linux.F_SETFL(), flags ^ numbers.nonBlock());
      if (result < 0) {
        return result;
      }
    }
    return before ? 1 : 0;
  }

  @Override
  public final int setNotInherited(int fd) {
    return calls.fcntl(fd, Linux.F_SETFD(), Linux.FD_CLOEXEC());
  }

  @Override
  public final int close(int fd) {
    return calls.close(fd);
  }

  /**
   * {@return the scratch memory of a call as a {@code socklen_t} that says how long addresses are}
   *
   * @param memory the memory of the call
   */
  protected static MemorySegment addressLength(CallMemory memory) {
    MemorySegment length = memory.scratch();
    length.set(INT, 0, NativeAddress.CAPACITY_BYTES);
    return length;
  }

  /**
   * {@return how much of a transfer one call is asked for}
   *
   * @param length how many bytes there are
   */
  protected static long capped(long length) {
    return Math.min(length, MAX_TRANSFER_BYTES);
  }

  private int prepared(int fd) {
    int result = fd < 0 ? fd : prepare(fd, true);
    if (fd >= 0 && result < 0) {
      calls.close(fd);
    }
    return result < 0 ? result : fd;
  }

  private int prepareBoth(MemorySegment pair, int[] fds, boolean sockets) {
    // Read before the scratch memory is used for something else.
    fds[0] = pair.getAtIndex(INT, 0);
    fds[1] = pair.getAtIndex(INT, 1);
    for (int fd : fds) {
      int result = prepare(fd, sockets);
      if (result < 0) {
        calls.close(fds[0]);
        calls.close(fds[1]);
        return result;
      }
    }
    return 0;
  }

  private int domain(Family family) {
    return switch (family) {
      case INET -> Linux.AF_INET();
      case INET6 -> numbers.afInet6();
      case UNIX -> Linux.AF_UNIX();
    };
  }

  private int newSocketType(Type type) {
    int kind = type == Type.STREAM ? Linux.SOCK_STREAM() : Linux.SOCK_DGRAM();
    return kind | numbers.newSocketFlags();
  }
}
