package mill.natives.net;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import mill.natives.CurrentPlatform;
import mill.natives.Pollable;
import mill.natives.platform.DescriptorKind;
import mill.natives.platform.Platform;

/**
 * Any other descriptor: a pipe's end, or one that the program got elsewhere (inotify, timerfd, a
 * device).
 *
 * <p>Reads and writes are {@code read(2)} and {@code write(2)}.
 */
public final class RawFd extends Pollable {
  private final boolean owned;
  private final DescriptorKind kind;

  RawFd(Platform platform, int fd, boolean owned) {
    this(platform, fd, owned, DescriptorKind.OTHER);
  }

  private RawFd(Platform platform, int fd, boolean owned, DescriptorKind kind) {
    super(platform, fd);
    this.owned = owned;
    this.kind = kind;
  }

  /**
   * Takes over a descriptor: {@link #close()} closes it. It is made non-blocking and not inherited
   * by child processes. Any thread. For sockets there is {@link TcpListener#own(int)} and its
   * sisters.
   *
   * @param fd open, and nobody else's from now on
   * @return the descriptor as a pollable
   * @throws IOException if it is not open ({@code EBADF})
   */
  public static RawFd own(int fd) throws IOException {
    return wrap(CurrentPlatform.get(), fd, true);
  }

  /**
   * Takes over a descriptor of a platform of the caller's choice. Any thread. See {@link
   * #own(int)}.
   *
   * @param platform the platform
   * @param fd open, and nobody else's from now on
   * @return the descriptor as a pollable
   * @throws IOException if it is not open ({@code EBADF})
   */
  public static RawFd own(Platform platform, int fd) throws IOException {
    return wrap(platform, fd, true);
  }

  /**
   * Uses a descriptor that stays somebody else's: {@link #close()} only forgets it. Any thread.
   *
   * <p>Until then it is non-blocking, and so is every other descriptor of the same open file, in
   * other processes too: of a terminal, standard input, output and error are one.
   *
   * @param fd open for as long as this is, or its number may be a stranger's by then
   * @return the descriptor as a pollable
   * @throws IOException if it is not open ({@code EBADF})
   */
  public static RawFd borrow(int fd) throws IOException {
    return wrap(CurrentPlatform.get(), fd, false);
  }

  /**
   * Uses a descriptor of a platform of the caller's choice. Any thread. See {@link #borrow(int)}.
   *
   * @param platform the platform
   * @param fd open for as long as this is
   * @return the descriptor as a pollable
   * @throws IOException if it is not open ({@code EBADF})
   */
  public static RawFd borrow(Platform platform, int fd) throws IOException {
    return wrap(platform, fd, false);
  }

  private static RawFd wrap(Platform platform, int fd, boolean owned) throws IOException {
    var foreign = new ForeignFd(platform, fd);
    var wrapped = new RawFd(platform, fd, owned, foreign.kind());
    if (owned) {
      foreign.takeOver();
    } else {
      Borrowed.open(wrapped);
    }
    return wrapped;
  }

  /**
   * Reads what is there. Any thread.
   *
   * @param buffer receives the bytes, off-heap
   * @param offset where in the buffer, in bytes
   * @param length how many bytes at most; with 0 nothing is read and 0 returned
   * @return bytes read, {@link IoStatus#END_OF_STREAM} or {@link IoStatus#WOULD_BLOCK}; 0 for an
   *     empty message of a datagram socket, which has no end
   * @throws IOException if the read fails
   * @throws java.nio.channels.ClosedChannelException if this is closed
   */
  public int read(MemorySegment buffer, long offset, long length) throws IOException {
    Transfers.checkWritable(buffer, offset, length);
    if (length == 0) {
      return 0;
    }
    int result;
    int attempts = 0;
    int fd = acquire();
    try {
      do {
        result = platform().sockets().read(fd, buffer, offset, length);
      } while (result < 0 && platform().errnos().mayRetry(result, ++attempts));
      if (result == 0 && kind != DescriptorKind.DATAGRAM) {
        return IoStatus.END_OF_STREAM;
      }
      return result >= 0 ? result : Transfers.failure(platform().errnos(), "read", result);
    } finally {
      release();
    }
  }

  /**
   * Writes what is taken now. Any thread.
   *
   * @param buffer holds the bytes, off-heap
   * @param offset where in the buffer, in bytes
   * @param length how many bytes at most
   * @return bytes written, perhaps fewer than asked, or {@link IoStatus#WOULD_BLOCK}
   * @throws IOException if the write fails, with {@code EPIPE} when nobody reads the pipe for
   *     instance
   * @throws java.nio.channels.ClosedChannelException if this is closed
   */
  public int write(MemorySegment buffer, long offset, long length) throws IOException {
    Transfers.check(buffer, offset, length);
    int result;
    int attempts = 0;
    int fd = acquire();
    try {
      do {
        result = platform().sockets().write(fd, buffer, offset, length);
      } while (result < 0 && platform().errnos().mayRetry(result, ++attempts));
      return result >= 0 ? result : Transfers.failure(platform().errnos(), "write", result);
    } finally {
      release();
    }
  }

  @Override
  public DescriptorKind kind() {
    return kind;
  }

  @Override
  protected int closeDescriptor(int fd) {
    if (owned) {
      return super.closeDescriptor(fd);
    }
    Borrowed.close(this);
    return 0;
  }
}
