package mill.natives.windows;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import mill.natives.ffm.CallMemory;
import mill.natives.gen.windows.Windows;
import mill.natives.gen.windows.linger;
import mill.natives.gen.windows.sockaddr_in;
import mill.natives.platform.ControlData;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.OptionCode;
import mill.natives.platform.Sockets;
import org.jspecify.annotations.Nullable;

/**
 * The socket calls of Windows.
 *
 * <p>Where Winsock's answers differ in kind from those that {@link Sockets} promises, they are
 * turned into them here, so that nothing above has to know.
 */
final class WindowsSockets implements Sockets {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  // Winsock takes a non-blocking send whole, however large, and pays with kernel memory: a bound of
  // ours makes it a short transfer instead.
  static final int MAX_TRANSFER_BYTES = 1 << 20;

  /** How many reports about datagrams that found nobody one receive steps over. */
  static final int MAX_UNREACHABLE_REPORTS = 16;

  private static final int MAX_LINGER_SECONDS = 0xffff;

  // Where the scratch memory of a vectored call holds its count of bytes and its flags.
  private static final long COUNT_OFFSET = IoVectors.SIZE_BYTES;
  private static final long FLAGS_OFFSET = COUNT_OFFSET + Long.BYTES;

  private final EdgePollers edges;

  WindowsSockets(EdgePollers edges) {
    this.edges = edges;
  }

  @Override
  public int socket(Family family, Type type) {
    int kind = type == Type.STREAM ? Windows.SOCK_STREAM() : Windows.SOCK_DGRAM();
    int flags = Windows.WSA_FLAG_OVERLAPPED() | Windows.WSA_FLAG_NO_HANDLE_INHERIT();
    long socket = WindowsCalls.socket(domain(family), kind, 0, 0, flags);
    return socket < 0 ? (int) socket : prepared((int) socket);
  }

  @Override
  public int socketPair(Type type, int[] fds) {
    return type == Type.STREAM ? LoopbackPair.stream(this, fds) : LoopbackPair.datagram(this, fds);
  }

  // A pipe of Windows is no socket, and AFD polls only those.
  @Override
  public int pipe(int[] fds) {
    return LoopbackPair.stream(this, fds);
  }

  @Override
  public int bind(int fd, NativeAddress address) {
    return WindowsCalls.bind(fd, address.segment(), address.length());
  }

  @Override
  public int listen(int fd, int backlog) {
    return WindowsCalls.listen(fd, backlog);
  }

