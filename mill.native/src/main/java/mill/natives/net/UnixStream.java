package mill.natives.net;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import mill.natives.CurrentPlatform;
import mill.natives.platform.ControlData;
import mill.natives.platform.Platform;
import mill.natives.platform.Sockets;
import mill.natives.platform.Sockets.Family;

/** A Unix domain connection ({@code unix(7)}). */
public final class UnixStream extends StreamSocket {
  /**
   * Two streams that are connected to each other.
   *
   * @param first one end, to be closed by the caller
   * @param second the other end, to be closed by the caller
   */
  public record Pair(UnixStream first, UnixStream second) {}

  UnixStream(Platform platform, int fd, boolean connected) {
    super(platform, fd, Family.UNIX, connected);
  }

  /**
   * Opens a socket that is not connected yet, to set options or bind before {@link #startConnect}.
   * Any thread.
   *
   * @return the socket, to be closed by the caller
   * @throws IOException if the system refuses, for instance for want of descriptors
   */
  public static UnixStream open() throws IOException {
    return open(CurrentPlatform.get());
  }

  /**
   * Opens a socket that is not connected yet on a platform of the caller's choice. Any thread. See
   * {@link #open()}.
   *
   * @param platform the platform
   * @return the socket, to be closed by the caller
   * @throws IOException if the platform refuses
   */
  public static UnixStream open(Platform platform) throws IOException {
    int fd = openSocket(platform, Family.UNIX, Sockets.Type.STREAM);
    return new UnixStream(platform, fd, false);
  }

  /**
   * Connects to a server. A Unix connect has its outcome at once. Any thread.
   *
   * @param remote a {@link UnixAddress} or {@link java.net.UnixDomainSocketAddress}
   * @return the stream, to be closed by the caller
   * @throws IOException if the kernel refuses, with {@code ENOENT} or {@code ECONNREFUSED} for
   *     instance, or {@code EAGAIN} when the server's backlog is full; nothing stays open
   */
  public static UnixStream connect(SocketAddress remote) throws IOException {
    return connect(CurrentPlatform.get(), remote);
  }

  /**
   * Connects to a server on a platform of the caller's choice. Any thread.
   *
   * @param platform the platform
   * @param remote a {@link UnixAddress} or {@link java.net.UnixDomainSocketAddress}
   * @return the stream, to be closed by the caller
   * @throws IOException if the platform refuses; nothing stays open
   */
  public static UnixStream connect(Platform platform, SocketAddress remote) throws IOException {
    UnixStream stream = open(platform);
    boolean begun = false;
    try {
      stream.startConnect(remote);
      begun = true;
      return stream;
    } finally {
      if (!begun) {
        stream.close();
      }
    }
  }

  /**
   * Takes over a Unix domain stream that comes from elsewhere, of a parent process for instance:
   * {@link #close()} closes it. It is made non-blocking and not inherited by child processes; its
   * options stay. Any thread.
   *
   * @param fd open, and nobody else's from now on
   * @return the stream, to be closed by the caller
   * @throws IOException if it is not open ({@code EBADF}) or no socket ({@code ENOTSOCK}); it stays
   *     the caller's then
   * @throws IllegalArgumentException if it is a socket of another kind; it stays the caller's then
   */
  public static UnixStream own(int fd) throws IOException {
    return own(CurrentPlatform.get(), fd);
  }

  /**
   * Takes over a Unix domain stream of a platform of the caller's choice. Any thread. See {@link
   * #own(int)}.
   *
   * @param platform the platform
   * @param fd open, and nobody else's from now on
   * @return the stream, to be closed by the caller
   * @throws IOException if it is not open ({@code EBADF}) or no socket ({@code ENOTSOCK})
   * @throws IllegalArgumentException if it is a socket of another kind
   */
  public static UnixStream own(Platform platform, int fd) throws IOException {
    var foreign = new ForeignFd(platform, fd);
    foreign.requireUnix(Sockets.Type.STREAM, false);
    foreign.takeOver();
    var stream = new UnixStream(platform, fd, false);
    stream.takeOver();
    return stream;
  }

