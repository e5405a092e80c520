package mill.natives.bsd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import mill.natives.ffm.CallMemory;
import mill.natives.gen.macos.MacOs;
import mill.natives.gen.macos.linger;
import mill.natives.gen.macos.msghdr;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.OptionCode;
import mill.natives.platform.Sockets;

/**
 * The socket calls of macOS and FreeBSD.
 *
 * <p>Only what both have: macOS knows neither {@code accept4} nor {@code SOCK_NONBLOCK} nor {@code
 * pipe2}, so descriptors are set up by hand. Between a call and its {@code FD_CLOEXEC} a child
 * process that is started just then inherits the descriptor; macOS offers nothing better.
 */
final class BsdSockets implements Sockets {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  // macOS refuses a transfer of more than INT_MAX bytes with EINVAL.
  private static final long MAX_TRANSFER_BYTES = 0x7ffff000;

  // Where the scratch memory of a gathering write holds its msghdr; the vectors come first.
  private static final long MESSAGE_OFFSET = IoVectors.MAX * 16L;

  private final BsdTable table;
  private final SocketCalls calls;
  private final FileCalls files;

  BsdSockets(BsdTable table, SocketCalls calls, FileCalls files) {
    this.table = table;
    this.calls = calls;
    this.files = files;
  }

  @Override
  public int socket(Family family, Type type) {
    int fd = calls.socket(domain(family), kind(type), 0);
    return fd < 0 ? fd : orClosed(fd, setUp(fd));
  }

  @Override
  public int socketPair(Type type, int[] fds) {
    MemorySegment pair = CallMemory.current().scratch();
    int result = calls.socketpair(MacOs.AF_UNIX(), kind(type), 0, pair);
    return result < 0 ? result : setUpBoth(pair, fds, true);
  }

  @Override
  public int pipe(int[] fds) {
    MemorySegment pair = CallMemory.current().scratch();
    int result = calls.pipe(pair);
    return result < 0 ? result : setUpBoth(pair, fds, false);
  }

  @Override
  public int bind(int fd, NativeAddress address) {
    return calls.bind(fd, address.segment(), address.length());
  }

  @Override
  public int listen(int fd, int backlog) {
    return calls.listen(fd, backlog);
  }

  @Override
  public int accept(int fd, NativeAddress peer) {
    MemorySegment length = addressLength();
    int accepted = calls.accept(fd, peer.segment(), length);
    peer.setLength(accepted < 0 ? 0 : length.get(INT, 0));
    if (accepted < 0) {
      return accepted;
    }
    // O_NONBLOCK is inherited from the listening socket, but only setting it makes it sure.
    return orClosed(accepted, setUp(accepted));
  }

  @Override
  public int connect(int fd, NativeAddress address) {
    return calls.connect(fd, address.segment(), address.length());
  }

  @Override
  public int localAddress(int fd, NativeAddress into) {
    MemorySegment length = addressLength();
    int result = calls.getsockname(fd, into.segment(), length);
    into.setLength(result < 0 ? 0 : length.get(INT, 0));
    return result;
  }

  @Override
  public int remoteAddress(int fd, NativeAddress into) {
    MemorySegment length = addressLength();
    int result = calls.getpeername(fd, into.segment(), length);
    into.setLength(result < 0 ? 0 : length.get(INT, 0));
    // What macOS says of a socket whose peer has reset it.
    return result == -MacOs.EINVAL() ? -MacOs.ENOTCONN() : result;
  }

  @Override
  public int receive(int fd, MemorySegment buffer, long offset, long length) {
    return (int) files.recv(fd, at(buffer, offset), capped(length), 0);
  }

  @Override
  public int send(int fd, MemorySegment buffer, long offset, long length) {
    return (int) files.send(fd, at(buffer, offset), capped(length), table.sendFlags());
  }

  @Override
  public int receiveFrom(
      int fd, MemorySegment buffer, long offset, long length, NativeAddress from) {
    MemorySegment addressLength = addressLength();
    long received =
        files.recvfrom(fd, at(buffer, offset), capped(length), 0, from.segment(), addressLength);
    from.setLength(received < 0 ? 0 : addressLength.get(INT, 0));
    return (int) received;
  }

  @Override
  public int sendTo(int fd, MemorySegment buffer, long offset, long length, NativeAddress to) {
    return (int)
        files.sendto(
            fd, at(buffer, offset), capped(length), table.sendFlags(), to.segment(), to.length());
  }

  @Override
  public int read(int fd, MemorySegment buffer, long offset, long length) {
    return (int) files.read(fd, at(buffer, offset), capped(length));
  }

  @Override
  public int write(int fd, MemorySegment buffer, long offset, long length) {
    return (int) files.write(fd, at(buffer, offset), capped(length));
  }

  @Override
  public long readv(int fd, MemorySegment[] buffers, int from, int count) {
    MemorySegment vectors = CallMemory.current().scratch();
    try {
      return files.readv(fd, vectors, IoVectors.write(vectors, buffers, from, count));
    } finally {
      Reference.reachabilityFence(buffers);
    }
  }

