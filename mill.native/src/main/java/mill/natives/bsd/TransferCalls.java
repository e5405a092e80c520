package mill.natives.bsd;

import java.lang.foreign.MemorySegment;

/**
 * The calls that move bytes: the hot half. Each returns {@code n >= 0} or {@code -errno}.
 *
 * <p>A seam for tests, as {@link KqueueCalls} is.
 */
interface TransferCalls {
  /** {@code recv(2)}. */
  long recv(int fd, MemorySegment buffer, long length, int flags);

  /** {@code send(2)}. */
  long send(int fd, MemorySegment buffer, long length, int flags);

  /** {@code recvfrom(2)}. */
  long recvfrom(
      int fd,
      MemorySegment buffer,
      long length,
      int flags,
      MemorySegment address,
      MemorySegment addressLength);

  /** {@code sendto(2)}. */
  long sendto(
      int fd,
      MemorySegment buffer,
      long length,
      int flags,
      MemorySegment address,
      int addressLength);

  /** {@code sendmsg(2)}. */
  long sendmsg(int fd, MemorySegment message, int flags);

  /** {@code recvmsg(2)}. */
  long recvmsg(int fd, MemorySegment message, int flags);

  /** {@code read(2)}. */
  long read(int fd, MemorySegment buffer, long length);

  /** {@code write(2)}. */
  long write(int fd, MemorySegment buffer, long length);

  /** {@code readv(2)}. */
  long readv(int fd, MemorySegment vectors, int count);
}
