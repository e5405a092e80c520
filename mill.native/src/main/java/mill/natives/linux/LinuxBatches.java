package mill.natives.linux;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import mill.natives.gen.linux.Linux;
import mill.natives.gen.linux.iovec;
import mill.natives.gen.linux.mmsghdr;
import mill.natives.gen.linux.msghdr;
import mill.natives.platform.DatagramBatch;
import mill.natives.platform.NativeAddress;

/**
 * Several datagrams with one call ({@code sendmmsg(2)}, {@code recvmmsg(2)}).
 *
 * <pre>
 *   structures:   mmsghdr × capacity │ iovec × capacity │ control data × capacity
 * </pre>
 */
final class LinuxBatches {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  private static final long HEADER_BYTES = mmsghdr.sizeof();

  // Of a segment size: two bytes as it is sent, four as it is received.
  private static final long CONTROL_BYTES = LinuxMessages.CONTROL.space(Integer.BYTES);

  private static final long ENTRY_BYTES = HEADER_BYTES + iovec.sizeof() + CONTROL_BYTES;

  static {
    if (ENTRY_BYTES > DatagramBatch.STRUCTURE_BYTES) {
      throw new AssertionError("a datagram of a batch needs " + ENTRY_BYTES + " bytes");
    }
  }

  private LinuxBatches() {}

  static int send(int fd, DatagramBatch batch, int from, int count) {
    MemorySegment structures = batch.structures();
    for (int i = 0; i < count; i++) {
      int index = from + i;
      long header = begin(batch, i, index, batch.length(index), batch.address(index).length());
      int segmentBytes = batch.segmentBytes(index);
      if (segmentBytes > 0) {
        long control = control(batch, i);
        long bytes = LinuxMessages.writeSegment(structures, control, segmentBytes);
        structures.set(LONG, header + msghdr.msg_control$offset(), structures.address() + control);
        structures.set(LONG, header + msghdr.msg_controllen$offset(), bytes);
      }
    }
    try {
      return TransferCalls.sendmmsg(fd, structures, count, Linux.MSG_NOSIGNAL());
    } finally {
      Reference.reachabilityFence(batch);
    }
  }

  static int receive(int fd, DatagramBatch batch) {
    MemorySegment structures = batch.structures();
    int capacity = batch.capacity();
    for (int i = 0; i < capacity; i++) {
      long header = begin(batch, i, i, batch.slotBytes(), NativeAddress.CAPACITY_BYTES);
      long control = structures.address() + control(batch, i);
      structures.set(LONG, header + msghdr.msg_control$offset(), control);
      structures.set(LONG, header + msghdr.msg_controllen$offset(), CONTROL_BYTES);
    }
    int received;
    try {
      received = TransferCalls.recvmmsg(fd, structures, capacity, 0);
    } finally {
      Reference.reachabilityFence(batch);
    }
    for (int i = 0; i < received; i++) {
      took(batch, i);
    }
    return received;
  }

  /** Writes what sending and receiving have in common; where the header is. */
  private static long begin(DatagramBatch batch, int at, int index, int length, int nameLength) {
    MemorySegment structures = batch.structures();
    long header = at * HEADER_BYTES;
    for (long field = 0; field < HEADER_BYTES; field += Long.BYTES) {
      structures.set(LONG, header + field, 0);
    }
    long vector = batch.capacity() * HEADER_BYTES + at * iovec.sizeof();
    structures.set(LONG, vector + iovec.iov_base$offset(), batch.buffer(index).address());
    structures.set(LONG, vector + iovec.iov_len$offset(), length);
    structures.set(LONG, header + msghdr.msg_iov$offset(), structures.address() + vector);
    structures.set(LONG, header + msghdr.msg_iovlen$offset(), 1);
    if (nameLength > 0) {
      long name = batch.address(index).segment().address();
      structures.set(LONG, header + msghdr.msg_name$offset(), name);
      structures.set(INT, header + msghdr.msg_namelen$offset(), nameLength);
    }
    return header;
  }

  private static long control(DatagramBatch batch, int at) {
    return batch.capacity() * (HEADER_BYTES + iovec.sizeof()) + at * CONTROL_BYTES;
  }

  private static void took(DatagramBatch batch, int at) {
    MemorySegment structures = batch.structures();
    long header = at * HEADER_BYTES;
    int bytes = structures.get(INT, header + mmsghdr.msg_len$offset());
    int flags = structures.get(INT, header + msghdr.msg_flags$offset());
    boolean told = structures.get(LONG, header + msghdr.msg_controllen$offset()) > 0;
    int segmentBytes = told ? LinuxMessages.readSegment(structures, control(batch, at)) : 0;
    batch.address(at).setLength(structures.get(INT, header + msghdr.msg_namelen$offset()));
    batch.received(at, bytes, (flags & Linux.MSG_TRUNC()) != 0, segmentBytes);
  }
}
