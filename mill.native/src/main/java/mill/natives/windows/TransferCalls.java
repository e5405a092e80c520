package mill.natives.windows;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import mill.natives.ffm.CallMemory;
import mill.natives.ffm.NativeCalls;
import mill.natives.gen.windows.Ws2_32;

/**
 * The calls of ws2_32 that move bytes through sockets: the hot path. Each returns {@code n >= 0} or
 * the negated Winsock error.
 */
final class TransferCalls {
  private TransferCalls() {}

  /** {@code recv}. */
  static int recv(int fd, MemorySegment buffer, int length, int flags) {
    CallMemory memory = CallMemory.acquire();
    try {
      return LastErrors.orWinsock(
          memory,
          (int) Recv.HANDLE.invokeExact(memory.errnoSegment(), (long) fd, buffer, length, flags));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code send}. */
  static int send(int fd, MemorySegment buffer, int length, int flags) {
    CallMemory memory = CallMemory.acquire();
    try {
      return LastErrors.orWinsock(
          memory,
          (int) Send.HANDLE.invokeExact(memory.errnoSegment(), (long) fd, buffer, length, flags));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code recvfrom}. */
  static int recvfrom(
      int fd,
      MemorySegment buffer,
      int length,
      int flags,
      MemorySegment address,
      MemorySegment addressLength) {
    CallMemory memory = CallMemory.acquire();
    try {
      return LastErrors.orWinsock(
          memory,
          (int)
              Recvfrom.HANDLE.invokeExact(
                  memory.errnoSegment(), (long) fd, buffer, length, flags, address, addressLength));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code sendto}. */
  static int sendto(
      int fd,
      MemorySegment buffer,
      int length,
      int flags,
      MemorySegment address,
      int addressLength) {
    CallMemory memory = CallMemory.acquire();
    try {
      return LastErrors.orWinsock(
          memory,
          (int)
              Sendto.HANDLE.invokeExact(
                  memory.errnoSegment(), (long) fd, buffer, length, flags, address, addressLength));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /**
   * {@link #recvfrom} to an address: of a slice of a segment the compiler leaves 40 bytes of
   * garbage in half of the JVMs. The caller keeps its segment reachable.
   */
  static int recvfromAt(
      int fd,
      MemorySegment buffer,
      long offset,
      int length,
      int flags,
      MemorySegment address,
      MemorySegment addressLength) {
    CallMemory memory = CallMemory.acquire();
    try {
      return LastErrors.orWinsock(
          memory,
          (int)
              RecvfromAt.HANDLE.invokeExact(
                  memory.errnoSegment(),
                  (long) fd,
                  buffer.address() + offset,
                  length,
                  flags,
                  address,
                  addressLength));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
      Reference.reachabilityFence(buffer);
    }
  }

  /** {@link #sendto} from an offset, as {@link #recvfromAt}. */
  static int sendtoAt(
      int fd,
      MemorySegment buffer,
      long offset,
      int length,
      int flags,
      MemorySegment address,
      int addressLength) {
    CallMemory memory = CallMemory.acquire();
    try {
      return LastErrors.orWinsock(
          memory,
          (int)
              SendtoAt.HANDLE.invokeExact(
                  memory.errnoSegment(),
                  (long) fd,
                  buffer.address() + offset,
                  length,
                  flags,
                  address,
                  addressLength));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
      Reference.reachabilityFence(buffer);
    }
  }

  /** {@code WSARecv}, not overlapped. */
  static int recvBuffers(
      int fd, MemorySegment buffers, int count, MemorySegment received, MemorySegment flags) {
    CallMemory memory = CallMemory.acquire();
    try {
      return LastErrors.orWinsock(
          memory,
          (int)
              RecvBuffers.HANDLE.invokeExact(
                  memory.errnoSegment(),
                  (long) fd,
                  buffers,
                  count,
                  received,
                  flags,
                  MemorySegment.NULL,
                  MemorySegment.NULL));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  /** {@code WSASend}, not overlapped. */
  static int sendBuffers(int fd, MemorySegment buffers, int count, MemorySegment sent, int flags) {
    CallMemory memory = CallMemory.acquire();
    try {
      return LastErrors.orWinsock(
          memory,
          (int)
              SendBuffers.HANDLE.invokeExact(
                  memory.errnoSegment(),
                  (long) fd,
                  buffers,
                  count,
                  sent,
                  flags,
                  MemorySegment.NULL,
                  MemorySegment.NULL));
    } catch (Throwable t) {
      throw NativeCalls.rethrow(t);
    } finally {
      memory.release();
    }
  }

  // A class for each handle: linking costs start-up time, so a program links only what it calls.

  private static final class Recv {
    static final MethodHandle HANDLE =
        NativeCalls.link(Ws2_32.recv$address(), Ws2_32.recv$descriptor(), LastErrors.WINSOCK);
  }

  private static final class Send {
    static final MethodHandle HANDLE =
        NativeCalls.link(Ws2_32.send$address(), Ws2_32.send$descriptor(), LastErrors.WINSOCK);
  }

  private static final class Recvfrom {
    static final MethodHandle HANDLE =
        NativeCalls.link(
            Ws2_32.recvfrom$address(), Ws2_32.recvfrom$descriptor(), LastErrors.WINSOCK);
  }

  private static final class Sendto {
    static final MethodHandle HANDLE =
        NativeCalls.link(Ws2_32.sendto$address(), Ws2_32.sendto$descriptor(), LastErrors.WINSOCK);
  }

  private static final class RecvfromAt {
    static final MethodHandle HANDLE =
        NativeCalls.link(
            Ws2_32.recvfrom$address(), atAddress(Ws2_32.recvfrom$descriptor()), LastErrors.WINSOCK);
  }

  private static final class SendtoAt {
    static final MethodHandle HANDLE =
        NativeCalls.link(
            Ws2_32.sendto$address(), atAddress(Ws2_32.sendto$descriptor()), LastErrors.WINSOCK);
  }

  // With a buffer that is a number, which is the second argument of both.
  private static FunctionDescriptor atAddress(FunctionDescriptor call) {
    MemoryLayout[] arguments = call.argumentLayouts().toArray(MemoryLayout[]::new);
    arguments[1] = ValueLayout.JAVA_LONG;
    return FunctionDescriptor.of(call.returnLayout().orElseThrow(), arguments);
  }

  private static final class RecvBuffers {
    static final MethodHandle HANDLE =
        NativeCalls.link(Ws2_32.WSARecv$address(), Ws2_32.WSARecv$descriptor(), LastErrors.WINSOCK);
  }

  private static final class SendBuffers {
    static final MethodHandle HANDLE =
        NativeCalls.link(Ws2_32.WSASend$address(), Ws2_32.WSASend$descriptor(), LastErrors.WINSOCK);
  }
}