  @Override
  public int accept(int fd, NativeAddress peer) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment length = addressLength(work);
      long accepted = WindowsCalls.accept(fd, peer.segment(), length);
      if (accepted >= 0) {
        peer.setLength(length.get(INT, 0));
        KernelCalls.setNotInherited(MemorySegment.ofAddress(accepted));
        return afterRead(fd, prepared((int) accepted));
      }
      peer.setLength(0);
      // Winsock's word for a connection that its peer has reset before it could be accepted.
      int error =
          accepted == -Windows.WSAECONNRESET() ? -Windows.WSAECONNABORTED() : (int) accepted;
      return afterRead(fd, error);
    } finally {
      work.release();
    }
  }

  @Override
  public int connect(int fd, NativeAddress address) {
    int result = WindowsCalls.connect(fd, address.segment(), address.length());
    return result == -Windows.WSAEWOULDBLOCK() ? -Windows.WSAEINPROGRESS() : result;
  }

  // Connecting to the wildcard of the socket's own family: its own address without what follows the
  // family.
  @Override
  public int disconnect(int fd) {
    var nowhere = new NativeAddress();
    int result = localAddress(fd, nowhere);
    if (result < 0) {
      return result == -Windows.WSAEINVAL() ? 0 : result; // not even bound
    }
    nowhere.segment().asSlice(Short.BYTES).fill((byte) 0);
    return WindowsCalls.connect(fd, nowhere.segment(), nowhere.length());
  }

  @Override
  public int localAddress(int fd, NativeAddress into) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment length = addressLength(work);
      int result = WindowsCalls.getsockname(fd, into.segment(), length);
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
      int result = WindowsCalls.getpeername(fd, into.segment(), length);
      if (result >= 0 && isNobody(into.segment())) {
        result = -Windows.WSAENOTCONN();
      }
      into.setLength(result < 0 ? 0 : length.get(INT, 0));
      return result;
    } finally {
      work.release();
    }
  }

  // After a disconnect some systems name the wildcard and port 0; the port is where sockaddr_in6
  // has it, too.
  private static boolean isNobody(MemorySegment peer) {
    int family = peer.get(ValueLayout.JAVA_SHORT, sockaddr_in.sin_family$offset());
    boolean internet = family == Windows.AF_INET() || family == Windows.AF_INET6();
    return internet && peer.get(ValueLayout.JAVA_SHORT, sockaddr_in.sin_port$offset()) == 0;
  }

  // A transfer makes its call in two places, with the buffer and with a slice of it, or its offset:
  // given one place and a choice of two segments, the compiler cannot do away with the slice, and
  // every call leaves 40 bytes of garbage.

  @Override
  public int receive(int fd, MemorySegment buffer, long offset, long length) {
    return receive(fd, buffer, offset, length, null);
  }

  private int receive(
      int fd, MemorySegment buffer, long offset, long length, @Nullable ControlData control) {
    int size = capped(length);
    int result =
        offset == 0
            ? TransferCalls.recv(fd, buffer, size, 0)
            : TransferCalls.recv(fd, buffer.asSlice(offset), size, 0);
    if (result == -Windows.WSAEMSGSIZE()) {
      result = size; // a datagram that was cut off
      tellCut(control);
    } else if (result == -Windows.WSAECONNRESET() && isDatagram(fd)) {
      result = -Windows.WSAECONNREFUSED();
    }
    return afterRead(fd, result);
  }

  @Override
  public int send(int fd, MemorySegment buffer, long offset, long length) {
    int size = capped(length);
    int result =
        offset == 0
            ? TransferCalls.send(fd, buffer, size, 0)
            : TransferCalls.send(fd, buffer.asSlice(offset), size, 0);
    return afterWrite(fd, result);
  }

  @Override
  public int receiveFrom(
      int fd, MemorySegment buffer, long offset, long length, NativeAddress from) {
    return receiveFrom(fd, buffer, offset, length, from, null);
  }

  /**
   * There is no control data here: {@code AF_UNIX} passes no descriptors, and the segment sizes of
   * UDP are those of newer systems than mill asks for. Whether a datagram was cut off is an error.
   */
  @Override
  public int receiveMessage(
      int fd,
      MemorySegment buffer,
      long offset,
      long length,
      @Nullable NativeAddress from,
      ControlData control) {
    control.clear();
    return from == null
        ? receive(fd, buffer, offset, length, control)
        : receiveFrom(fd, buffer, offset, length, from, control);
  }

  private static void tellCut(@Nullable ControlData control) {
    if (control != null) {
      control.setTruncated(true, false);
    }
  }

  private int receiveFrom(
      int fd,
      MemorySegment buffer,
      long offset,
      long length,
      NativeAddress from,
      @Nullable ControlData control) {
    int size = capped(length);
    MemorySegment address = from.segment();
    CallMemory work = CallMemory.acquire();
    try {
      for (int i = 0; i < MAX_UNREACHABLE_REPORTS; i++) {
        MemorySegment addressLength = addressLength(work);
        int received =
            offset == 0
                ? TransferCalls.recvfrom(fd, buffer, size, 0, address, addressLength)
                : TransferCalls.recvfromAt(fd, buffer, offset, size, 0, address, addressLength);
        if (received >= 0 || received == -Windows.WSAEMSGSIZE()) {
          from.setLength(addressLength.get(INT, 0));
          if (received < 0) {
            tellCut(control);
          }
          return afterRead(fd, received >= 0 ? received : size);
        }
        from.setLength(0);
        // Winsock tells a socket without a peer that some earlier datagram of its own found nobody.
        // Nobody else does, and a server could do nothing about it.
        if (received != -Windows.WSAECONNRESET() && received != -Windows.WSAENETRESET()) {
          return afterRead(fd, received);
        }
      }
      return -Windows.WSAEWOULDBLOCK();
    } finally {
      work.release();
    }
  }

  @Override
  public int sendTo(int fd, MemorySegment buffer, long offset, long length, NativeAddress to) {
    int size = (int) Math.min(length, Integer.MAX_VALUE);
    MemorySegment address = to.segment();
    int result =
        offset == 0
            ? TransferCalls.sendto(fd, buffer, size, 0, address, to.length())
            : TransferCalls.sendtoAt(fd, buffer, offset, size, 0, address, to.length());
    return afterWrite(fd, result);
  }

  @Override
  public int read(int fd, MemorySegment buffer, long offset, long length) {
    return receive(fd, buffer, offset, length);
  }

  @Override
  public int write(int fd, MemorySegment buffer, long offset, long length) {
    return send(fd, buffer, offset, length);
  }

  @Override
  public int receiveUrgent(int fd) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment urgent = work.scratch();
      int received = TransferCalls.recv(fd, urgent, 1, Windows.MSG_OOB());
      if (received == 0) {
        return -Windows.WSAEINVAL();
      }
      return received < 0 ? received : Byte.toUnsignedInt(urgent.get(ValueLayout.JAVA_BYTE, 0));
    } finally {
      work.release();
    }
  }

  @Override
  public long readv(int fd, MemorySegment[] buffers, int from, int count) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment scratch = work.scratch();
      MemorySegment received = scratch.asSlice(COUNT_OFFSET, Long.BYTES);
      MemorySegment flags = scratch.asSlice(FLAGS_OFFSET, Integer.BYTES);
      flags.set(INT, 0, 0);
      int used = IoVectors.write(scratch, buffers, from, count, MAX_TRANSFER_BYTES);
      int result = TransferCalls.recvBuffers(fd, scratch, used, received, flags);
      return afterRead(fd, result < 0 ? result : received.get(INT, 0));
    } finally {
      work.release();
      Reference.reachabilityFence(buffers);
    }
  }

  @Override
  public long readv(
      int fd, MemorySegment[] buffers, long[] offsets, long[] lengths, int from, int count) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment scratch = work.scratch();
      MemorySegment received = scratch.asSlice(COUNT_OFFSET, Long.BYTES);
      MemorySegment flags = scratch.asSlice(FLAGS_OFFSET, Integer.BYTES);
      flags.set(INT, 0, 0);
      int used =
          IoVectors.write(scratch, buffers, offsets, lengths, from, count, MAX_TRANSFER_BYTES);
      int result = TransferCalls.recvBuffers(fd, scratch, used, received, flags);
      return afterRead(fd, result < 0 ? result : received.get(INT, 0));
    } finally {
      work.release();
      Reference.reachabilityFence(buffers);
    }
  }

  @Override
  public long writev(int fd, MemorySegment[] buffers, int from, int count) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment scratch = work.scratch();
      MemorySegment sent = scratch.asSlice(COUNT_OFFSET, Long.BYTES);
      int used = IoVectors.write(scratch, buffers, from, count, MAX_TRANSFER_BYTES);
      int result = TransferCalls.sendBuffers(fd, scratch, used, sent, 0);
      return result < 0 ? afterWrite(fd, result) : sent.get(INT, 0);
    } finally {
      work.release();
      Reference.reachabilityFence(buffers);
    }
  }

  @Override
  public long writev(
      int fd, MemorySegment[] buffers, long[] offsets, long[] lengths, int from, int count) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment scratch = work.scratch();
      MemorySegment sent = scratch.asSlice(COUNT_OFFSET, Long.BYTES);
      int used =
          IoVectors.write(scratch, buffers, offsets, lengths, from, count, MAX_TRANSFER_BYTES);
      int result = TransferCalls.sendBuffers(fd, scratch, used, sent, 0);
      return result < 0 ? afterWrite(fd, result) : sent.get(INT, 0);
    } finally {
      work.release();
      Reference.reachabilityFence(buffers);
    }
  }

  @Override
  public int shutdown(int fd, boolean read, boolean write) {
    int how = read && write ? Windows.SD_BOTH() : read ? Windows.SD_RECEIVE() : Windows.SD_SEND();
    return WindowsCalls.shutdown(fd, how);
  }

  @Override
  public int setOption(int fd, OptionCode code, MemorySegment value) {
    return WindowsCalls.setsockopt(fd, code.level(), code.number(), value, (int) value.byteSize());
  }

  @Override
  public int getOption(int fd, OptionCode code, MemorySegment value) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment length = work.scratch();
      length.set(INT, 0, (int) value.byteSize());
      int result = WindowsCalls.getsockopt(fd, code.level(), code.number(), value, length);
      return result < 0 ? result : length.get(INT, 0);
    } finally {
      work.release();
    }
  }

  @Override
  public int setIntOption(int fd, OptionCode code, int value) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment memory = work.scratch();
      memory.set(INT, 0, value);
      return WindowsCalls.setsockopt(fd, code.level(), code.number(), memory, Integer.BYTES);
    } finally {
      work.release();
    }
  }

  @Override
  public int getIntOption(int fd, OptionCode code, int[] value) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment memory = work.scratch().asSlice(Long.BYTES, Integer.BYTES);
      memory.set(INT, 0, 0); // some flags are one byte long
      int result = getOption(fd, code, memory);
      value[0] = memory.get(INT, 0);
      return Math.min(result, 0);
    } finally {
      work.release();
    }
  }

  @Override
  public int setLinger(int fd, int seconds) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment value = work.scratch();
      linger.l_onoff(value, (short) (seconds < 0 ? 0 : 1));
      linger.l_linger(value, (short) Math.clamp(seconds, 0, MAX_LINGER_SECONDS));
      return WindowsCalls.setsockopt(
          fd, Windows.SOL_SOCKET(), Windows.SO_LINGER(), value, (int) linger.sizeof());
    } finally {
      work.release();
    }
  }

  @Override
  public int getLinger(int fd, int[] seconds) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment value = work.scratch().asSlice(Long.BYTES, linger.sizeof());
      int result = getOption(fd, new OptionCode(Windows.SOL_SOCKET(), Windows.SO_LINGER()), value);
      seconds[0] = linger.l_onoff(value) == 0 ? -1 : Short.toUnsignedInt(linger.l_linger(value));
      return Math.min(result, 0);
    } finally {
      work.release();
    }
  }

  // Winsock does not tell what it was: whoever asks gets it as it is now.
  @Override
  public int setNonBlocking(int fd, boolean on) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment value = work.scratch();
      value.set(INT, 0, on ? 1 : 0);
      int result = WindowsCalls.ioctlsocket(fd, Windows.FIONBIO(), value);
      return result < 0 ? result : 1;
    } finally {
      work.release();
    }
  }

  @Override
  public int setNotInherited(int fd) {
    return KernelCalls.setNotInherited(MemorySegment.ofAddress(Integer.toUnsignedLong(fd)));
  }

  @Override
  public int close(int fd) {
    return WindowsCalls.closesocket(fd);
  }

  private int prepared(int fd) {
    int result = setNonBlocking(fd, true);
    if (result < 0) {
      WindowsCalls.closesocket(fd);
      return result;
    }
    return fd;
  }

  // Winsock's own notifications (WSAEventSelect) are re-enabled the same way: reading by any read,
  // writing by a write that found no room.
  private int afterRead(int fd, int result) {
    edges.used(fd, IocpEvents.READING);
    // After this end's own shutdown, which elsewhere is the end of the stream.
    return result == -Windows.WSAESHUTDOWN() ? 0 : result;
  }

  private int afterWrite(int fd, int result) {
    if (result == -Windows.WSAEWOULDBLOCK()) {
      edges.used(fd, IocpEvents.WRITING);
    }
    return result == -Windows.WSAESHUTDOWN() ? -WindowsErrnos.BROKEN_PIPE : result;
  }

  private boolean isDatagram(int fd) {
    int[] type = new int[1];
    int result = getIntOption(fd, new OptionCode(Windows.SOL_SOCKET(), Windows.SO_TYPE()), type);
    return result == 0 && type[0] == Windows.SOCK_DGRAM();
  }

  private static int domain(Family family) {
    return switch (family) {
      case INET -> Windows.AF_INET();
      case INET6 -> Windows.AF_INET6();
      case UNIX -> Windows.AF_UNIX();
    };
  }

  private static MemorySegment addressLength(CallMemory memory) {
    MemorySegment length = memory.scratch();
    length.set(INT, 0, NativeAddress.CAPACITY_BYTES);
    return length;
  }

  private static int capped(long length) {
    return (int) Math.min(length, MAX_TRANSFER_BYTES);
  }
}
