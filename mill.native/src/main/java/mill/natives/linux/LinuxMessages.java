package mill.natives.linux;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import mill.natives.ffm.CallMemory;
import mill.natives.gen.linux.Linux;
import mill.natives.gen.linux.iovec;
import mill.natives.gen.linux.msghdr;
import mill.natives.gen.linux.sock_extended_err;
import mill.natives.platform.ControlData;
import mill.natives.platform.NativeAddress;
import mill.natives.posix.ControlMessages;
import org.jspecify.annotations.Nullable;

/**
 * Messages with control data ({@code sendmsg(2)}, {@code recvmsg(2)}, {@code cmsg(3)}).
 *
 * <pre>
 *   scratch:   msghdr │ iovec │ control data
 * </pre>
 */
final class LinuxMessages {
  static final ControlMessages CONTROL = new ControlMessages(Long.BYTES, Long.BYTES);

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  private static final long VECTOR_OFFSET = msghdr.sizeof();
  private static final long CONTROL_OFFSET = VECTOR_OFFSET + iovec.sizeof();

  // All descriptors that a message can have, and one small number beside them. An error of the
  // error queue is shorter.
  private static final long CONTROL_BYTES =
      CONTROL.space(ControlData.MAX_DESCRIPTORS * Integer.BYTES) + CONTROL.space(Integer.BYTES);

  private LinuxMessages() {}

  static int send(
      int fd,
      MemorySegment buffer,
      long offset,
      long length,
      @Nullable NativeAddress to,
      ControlData control) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment scratch = work.scratch();
      begin(scratch, buffer.address() + offset, length);
      if (to != null) {
        scratch.set(LONG, msghdr.msg_name$offset(), to.segment().address());
        msghdr.msg_namelen(scratch, to.length());
      }
      long controlBytes = write(scratch, control);
      if (controlBytes > 0) {
        scratch.set(LONG, msghdr.msg_control$offset(), scratch.address() + CONTROL_OFFSET);
        msghdr.msg_controllen(scratch, controlBytes);
      }
      return (int) TransferCalls.sendmsg(fd, scratch, Linux.MSG_NOSIGNAL());
    } finally {
      work.release();
      Reference.reachabilityFence(buffer);
      Reference.reachabilityFence(to);
    }
  }

  static int receive(
      int fd,
      MemorySegment buffer,
      long offset,
      long length,
      @Nullable NativeAddress from,
      ControlData control,
      int flags) {
    control.clear();
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment scratch = work.scratch();
      begin(scratch, buffer.address() + offset, length);
      if (from != null) {
        scratch.set(LONG, msghdr.msg_name$offset(), from.segment().address());
        msghdr.msg_namelen(scratch, NativeAddress.CAPACITY_BYTES);
      }
      scratch.set(LONG, msghdr.msg_control$offset(), scratch.address() + CONTROL_OFFSET);
      msghdr.msg_controllen(scratch, CONTROL_BYTES);
      long received = TransferCalls.recvmsg(fd, scratch, flags | Linux.MSG_CMSG_CLOEXEC());
      if (from != null) {
        from.setLength(received < 0 ? 0 : msghdr.msg_namelen(scratch));
      }
      if (received >= 0) {
        int told = msghdr.msg_flags(scratch);
        control.setTruncated((told & Linux.MSG_TRUNC()) != 0, (told & Linux.MSG_CTRUNC()) != 0);
        read(scratch, CONTROL_OFFSET + msghdr.msg_controllen(scratch), control);
      }
      return (int) received;
    } finally {
      work.release();
      Reference.reachabilityFence(buffer);
      Reference.reachabilityFence(from);
    }
  }

  // Field by field, without slices, as in the vectored calls.
  private static void begin(MemorySegment scratch, long address, long length) {
    for (long field = 0; field < msghdr.sizeof(); field += Long.BYTES) {
      scratch.set(LONG, field, 0);
    }
    scratch.set(LONG, VECTOR_OFFSET + iovec.iov_base$offset(), address);
    scratch.set(LONG, VECTOR_OFFSET + iovec.iov_len$offset(), length);
    scratch.set(LONG, msghdr.msg_iov$offset(), scratch.address() + VECTOR_OFFSET);
    msghdr.msg_iovlen(scratch, 1);
  }

  /** Writes control data; how many bytes it has. */
  private static long write(MemorySegment scratch, ControlData control) {
    long message = CONTROL_OFFSET;
    if (control.passedCount() > 0) {
      message +=
          CONTROL.writeDescriptors(
              scratch, message, Linux.SOL_SOCKET(), Linux.SCM_RIGHTS(), control);
    }
    if (control.segmentBytes() > 0) {
      message += writeSegment(scratch, message, control.segmentBytes());
    }
    return message - CONTROL_OFFSET;
  }

  /** Writes a segment size; how much room it takes. */
  static long writeSegment(MemorySegment into, long message, int segmentBytes) {
    CONTROL.writeHeader(into, message, Linux.IPPROTO_UDP(), Linux.UDP_SEGMENT(), Short.BYTES);
    into.set(ValueLayout.JAVA_SHORT, CONTROL.data(message), (short) segmentBytes);
    return CONTROL.space(Short.BYTES);
  }

  /** Reads the segment size of a message that came; 0 for none. */
  static int readSegment(MemorySegment from, long message) {
    boolean offloaded =
        CONTROL.level(from, message) == Linux.IPPROTO_UDP()
            && CONTROL.type(from, message) == Linux.UDP_GRO()
            && CONTROL.dataBytes(from, message) >= Integer.BYTES;
    return offloaded ? from.get(INT, CONTROL.data(message)) : 0;
  }

  private static void read(MemorySegment scratch, long end, ControlData control) {
    long message = CONTROL_OFFSET;
    while (message + CONTROL.headerBytes() <= end) {
      long bytes = CONTROL.dataBytes(scratch, message);
      if (bytes < 0) {
        return;
      }
      int level = CONTROL.level(scratch, message);
      int type = CONTROL.type(scratch, message);
      if (level == Linux.SOL_SOCKET() && type == Linux.SCM_RIGHTS()) {
        CONTROL.readDescriptors(scratch, message, control);
      } else if (level == Linux.IPPROTO_UDP()) {
        control.setSegmentBytes(readSegment(scratch, message));
      } else if (isError(level, type) && bytes >= sock_extended_err.sizeof()) {
        readError(scratch, CONTROL.data(message), control);
      }
      message += CONTROL.space(bytes);
    }
  }

  private static boolean isError(int level, int type) {
    return (level == Linux.IPPROTO_IP() && type == Linux.IP_RECVERR())
        || (level == Linux.IPPROTO_IPV6() && type == Linux.IPV6_RECVERR());
  }

  private static void readError(MemorySegment from, long at, ControlData control) {
    ValueLayout.OfByte octet = ValueLayout.JAVA_BYTE;
    control.setError(
        from.get(INT, at + sock_extended_err.ee_errno$offset()),
        Byte.toUnsignedInt(from.get(octet, at + sock_extended_err.ee_origin$offset())),
        Byte.toUnsignedInt(from.get(octet, at + sock_extended_err.ee_type$offset())),
        Byte.toUnsignedInt(from.get(octet, at + sock_extended_err.ee_code$offset())));
    control.setErrorDetails(
        from.get(INT, at + sock_extended_err.ee_info$offset()),
        from.get(INT, at + sock_extended_err.ee_data$offset()));
  }
}
