package mill.natives.linux;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import mill.natives.ffm.CallMemory;
import mill.natives.gen.linux.Linux;
import mill.natives.gen.linux.linger;
import mill.natives.gen.linux.msghdr;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.OptionCode;
import mill.natives.platform.Sockets;

/** The socket calls of Linux. */
final class LinuxSockets implements Sockets {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  // read(2) and its kin transfer at most this much, whatever they are asked for.
  private static final long MAX_TRANSFER_BYTES = 0x7ffff000;

  // Where the scratch memory of a gathering write holds its msghdr; the vectors come first.
  private static final long MESSAGE_OFFSET = IoVectors.MAX * 16L;

  LinuxSockets() {}

  @Override
  public int socket(Family family, Type type) {
    return SocketCalls.socket(domain(family), newSocketType(type), 0);
  }

  @Override
  public int socketPair(Type type, int[] fds) {
    MemorySegment pair = CallMemory.current().scratch();
    return unpack(SocketCalls.socketpair(Linux.AF_UNIX(), newSocketType(type), 0, pair), pair, fds);
  }

  @Override
  public int pipe(int[] fds) {
    MemorySegment pair = CallMemory.current().scratch();
    return unpack(SocketCalls.pipe2(pair, Linux.O_NONBLOCK() | Linux.O_CLOEXEC()), pair, fds);
  }

  @Override
  public int bind(int fd, NativeAddress address) {
    return SocketCalls.bind(fd, address.segment(), address.length());
  }

  @Override
  public int listen(int fd, int backlog) {
    return SocketCalls.listen(fd, backlog);
  }

  @Override
  public int accept(int fd, NativeAddress peer) {
    MemorySegment length = addressLength();
    int accepted =
        SocketCalls.accept4(
            fd, peer.segment(), length, Linux.SOCK_NONBLOCK() | Linux.SOCK_CLOEXEC());
    peer.setLength(accepted < 0 ? 0 : length.get(INT, 0));
    return accepted;
  }

  @Override
  public int connect(int fd, NativeAddress address) {
    return SocketCalls.connect(fd, address.segment(), address.length());
  }

  @Override
  public int localAddress(int fd, NativeAddress into) {
    MemorySegment length = addressLength();
    int result = SocketCalls.getsockname(fd, into.segment(), length);
    into.setLength(result < 0 ? 0 : length.get(INT, 0));
    return result;
  }

  @Override
  public int remoteAddress(int fd, NativeAddress into) {
    MemorySegment length = addressLength();
    int result = SocketCalls.getpeername(fd, into.segment(), length);
    into.setLength(result < 0 ? 0 : length.get(INT, 0));
    return result;
  }

  // A transfer makes its call in two places, with the buffer and with a slice of it: given one
  // place
  // and a choice of two segments, the compiler cannot do away with the slice, and every call leaves
  // 40 bytes of garbage.

  @Override
  public int receive(int fd, MemorySegment buffer, long offset, long length) {
    long bytes = capped(length);
    return (int)
        (offset == 0
            ? TransferCalls.recv(fd, buffer, bytes, 0)
            : TransferCalls.recv(fd, buffer.asSlice(offset), bytes, 0));
  }

  @Override
  public int send(int fd, MemorySegment buffer, long offset, long length) {
    long bytes = capped(length);
    return (int)
        (offset == 0
            ? TransferCalls.send(fd, buffer, bytes, Linux.MSG_NOSIGNAL())
            : TransferCalls.send(fd, buffer.asSlice(offset), bytes, Linux.MSG_NOSIGNAL()));
  }

  @Override
  public int receiveFrom(
      int fd, MemorySegment buffer, long offset, long length, NativeAddress from) {
    MemorySegment addressLength = addressLength();
    MemorySegment address = from.segment();
    long bytes = capped(length);
    long received =
        offset == 0
            ? TransferCalls.recvfrom(fd, buffer, bytes, 0, address, addressLength)
            : TransferCalls.recvfrom(fd, buffer.asSlice(offset), bytes, 0, address, addressLength);
    from.setLength(received < 0 ? 0 : addressLength.get(INT, 0));
    return (int) received;
  }