  /**
   * Makes two streams that are connected to each other ({@code socketpair(2)}). Any thread.
   *
   * @return both, each to be closed by the caller
   * @throws IOException if the system refuses, for instance for want of descriptors
   */
  public static Pair pair() throws IOException {
    return pair(CurrentPlatform.get());
  }

  /**
   * Makes two streams that are connected to each other, on a platform of the caller's choice. Any
   * thread.
   *
   * @param platform the platform
   * @return both, each to be closed by the caller
   * @throws IOException if the platform refuses
   */
  public static Pair pair(Platform platform) throws IOException {
    int[] fds = new int[2];
    int result = platform.sockets().socketPair(Sockets.Type.STREAM, fds);
    if (result < 0) {
      throw platform.errnos().exception("socketpair", result);
    }
    return new Pair(new UnixStream(platform, fds[0], true), new UnixStream(platform, fds[1], true));
  }

  /**
   * Writes what the kernel takes now, with control data ({@code sendmsg(2)}): {@link
   * ControlData#passDescriptor} passes descriptors. Any thread. The buffer must stay allocated
   * until this returns.
   *
   * @param buffer holds the bytes, off-heap
   * @param offset where in the buffer, in bytes
   * @param length how many bytes at most, and one at least
   * @param control what goes with the first of them; stays as it is
   * @return bytes written, perhaps fewer than asked, the control data with them; or {@link
   *     IoStatus#WOULD_BLOCK}, and nothing was passed
   * @throws IOException if the kernel refuses: {@code EOPNOTSUPP} where no descriptors are passed,
   *     {@code EBADF} for one that is not open
   * @throws IllegalArgumentException if {@code length} is 0: nothing would go anywhere
   */
  public int sendMessage(MemorySegment buffer, long offset, long length, ControlData control)
      throws IOException {
    checkConnected();
    Transfers.checkMessage(buffer, offset, length, false);
    if (length == 0) {
      throw new IllegalArgumentException("a message of a stream has one byte at least");
    }
    int sent;
    int attempts = 0;
    int fd = acquire();
    try {
      do {
        sent = sockets().sendMessage(fd, buffer, offset, length, null, control);
      } while (sent < 0 && platform().errnos().mayRetry(sent, ++attempts));
      return sent >= 0 ? sent : Transfers.messageFailure(platform().errnos(), sent, control);
    } finally {
      release();
    }
  }

  /**
   * Reads what has arrived, with the descriptors that came with it ({@code recvmsg(2)}). Any
   * thread. A plain {@link #read} drops them. The buffer must stay allocated until this returns.
   *
   * @param buffer receives the bytes, off-heap
   * @param offset where in the buffer, in bytes
   * @param length how many bytes at most; with 0 nothing is read and 0 returned
   * @param control emptied, and receives what came
   * @return bytes read, {@link IoStatus#END_OF_STREAM} or {@link IoStatus#WOULD_BLOCK}
   * @throws IOException if the connection failed; close it
   */
  public int receiveMessage(MemorySegment buffer, long offset, long length, ControlData control)
      throws IOException {
    checkConnected();
    Transfers.checkMessage(buffer, offset, length, true);
    control.clear();
    if (length == 0) {
      return 0;
    }
    int received;
    int attempts = 0;
    int fd = acquire();
    try {
      do {
        received = sockets().receiveMessage(fd, buffer, offset, length, null, control);
      } while (received < 0 && platform().errnos().mayRetry(received, ++attempts));
      if (received == 0) {
        return IoStatus.END_OF_STREAM;
      }
      return received > 0 ? received : Transfers.failure(platform().errnos(), "recvmsg", received);
    } finally {
      release();
    }
  }
}
