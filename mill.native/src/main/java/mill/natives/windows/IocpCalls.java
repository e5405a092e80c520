package mill.natives.windows;

import java.lang.foreign.MemorySegment;

/**
 * The system calls below {@link IocpPoller}: the completion port's and the AFD driver's.
 *
 * <p>An interface, so that the states of an operation can be tested on any system against a
 * scripted kernel. Handles are addresses, as in C. Unless a method says otherwise, it returns
 * {@code n >= 0} or the negated Windows error.
 */
interface IocpCalls {
  /**
   * {@code CreateIoCompletionPort}.
   *
   * @param handle receives the handle at index 0
   */
  int createPort(MemorySegment[] handle);

  /**
   * Opens the AFD driver and ties the handle to a port.
   *
   * @param handle receives the handle at index 0
   */
  int openDevice(MemorySegment port, MemorySegment[] handle);

  /**
   * The handle that AFD knows a socket by ({@code SIO_BASE_HANDLE}); layered service providers give
   * the program another one.
   *
   * @return the handle or the negated Winsock error
   */
  long baseSocket(int fd);

  /**
   * {@code NtDeviceIoControlFile(IOCTL_AFD_POLL)}. When the operation has ended, also if it has at
   * once, the port gets a packet with {@code context}.
   *
   * @param statusBlock an {@code IO_STATUS_BLOCK}: the kernel's until that packet is taken out
   * @param info an {@code AFD_POLL_INFO}: the kernel's likewise
   * @return an {@code NTSTATUS}; with one of severity "error" nothing was begun
   */
  int poll(
      MemorySegment device, MemorySegment statusBlock, MemorySegment info, MemorySegment context);

  /**
   * {@code NtCancelIoFileEx}: asks an operation to end soon, which its packet will tell.
   *
   * @return an {@code NTSTATUS}, {@code STATUS_NOT_FOUND} if it has ended already
   */
  int cancel(MemorySegment device, MemorySegment statusBlock);

  /**
   * {@code GetQueuedCompletionStatusEx}.
   *
   * @param entries receives {@code OVERLAPPED_ENTRY}s
   * @param max how many at most
   * @param timeoutMs how long to wait at most, -1 without end; it may end a little early
   * @return how many, 0 when the time is over
   */
  int dequeue(MemorySegment port, MemorySegment entries, int max, int timeoutMs);

  /** {@code PostQueuedCompletionStatus} with a key and nothing else. */
  int post(MemorySegment port, long key);

  /** {@code CloseHandle}. */
  int closeHandle(MemorySegment handle);

  /** {@code RtlNtStatusToDosError}, and what mill's error table makes of that; positive. */
  int errnoOf(int status);
}