  @Override
  public int sendTo(int fd, MemorySegment buffer, long offset, long length, NativeAddress to) {
    long bytes = capped(length);
    int flags = Linux.MSG_NOSIGNAL();
    return (int)
        (offset == 0
            ? TransferCalls.sendto(fd, buffer, bytes, flags, to.segment(), to.length())
            : TransferCalls.sendto(
                fd, buffer.asSlice(offset), bytes, flags, to.segment(), to.length()));
  }

  @Override
  public int read(int fd, MemorySegment buffer, long offset, long length) {
    long bytes = capped(length);
    return (int)
        (offset == 0
            ? FileCalls.read(fd, buffer, bytes)
            : FileCalls.read(fd, buffer.asSlice(offset), bytes));
  }

  @Override
  public int write(int fd, MemorySegment buffer, long offset, long length) {
    long bytes = capped(length);
    return (int)
        (offset == 0
            ? FileCalls.write(fd, buffer, bytes)
            : FileCalls.write(fd, buffer.asSlice(offset), bytes));
  }

  @Override
  public long readv(int fd, MemorySegment[] buffers, int from, int count) {
    MemorySegment vectors = CallMemory.current().scratch();
    try {
      return FileCalls.readv(fd, vectors, IoVectors.write(vectors, buffers, from, count));
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
      return TransferCalls.sendmsg(fd, message, Linux.MSG_NOSIGNAL());
    } finally {
      Reference.reachabilityFence(buffers);
    }
  }

  @Override
  public int shutdown(int fd, boolean read, boolean write) {
    int how = read && write ? Linux.SHUT_RDWR() : read ? Linux.SHUT_RD() : Linux.SHUT_WR();
    return SocketCalls.shutdown(fd, how);
  }

  @Override
  public int setOption(int fd, OptionCode code, MemorySegment value) {
    return SocketCalls.setsockopt(fd, code.level(), code.number(), value, (int) value.byteSize());
  }

  @Override
  public int getOption(int fd, OptionCode code, MemorySegment value) {
    MemorySegment length = CallMemory.current().scratch();
    length.set(INT, 0, (int) value.byteSize());
    int result = SocketCalls.getsockopt(fd, code.level(), code.number(), value, length);
    return result < 0 ? result : length.get(INT, 0);
  }

  @Override
  public int setIntOption(int fd, OptionCode code, int value) {
    MemorySegment memory = CallMemory.current().scratch();
    memory.set(INT, 0, value);
    return SocketCalls.setsockopt(fd, code.level(), code.number(), memory, Integer.BYTES);
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
    return SocketCalls.setsockopt(
        fd, Linux.SOL_SOCKET(), Linux.SO_LINGER(), value, (int) linger.sizeof());
  }

  @Override
  public int getLinger(int fd, int[] seconds) {
    MemorySegment value = CallMemory.current().scratch().asSlice(Long.BYTES, linger.sizeof());
    int result = getOption(fd, new OptionCode(Linux.SOL_SOCKET(), Linux.SO_LINGER()), value);
    seconds[0] = linger.l_onoff(value) == 0 ? -1 : linger.l_linger(value);
    return Math.min(result, 0);
  }

  @Override
  public int setNonBlocking(int fd) {
    int flags = FileCalls.fcntl(fd, Linux.F_GETFL(), 0);
    return flags < 0 ? flags : FileCalls.fcntl(fd, Linux.F_SETFL(), flags | Linux.O_NONBLOCK());
  }

  @Override
  public int close(int fd) {
    return FileCalls.close(fd);
  }

  private static int domain(Family family) {
    return switch (family) {
      case INET -> Linux.AF_INET();
      case INET6 -> Linux.AF_INET6();
      case UNIX -> Linux.AF_UNIX();
    };
  }

  private static int newSocketType(Type type) {
    int kind = type == Type.STREAM ? Linux.SOCK_STREAM() : Linux.SOCK_DGRAM();
    return kind | Linux.SOCK_NONBLOCK() | Linux.SOCK_CLOEXEC();
  }

  private static int unpack(int result, MemorySegment pair, int[] fds) {
    if (result >= 0) {
      fds[0] = pair.getAtIndex(INT, 0);
      fds[1] = pair.getAtIndex(INT, 1);
    }
    return result;
  }

  private static MemorySegment addressLength() {
    MemorySegment length = CallMemory.current().scratch();
    length.set(INT, 0, NativeAddress.CAPACITY_BYTES);
    return length;
  }

  private static long capped(long length) {
    return Math.min(length, MAX_TRANSFER_BYTES);
  }
}
