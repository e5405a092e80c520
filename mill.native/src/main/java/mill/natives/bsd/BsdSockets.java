package mill.natives.bsd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.util.Objects;
import mill.natives.ffm.CallMemory;
import mill.natives.gen.macos.MacOs;
import mill.natives.gen.macos.msghdr;
import mill.natives.platform.ControlData;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.OptionCode;
import mill.natives.posix.IoVectors;
import mill.natives.posix.PosixCalls;
import mill.natives.posix.PosixNumbers;
import mill.natives.posix.PosixSockets;
import org.jspecify.annotations.Nullable;

/**
 * The socket calls of macOS and FreeBSD: the transfers, over the half that all POSIX systems share.
 *
 * <p>Only what both have: macOS knows neither {@code accept4} nor {@code SOCK_NONBLOCK} nor {@code
 * pipe2}, so descriptors are set up by hand.
 */
final class BsdSockets extends PosixSockets {
  // Where the scratch memory of a gathering write holds the vectors, behind its msghdr of 48 bytes.
  // The generated layout is not asked: most programs start without it.
  static final long VECTORS_OFFSET = 64;

  private final TransferCalls transfers;
  private final BsdMessages messages;
  private final int sendFlags;
  private final OptionCode noSigPipe;

  BsdSockets(BsdTable table, PosixCalls calls, TransferCalls transfers) {
    super(calls, numbers(table));
    this.transfers = transfers;
    messages = new BsdMessages(table, transfers);
    sendFlags = table.sendFlags();
    noSigPipe = new OptionCode(MacOs.SOL_SOCKET(), table.noSigPipe());
  }

  private static PosixNumbers numbers(BsdTable table) {
    OptionCode linger = Objects.requireNonNull(table.options().get("SO_LINGER"));
    return new PosixNumbers(table.afInet6(), MacOs.O_NONBLOCK(), 0, linger);
  }

  /** O_NONBLOCK is inherited from a listening socket, but only setting it makes it sure. */
  @Override
  protected int prepare(int fd, boolean isSocket) {
    if (isSocket) {
      // A connection that was reset while it waited refuses options: its first read will tell.
      setIntOption(fd, noSigPipe, 1);
    }
    return super.prepare(fd, isSocket);
  }

  @Override
  public int remoteAddress(int fd, NativeAddress into) {
    int result = super.remoteAddress(fd, into);
    // What macOS says of a socket whose peer has reset it.
    return result == -MacOs.EINVAL() ? -MacOs.ENOTCONN() : result;
  }

  // A transfer makes its call in two places, with the buffer and with a slice of it: given one
  // place and a choice of two segments, the compiler cannot do away with the slice, and every call
  // leaves 40 bytes of garbage.

  @Override
  public int receive(int fd, MemorySegment buffer, long offset, long length) {
    long bytes = capped(length);
    return (int)
        (offset == 0
            ? transfers.recv(fd, buffer, bytes, 0)
            : transfers.recv(fd, buffer.asSlice(offset), bytes, 0));
  }

  @Override
  public int send(int fd, MemorySegment buffer, long offset, long length) {
    long bytes = capped(length);
    return (int)
        (offset == 0
            ? transfers.send(fd, buffer, bytes, sendFlags)
            : transfers.send(fd, buffer.asSlice(offset), bytes, sendFlags));
  }

  @Override
  public int receiveFrom(
      int fd, MemorySegment buffer, long offset, long length, NativeAddress from) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment addressLength = addressLength(work);
      MemorySegment address = from.segment();
      long bytes = capped(length);
      long received =
          offset == 0
              ? transfers.recvfrom(fd, buffer, bytes, 0, address, addressLength)
              : transfers.recvfrom(fd, buffer.asSlice(offset), bytes, 0, address, addressLength);
      from.setLength(received < 0 ? 0 : addressLength.get(ValueLayout.JAVA_INT, 0));
      return (int) received;
    } finally {
      work.release();
    }
  }

  @Override
  public int sendTo(int fd, MemorySegment buffer, long offset, long length, NativeAddress to) {
    long bytes = capped(length);
    return (int)
        (offset == 0
            ? transfers.sendto(fd, buffer, bytes, sendFlags, to.segment(), to.length())
            : transfers.sendto(
                fd, buffer.asSlice(offset), bytes, sendFlags, to.segment(), to.length()));
  }

  @Override
  public int read(int fd, MemorySegment buffer, long offset, long length) {
    long bytes = capped(length);
    return (int)
        (offset == 0
            ? transfers.read(fd, buffer, bytes)
            : transfers.read(fd, buffer.asSlice(offset), bytes));
  }

  @Override
  public int write(int fd, MemorySegment buffer, long offset, long length) {
    long bytes = capped(length);
    return (int)
        (offset == 0
            ? transfers.write(fd, buffer, bytes)
            : transfers.write(fd, buffer.asSlice(offset), bytes));
  }

  @Override
  public long readv(int fd, MemorySegment[] buffers, int from, int count) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment vectors = work.scratch();
      return transfers.readv(fd, vectors, IoVectors.write(vectors, 0, buffers, from, count));
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
      MemorySegment vectors = work.scratch();
      int used = IoVectors.write(vectors, 0, buffers, offsets, lengths, from, count);
      return transfers.readv(fd, vectors, used);
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
      int used = IoVectors.write(scratch, VECTORS_OFFSET, buffers, from, count);
      return sendVectors(fd, scratch, used);
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
      int used = IoVectors.write(scratch, VECTORS_OFFSET, buffers, offsets, lengths, from, count);
      return sendVectors(fd, scratch, used);
    } finally {
      work.release();
      Reference.reachabilityFence(buffers);
    }
  }

  // Field by field, without a slice for the msghdr.
  private long sendVectors(int fd, MemorySegment scratch, int count) {
    for (long field = 0; field < msghdr.sizeof(); field += Long.BYTES) {
      scratch.set(ValueLayout.JAVA_LONG, field, 0);
    }
    long vectors = scratch.address() + VECTORS_OFFSET;
    scratch.set(ValueLayout.JAVA_LONG, msghdr.msg_iov$offset(), vectors);
    msghdr.msg_iovlen(scratch, count);
    return transfers.sendmsg(fd, scratch, sendFlags);
  }

  @Override
  public int sendMessage(
      int fd,
      MemorySegment buffer,
      long offset,
      long length,
      @Nullable NativeAddress to,
      ControlData control) {
    return messages.send(fd, buffer, offset, capped(length), to, control);
  }

  /**
   * Descriptors that came are made not inherited one by one: a child process that is started just
   * then inherits them.
   */
  @Override
  public int receiveMessage(
      int fd,
      MemorySegment buffer,
      long offset,
      long length,
      @Nullable NativeAddress from,
      ControlData control) {
    int received = messages.receive(fd, buffer, offset, capped(length), from, control);
    for (int i = 0; i < control.descriptorCount(); i++) {
      setNotInherited(control.descriptor(i));
    }
    return received;
  }

  @Override
  public int receiveUrgent(int fd) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment urgent = work.scratch();
      long received = transfers.recv(fd, urgent, 1, MacOs.MSG_OOB());
      if (received == 0) {
        return -MacOs.EINVAL();
      }
      return received < 0
          ? (int) received
          : Byte.toUnsignedInt(urgent.get(ValueLayout.JAVA_BYTE, 0));
    } finally {
      work.release();
    }
  }
}
