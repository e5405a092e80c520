package mill.natives.posix;

import java.lang.foreign.MemorySegment;

/**
 * The calls that make, name and set up sockets, and those on any descriptor. Each returns {@code n
 * >= 0} or {@code -errno}.
 *
 * <p>A seam for tests: mill's own run over a model of a kernel. A program loads one implementation,
 * so the virtual machine calls it directly.
 */
public interface PosixCalls {
  /** {@code socket(2)}. */
  int socket(int domain, int type, int protocol);

  /** {@code socketpair(2)}. */
  int socketpair(int domain, int type, int protocol, MemorySegment fds);

  /** {@code pipe(2)}, or a successor that sets the flags of both ends. */
  int pipe(MemorySegment fds);

  /** {@code bind(2)}. */
  int bind(int fd, MemorySegment address, int length);

  /** {@code listen(2)}. */
  int listen(int fd, int backlog);

  /** {@code accept(2)}, or a successor that sets the flags of what it accepts. */
  int accept(int fd, MemorySegment address, MemorySegment length);

  /** {@code connect(2)}. */
  int connect(int fd, MemorySegment address, int length);

  /** {@code getsockname(2)}. */
  int getsockname(int fd, MemorySegment address, MemorySegment length);

  /** {@code getpeername(2)}. */
  int getpeername(int fd, MemorySegment address, MemorySegment length);

  /** {@code setsockopt(2)}. */
  int setsockopt(int fd, int level, int option, MemorySegment value, int length);

  /** {@code getsockopt(2)}. */
  int getsockopt(int fd, int level, int option, MemorySegment value, MemorySegment length);

  /** {@code shutdown(2)}. */
  int shutdown(int fd, int how);

  /** {@code fcntl(2)} with an {@code int}. */
  int fcntl(int fd, int command, int argument);

  /** {@code close(2)}. */
  int close(int fd);
}
