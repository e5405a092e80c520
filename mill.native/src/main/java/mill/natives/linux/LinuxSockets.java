package mill.natives.linux;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import mill.natives.ffm.CallMemory;
import mill.natives.gen.linux.Linux;
import mill.natives.gen.linux.msghdr;
import mill.natives.platform.ControlData;
import mill.natives.platform.DatagramBatch;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.OptionCode;
import mill.natives.posix.IoVectors;
import mill.natives.posix.PosixCalls;
import mill.natives.posix.PosixNumbers;
import mill.natives.posix.PosixSockets;
import org.jspecify.annotations.Nullable;

/** The socket calls of Linux: the transfers, over the half that all POSIX systems share. */
final class LinuxSockets extends PosixSockets {
  private static final PosixNumbers NUMBERS =
      new PosixNumbers(
          Linux.AF_INET6(),
          Linux.O_NONBLOCK(),
          Linux.SOCK_NONBLOCK() | Linux.SOCK_CLOEXEC(),
          new OptionCode(Linux.SOL_SOCKET(), Linux.SO_LINGER()));

  // Where the scratch memory of a gathering write holds the vectors, behind its msghdr of 56 bytes.
  // The generated layout is not asked: most programs start without it.
  static final long VECTORS_OFFSET = 64;

  LinuxSockets(PosixCalls calls) {
    super(calls, NUMBERS);
  }

  /** Nothing is left to do: the flags went with the call that made the descriptor. */
  @Override
  protected int prepare(int fd, boolean isSocket) {
    return 0;
  }

  // A transfer makes its call in two places, with the buffer and with a slice of it: given one
  // place and a choice of two segments, the compiler cannot do away with the slice, and every call
  // leaves 40 bytes of garbage.

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
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment addressLength = addressLength(work);
      MemorySegment address = from.segment();
      long bytes = capped(length);
      long received =
          offset == 0
              ? TransferCalls.recvfrom(fd, buffer, bytes, 0, address, addressLength)
              : TransferCalls.recvfrom(
                  fd, buffer.asSlice(offset), bytes, 0, address, addressLength);
      from.setLength(received < 0 ? 0 : addressLength.get(ValueLayout.JAVA_INT, 0));
      return (int) received;
    } finally {
      work.release();
    }
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
            ? TransferCalls.read(fd, buffer, bytes)
            : TransferCalls.read(fd, buffer.asSlice(offset), bytes));
  }

  @Override
  public int write(int fd, MemorySegment buffer, long offset, long length) {
    long bytes = capped(length);
    return (int)
        (offset == 0
            ? TransferCalls.write(fd, buffer, bytes)
            : TransferCalls.write(fd, buffer.asSlice(offset), bytes));
  }

  @Override
  public long readv(int fd, MemorySegment[] buffers, int from, int count) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment vectors = work.scratch();
      return TransferCalls.readv(fd, vectors, IoVectors.write(vectors, 0, buffers, from, count));
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
      return TransferCalls.readv(fd, vectors, used);
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
  private static long sendVectors(int fd, MemorySegment scratch, int count) {
    for (long field = 0; field < msghdr.sizeof(); field += Long.BYTES) {
      scratch.set(ValueLayout.JAVA_LONG, field, 0);
    }
    long vectors = scratch.address() + VECTORS_OFFSET;
    scratch.set(ValueLayout.JAVA_LONG, msghdr.msg_iov$offset(), vectors);
    msghdr.msg_iovlen(scratch, count);
    return TransferCalls.sendmsg(fd, scratch, Linux.MSG_NOSIGNAL());
  }

  @Override
  public int sendMessage(
      int fd,
      MemorySegment buffer,
      long offset,
      long length,
      @Nullable NativeAddress to,
      ControlData control) {
    return LinuxMessages.send(fd, buffer, offset, capped(length), to, control);
  }

  @Override
  public int receiveMessage(
      int fd,
      MemorySegment buffer,
      long offset,
      long length,
      @Nullable NativeAddress from,
      ControlData control) {
    return LinuxMessages.receive(fd, buffer, offset, capped(length), from, control, 0);
  }

  @Override
  public int receiveError(
      int fd,
      MemorySegment buffer,
      long offset,
      long length,
      NativeAddress to,
      ControlData control) {
    int flags = Linux.MSG_ERRQUEUE();
    return LinuxMessages.receive(fd, buffer, offset, capped(length), to, control, flags);
  }

  @Override
  public int sendBatch(int fd, DatagramBatch batch, int from, int count) {
    return LinuxBatches.send(fd, batch, from, count);
  }

  @Override
  public int receiveBatch(int fd, DatagramBatch batch) {
    return LinuxBatches.receive(fd, batch);
  }

  @Override
  public int receiveUrgent(int fd) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment urgent = work.scratch();
      long received = TransferCalls.recv(fd, urgent, 1, Linux.MSG_OOB());
      if (received == 0) {
        return -Linux.EINVAL();
      }
      return received < 0
          ? (int) received
          : Byte.toUnsignedInt(urgent.get(ValueLayout.JAVA_BYTE, 0));
    } finally {
      work.release();
    }
  }
}
