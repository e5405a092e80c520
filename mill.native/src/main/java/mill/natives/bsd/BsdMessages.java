package mill.natives.bsd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import mill.natives.ffm.CallMemory;
import mill.natives.gen.macos.MacOs;
import mill.natives.gen.macos.iovec;
import mill.natives.gen.macos.msghdr;
import mill.natives.platform.ControlData;
import mill.natives.platform.NativeAddress;
import mill.natives.posix.ControlMessages;
import org.jspecify.annotations.Nullable;

/**
 * Messages with control data ({@code sendmsg(2)}, {@code recvmsg(2)}); macOS and FreeBSD differ in
 * the padding alone.
 *
 * <pre>
 *   scratch:   msghdr │ iovec │ control data
 * </pre>
 */
final class BsdMessages {
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  private static final long VECTOR_OFFSET = msghdr.sizeof();
  private static final long CONTROL_OFFSET = VECTOR_OFFSET + iovec.sizeof();

  private final TransferCalls transfers;
  private final int sendFlags;
  private final ControlMessages messages;
  private final long controlBytes;

  BsdMessages(BsdTable table, TransferCalls transfers) {
    this.transfers = transfers;
    sendFlags = table.sendFlags();
    messages = new ControlMessages(Integer.BYTES, table.controlAlignment());
    controlBytes = messages.space(ControlData.MAX_DESCRIPTORS * Integer.BYTES);
  }

  int send(
      int fd,
      MemorySegment buffer,
      long offset,
      long length,
      @Nullable NativeAddress to,
      ControlData control) {
    if (control.segmentBytes() > 0) {
      return -MacOs.EOPNOTSUPP();
    }
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment scratch = work.scratch();
      begin(scratch, buffer.address() + offset, length);
      if (to != null) {
        scratch.set(LONG, msghdr.msg_name$offset(), to.segment().address());
        msghdr.msg_namelen(scratch, to.length());
      }
      if (control.passedCount() > 0) {
        scratch.set(LONG, msghdr.msg_control$offset(), scratch.address() + CONTROL_OFFSET);
        long written =
            messages.writeDescriptors(
                scratch, CONTROL_OFFSET, MacOs.SOL_SOCKET(), MacOs.SCM_RIGHTS(), control);
        msghdr.msg_controllen(scratch, (int) written);
      }
      return (int) transfers.sendmsg(fd, scratch, sendFlags);
    } finally {
      work.release();
      Reference.reachabilityFence(buffer);
      Reference.reachabilityFence(to);
    }
  }

  int receive(
      int fd,
      MemorySegment buffer,
      long offset,
      long length,
      @Nullable NativeAddress from,
      ControlData control) {
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
      msghdr.msg_controllen(scratch, (int) controlBytes);
      long received = transfers.recvmsg(fd, scratch, 0);
      if (from != null) {
        from.setLength(received < 0 ? 0 : msghdr.msg_namelen(scratch));
      }
      if (received >= 0) {
        int told = msghdr.msg_flags(scratch);
        control.setTruncated((told & MacOs.MSG_TRUNC()) != 0, (told & MacOs.MSG_CTRUNC()) != 0);
        long end = CONTROL_OFFSET + Math.min(msghdr.msg_controllen(scratch), controlBytes);
        readDescriptors(scratch, end, control);
      }
      return (int) received;
    } finally {
      work.release();
      Reference.reachabilityFence(buffer);
      Reference.reachabilityFence(from);
    }
  }

  private static void begin(MemorySegment scratch, long address, long length) {
    for (long field = 0; field < msghdr.sizeof(); field += Long.BYTES) {
      scratch.set(LONG, field, 0);
    }
    scratch.set(LONG, VECTOR_OFFSET + iovec.iov_base$offset(), address);
    scratch.set(LONG, VECTOR_OFFSET + iovec.iov_len$offset(), length);
    scratch.set(LONG, msghdr.msg_iov$offset(), scratch.address() + VECTOR_OFFSET);
    msghdr.msg_iovlen(scratch, 1);
  }

  private void readDescriptors(MemorySegment scratch, long end, ControlData control) {
    long message = CONTROL_OFFSET;
    while (message + messages.headerBytes() <= end) {
      long bytes = messages.dataBytes(scratch, message);
      if (bytes < 0) {
        return;
      }
      if (messages.level(scratch, message) == MacOs.SOL_SOCKET()
          && messages.type(scratch, message) == MacOs.SCM_RIGHTS()) {
        messages.readDescriptors(scratch, message, control);
      }
      message += messages.space(bytes);
    }
  }
}