  @Override
  public long writev(int fd, MemorySegment[] buffers, int from, int count) {
    MemorySegment scratch = CallMemory.current().scratch();
    MemorySegment message = scratch.asSlice(MESSAGE_OFFSET, msghdr.sizeof());
    message.fill((byte) 0);
    msghdr.msg_iov(message, scratch);
    msghdr.msg_iovlen(message, IoVectors.write(scratch, buffers, from, count));
    try {
      return files.sendmsg(fd, message, table.sendFlags());
    } finally {
      Reference.reachabilityFence(buffers);
    }
  }

  @Override
  public int shutdown(int fd, boolean read, boolean write) {
    int how = read && write ? MacOs.SHUT_RDWR() : read ? MacOs.SHUT_RD() : MacOs.SHUT_WR();
    return calls.shutdown(fd, how);
  }

  @Override
  public int setOption(int fd, OptionCode code, MemorySegment value) {
    return calls.setsockopt(fd, code.level(), code.number(), value, (int) value.byteSize());
  }

  @Override
  public int getOption(int fd, OptionCode code, MemorySegment value) {
    MemorySegment length = CallMemory.current().scratch();
    length.set(INT, 0, (int) value.byteSize());
    int result = calls.getsockopt(fd, code.level(), code.number(), value, length);
    return result < 0 ? result : length.get(INT, 0);
  }

  @Override
  public int setIntOption(int fd, OptionCode code, int value) {
    MemorySegment memory = CallMemory.current().scratch();
    memory.set(INT, 0, value);
    return calls.setsockopt(fd, code.level(), code.number(), memory, Integer.BYTES);
  }

  @Override
  public int getIntOption(int fd, OptionCode code, int[] value) {
    MemorySegment memory = CallMemory.current().scratch().asSlice(Long.BYTES, Integer.BYTES);
    int result = getOption(fd, code, memory);
    value[0] = memory.get(INT, 0);
    return Math.min(result, 0);
  }

  @Override
  public int setLinger(int fd, int seconds) {
    MemorySegment value = CallMemory.current().scratch();
    linger.l_onoff(value, seconds < 0 ? 0 : 1);
    linger.l_linger(value, Math.max(seconds, 0));
    OptionCode code = lingerOption();
    return calls.setsockopt(fd, code.level(), code.number(), value, (int) linger.sizeof());
  }

  @Override
  public int getLinger(int fd, int[] seconds) {
    MemorySegment value = CallMemory.current().scratch().asSlice(Long.BYTES, linger.sizeof());
    int result = getOption(fd, lingerOption(), value);
    seconds[0] = linger.l_onoff(value) == 0 ? -1 : linger.l_linger(value);
    return Math.min(result, 0);
  }

  @Override
  public int setNonBlocking(int fd) {
    int flags = files.fcntl(fd, MacOs.F_GETFL(), 0);
    return flags < 0 ? flags : files.fcntl(fd, MacOs.F_SETFL(), flags | MacOs.O_NONBLOCK());
  }

  @Override
  public int close(int fd) {
    return files.close(fd);
  }

  /** Makes a new socket what the platform promises; 0 or {@code -errno}. */
  private int setUp(int fd) {
    // A connection that was reset while it waited refuses options: its first read will tell.
    setIntOption(fd, new OptionCode(MacOs.SOL_SOCKET(), table.noSigPipe()), 1);
    return setUpFile(fd);
  }

  private int setUpFile(int fd) {
    int result = files.fcntl(fd, MacOs.F_SETFD(), MacOs.FD_CLOEXEC());
    return result < 0 ? result : setNonBlocking(fd);
  }

  private int setUpBoth(MemorySegment pair, int[] fds, boolean sockets) {
    // Read before the scratch memory is used for something else.
    fds[0] = pair.getAtIndex(INT, 0);
    fds[1] = pair.getAtIndex(INT, 1);
    for (int fd : fds) {
      int result = sockets ? setUp(fd) : setUpFile(fd);
      if (result < 0) {
        files.close(fds[0]);
        files.close(fds[1]);
        return result;
      }
    }
    return 0;
  }

  private int orClosed(int fd, int result) {
    if (result < 0) {
      files.close(fd);
      return result;
    }
    return fd;
  }

  private OptionCode lingerOption() {
    OptionCode code = table.options().get("SO_LINGER");
    if (code == null) {
      throw new IllegalStateException(table.system() + " has no SO_LINGER");
    }
    return code;
  }

  private int domain(Family family) {
    return switch (family) {
      case INET -> MacOs.AF_INET();
      case INET6 -> table.afInet6();
      case UNIX -> MacOs.AF_UNIX();
    };
  }

  private static int kind(Type type) {
    return type == Type.STREAM ? MacOs.SOCK_STREAM() : MacOs.SOCK_DGRAM();
  }

  private static MemorySegment addressLength() {
    MemorySegment length = CallMemory.current().scratch();
    length.set(INT, 0, NativeAddress.CAPACITY_BYTES);
    return length;
  }

  private static MemorySegment at(MemorySegment buffer, long offset) {
    return offset == 0 ? buffer : buffer.asSlice(offset);
  }

  private static long capped(long length) {
    return Math.min(length, MAX_TRANSFER_BYTES);
  }
}
