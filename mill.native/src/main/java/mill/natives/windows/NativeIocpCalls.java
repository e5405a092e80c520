package mill.natives.windows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import mill.natives.ffm.CallMemory;
import mill.natives.gen.windows.AFD_POLL_INFO;
import mill.natives.gen.windows.IO_STATUS_BLOCK;
import mill.natives.gen.windows.OBJECT_ATTRIBUTES;
import mill.natives.gen.windows.UNICODE_STRING;
import mill.natives.gen.windows.Windows;

/** The completion port and the AFD driver of Windows itself. */
final class NativeIocpCalls implements IocpCalls {
  // What follows \Device\Afd\ is ours to choose.
  private static final String DEVICE = "\\Device\\Afd\\Mill";

  NativeIocpCalls() {}

  @Override
  public int createPort(MemorySegment[] handle) {
    KernelCalls.linkPost();
    MemorySegment none = MemorySegment.ofAddress(Windows.INVALID_HANDLE_VALUE());
    return KernelCalls.createIoCompletionPort(none, MemorySegment.NULL, handle);
  }

  @Override
  public int openDevice(MemorySegment port, MemorySegment[] handle) {
    int status = createFile(handle);
    if (status < 0) {
      return -errnoOf(status);
    }
    int result = KernelCalls.createIoCompletionPort(handle[0], port, new MemorySegment[1]);
    if (result < 0) {
      KernelCalls.closeHandle(handle[0]);
      return result;
    }
    // Spares the kernel an event that nobody waits for. Not FILE_SKIP_COMPLETION_PORT_ON_SUCCESS:
    // an
    // operation that ends at once has to send its packet, too.
    KernelCalls.setCompletionModes(handle[0], (byte) Windows.FILE_SKIP_SET_EVENT_ON_HANDLE());
    return 0;
  }

  @Override
  public long baseSocket(int fd) {
    long base = askHandle(fd, Windows.SIO_BASE_HANDLE());
    // Some layered providers break the first question and answer the second (wepoll, libuv).
    return base == -Windows.WSAEBADF() || base >= 0
        ? base
        : askHandle(fd, Windows.SIO_BSP_HANDLE_POLL());
  }

  @Override
  public int poll(
      MemorySegment device, MemorySegment statusBlock, MemorySegment info, MemorySegment context) {
    int size = (int) AFD_POLL_INFO.sizeof();
    return KernelCalls.deviceIoControl(
        device, context, statusBlock, Windows.IOCTL_AFD_POLL(), info, size, info, size);
  }

  @Override
  public int cancel(MemorySegment device, MemorySegment statusBlock) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment result = work.scratch().asSlice(0, IO_STATUS_BLOCK.sizeof());
      return KernelCalls.cancelIo(device, statusBlock, result);
    } finally {
      work.release();
    }
  }

  @Override
  public int dequeue(MemorySegment port, MemorySegment entries, int max, int timeoutMs) {
    return KernelCalls.dequeue(port, entries, max, timeoutMs);
  }

  @Override
  public int post(MemorySegment port, long key) {
    return KernelCalls.postCompletion(port, 0, key, MemorySegment.NULL);
  }

  @Override
  public int closeHandle(MemorySegment handle) {
    return KernelCalls.closeHandle(handle);
  }

  @Override
  public int errnoOf(int status) {
    int error = KernelCalls.statusToError(status);
    return error == Windows.ERROR_INVALID_HANDLE() ? Windows.WSAEBADF() : error;
  }

  private static long askHandle(int fd, int code) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment memory = work.scratch();
      MemorySegment base = memory.asSlice(0, Long.BYTES);
      MemorySegment returned = memory.asSlice(Long.BYTES, Long.BYTES);
      int result = WindowsCalls.ioctl(fd, code, MemorySegment.NULL, 0, base, Long.BYTES, returned);
      return result < 0 ? result : base.get(ValueLayout.JAVA_LONG, 0);
    } finally {
      work.release();
    }
  }

  private static int createFile(MemorySegment[] handle) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocateFrom(DEVICE, StandardCharsets.UTF_16LE);
      MemorySegment name = UNICODE_STRING.allocate(arena);
      UNICODE_STRING.Length(name, (short) (DEVICE.length() * Character.BYTES));
      UNICODE_STRING.MaximumLength(name, (short) (DEVICE.length() * Character.BYTES));
      UNICODE_STRING.Buffer(name, text);
      MemorySegment attributes = OBJECT_ATTRIBUTES.allocate(arena);
      OBJECT_ATTRIBUTES.Length(attributes, (int) OBJECT_ATTRIBUTES.sizeof());
      OBJECT_ATTRIBUTES.ObjectName(attributes, name);
      MemorySegment into = arena.allocate(ValueLayout.ADDRESS);
      int status = KernelCalls.createFile(into, attributes, IO_STATUS_BLOCK.allocate(arena));
      handle[0] = MemorySegment.ofAddress(into.get(ValueLayout.JAVA_LONG, 0));
      return status;
    }
  }
}
