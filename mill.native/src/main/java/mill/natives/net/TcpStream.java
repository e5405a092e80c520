package mill.natives.net;

import java.io.IOException;
import java.net.SocketAddress;
import mill.natives.CurrentPlatform;
import mill.natives.platform.OptionCode;
import mill.natives.platform.Platform;
import mill.natives.platform.Sockets;
import mill.natives.platform.Sockets.Family;

/**
 * A TCP connection ({@code tcp(7)}), accepted or made by {@link #connect}.
 *
 * <p>{@link SockOpt#TCP_NODELAY} is on: what is written is sent at once. Without it, the second of
 * two small writes waits for the peer to acknowledge the first, which the peer puts off for 40 ms.
 * Who writes in many small pieces and does not care about the delay switches it off.
 */
public final class TcpStream extends StreamSocket {
  TcpStream(Platform platform, int fd, Family family, boolean connected) {
    super(platform, fd, family, connected);
  }

  /**
   * Opens a socket that is not connected yet, to set options or bind before {@link #startConnect}.
   * Any thread.
   *
   * @param family {@code INET} or {@code INET6}
   * @return the socket, to be closed by the caller
   * @throws IOException if the system refuses, for instance for want of descriptors
   */
  public static TcpStream open(Family family) throws IOException {
    return open(CurrentPlatform.get(), family);
  }

  /**
   * Opens a socket that is not connected yet on a platform of the caller's choice. Any thread. See
   * {@link #open(Family)}.
   *
   * @param platform the platform
   * @param family {@code INET} or {@code INET6}
   * @return the socket, to be closed by the caller
   * @throws IOException if the platform refuses; nothing stays open
   */
  public static TcpStream open(Platform platform, Family family) throws IOException {
    int fd = openSocket(platform, family, Sockets.Type.STREAM);
    var stream = new TcpStream(platform, fd, family, false);
    boolean done = false;
    try {
      stream.setOption(SockOpt.TCP_NODELAY, true);
      done = true;
      return stream;
    } finally {
      if (!done) {
        stream.close();
      }
    }
  }

  // A connection that was reset while it waited may refuse options: its first read will tell.
  void sendAtOnce() {
    OptionCode code = platform().option(SockOpt.TCP_NODELAY.name());
    if (code != null) {
      sockets().setIntOption(fd(), code, 1);
    }
  }

  /**
   * Takes the urgent byte that {@link mill.natives.Readiness#isPriority()} reports ({@code recv(2)}
   * with {@code MSG_OOB}). Any thread.
   *
   * <p>Until it is taken, a level-triggered interest in {@link mill.natives.Interest#PRIORITY} is
   * reported at every poll. TCP keeps one such byte: a later one takes its place. With {@link
   * SockOpt#SO_OOBINLINE} it comes among the others in {@link #read}, and never here.
   *
   * @return the byte, 0 to 255, or {@link IoStatus#WOULD_BLOCK} when there is none or it is
   *     announced and not here yet
   * @throws IOException if the connection failed; close it
   * @throws java.nio.channels.ClosedChannelException if this is closed
   */
  public int readUrgent() throws IOException {
    int result;
    int attempts = 0;
    int fd = acquire();
    try {
      do {
        result = sockets().receiveUrgent(fd);
      } while (result < 0 && platform().errnos().mayRetry(result, ++attempts));
      if (result < 0 && platform().errnos().name(-result).equals("EINVAL")) {
        return IoStatus.WOULD_BLOCK;
      }
      return result >= 0 ? result : Transfers.failure(platform().errnos(), "recv", result);
    } finally {
      release();
    }
  }

  /**
   * Takes over a TCP socket that comes from elsewhere, of a parent process for instance: {@link
   * #close()} closes it. It is made non-blocking and not inherited by child processes; its options
   * stay. Any thread.
   *
   * @param fd open, and nobody else's from now on
   * @return the stream, to be closed by the caller
   * @throws IOException if it is not open ({@code EBADF}) or no socket ({@code ENOTSOCK}); it stays
   *     the caller's then
   * @throws IllegalArgumentException if it is a socket of another kind; it stays the caller's then
   */
  public static TcpStream own(int fd) throws IOException {
    return own(CurrentPlatform.get(), fd);
  }

  /**
   * Takes over a TCP socket of a platform of the caller's choice. Any thread. See {@link
   * #own(int)}.
   *
   * @param platform the platform
   * @param fd open, and nobody else's from now on
   * @return the stream, to be closed by the caller
   * @throws IOException if it is not open ({@code EBADF}) or no socket ({@code ENOTSOCK})
   * @throws IllegalArgumentException if it is a socket of another kind
   */
  public static TcpStream own(Platform platform, int fd) throws IOException {
    var foreign = new ForeignFd(platform, fd);
    Family family = foreign.requireInternet(Sockets.Type.STREAM, false);
    foreign.takeOver();
    var stream = new TcpStream(platform, fd, family, false);
    stream.takeOver();
    return stream;
  }

  /**
   * Begins to connect to a server. Any thread.
   *
   * <p>Unless {@link #isConnected()} is true already, wait until the stream is writable and call
   * {@link #finishConnect()}.
   *
   * @param remote the server's address, resolved
   * @return the stream, to be closed by the caller
   * @throws IOException if the kernel refuses at once, {@code ENETUNREACH} for instance; nothing
   *     stays open
   */
  public static TcpStream connect(SocketAddress remote) throws IOException {
    return connect(CurrentPlatform.get(), remote);
  }

  /**
   * Begins to connect to a server on a platform of the caller's choice. Any thread.
   *
   * @param platform the platform
   * @param remote the server's address, resolved
   * @return the stream, to be closed by the caller
   * @throws IOException if the kernel refuses at once; nothing stays open
   */
  public static TcpStream connect(Platform platform, SocketAddress remote) throws IOException {
    TcpStream stream = open(platform, internetFamily(remote));
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
}
