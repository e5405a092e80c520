package mill.natives.net;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import mill.natives.CurrentPlatform;
import mill.natives.platform.ControlData;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.Platform;
import mill.natives.platform.Sockets;
import mill.natives.platform.Sockets.Family;

/**
 * A UDP socket ({@code udp(7)}), connected to one peer or not.
 *
 * <p>Bound to the wildcard address, whichever family's it is written as, it is reached by IPv4 and
 * IPv6.
 */
public final class UdpSocket extends AbstractDatagramSocket {
  private UdpSocket(Platform platform, int fd, Family family) {
    super(platform, fd, family);
  }

  /**
   * Opens a socket that is not bound: sending or connecting binds it to a port of the system's
   * choice. Any thread.
   *
   * @param family {@code INET} or {@code INET6}
   * @return the socket, to be closed by the caller
   * @throws IOException if the system refuses, for instance for want of descriptors
   */
  public static UdpSocket open(Family family) throws IOException {
    return open(CurrentPlatform.get(), family);
  }

  /**
   * Opens a socket that is not bound yet on a platform of the caller's choice. Any thread. See
   * {@link #open(Family)}.
   *
   * @param platform the platform
   * @param family {@code INET} or {@code INET6}
   * @return the socket, to be closed by the caller
   * @throws IOException if the platform refuses; nothing stays open
   */
  public static UdpSocket open(Platform platform, Family family) throws IOException {
    return new UdpSocket(platform, openSocket(platform, family, Sockets.Type.DATAGRAM), family);
  }

  /**
   * Takes over a UDP socket that comes from elsewhere, of a parent process for instance: {@link
   * #close()} closes it. It is made non-blocking and not inherited by child processes; its options
   * stay. Any thread.
   *
   * @param fd open, and nobody else's from now on
   * @return the socket, to be closed by the caller
   * @throws IOException if it is not open ({@code EBADF}) or no socket ({@code ENOTSOCK}); it stays
   *     the caller's then
   * @throws IllegalArgumentException if it is a socket of another kind; it stays the caller's then
   */
  public static UdpSocket own(int fd) throws IOException {
    return own(CurrentPlatform.get(), fd);
  }

  /**
   * Takes over a UDP socket of a platform of the caller's choice. Any thread. See {@link
   * #own(int)}.
   *
   * @param platform the platform
   * @param fd open, and nobody else's from now on
   * @return the socket, to be closed by the caller
   * @throws IOException if it is not open ({@code EBADF}) or no socket ({@code ENOTSOCK})
   * @throws IllegalArgumentException if it is a socket of another kind
   */
  public static UdpSocket own(Platform platform, int fd) throws IOException {
    var foreign = new ForeignFd(platform, fd);
    Family family = foreign.requireInternet(Sockets.Type.DATAGRAM, false);
    foreign.takeOver();
    return new UdpSocket(platform, fd, family);
  }

  /**
   * Opens a socket and binds it. Any thread.
   *
   * @param local where to receive; port 0 lets the system choose, {@link #localAddress()} tells
   *     what
   * @return the socket, to be closed by the caller
   * @throws IOException if the kernel refuses, {@code EADDRINUSE} for instance; nothing stays open
   */
  public static UdpSocket bind(SocketAddress local) throws IOException {
    return bind(CurrentPlatform.get(), local);
  }

  /**
   * Opens a socket on a platform of the caller's choice and binds it. Any thread.
   *
   * @param platform the platform
   * @param local where to receive
   * @return the socket, to be closed by the caller
   * @throws IOException if the platform refuses; nothing stays open
   */
  public static UdpSocket bind(Platform platform, SocketAddress local) throws IOException {
    return openBound(platform, local, family -> bind(platform, family, local));
  }

  /**
   * Takes an error from the error queue, with the datagram that it is about ({@code recvmsg(2)}
   * with {@code MSG_ERRQUEUE}). Any thread. Linux, after {@link SockOpt#IP_RECVERR} or {@link
   * SockOpt#IPV6_RECVERR} was set: a socket without a peer then hears of ICMP errors too. They are
   * reported as {@link mill.natives.Readiness#isError()}, again and again until they are taken.
   *
   * @param buffer receives the beginning of the datagram, off-heap
   * @param offset where in the buffer, in bytes
   * @param length how many bytes at most
   * @param to receives where the datagram went
   * @param control emptied, and receives the error: {@link ControlData#errorNumber()}
   * @return how many bytes of the datagram there are, or {@link IoStatus#WOULD_BLOCK}
   * @throws IOException if the kernel refuses: {@code EOPNOTSUPP} where there is no error queue
   */
  public int receiveError(
      MemorySegment buffer, long offset, long length, NativeAddress to, ControlData control)
      throws IOException {
    Transfers.checkMessage(buffer, offset, length, true);
    int received;
    int attempts = 0;
    int fd = acquire();
    try {
      do {
        received = sockets().receiveError(fd, buffer, offset, length, to, control);
      } while (received < 0 && platform().errnos().mayRetry(received, ++attempts));
      return received >= 0
          ? received
          : Transfers.failure(platform().errnos(), "recvmsg(MSG_ERRQUEUE)", received);
    } finally {
      release();
    }
  }

  private static UdpSocket bind(Platform platform, Family family, SocketAddress local)
      throws IOException {
    UdpSocket socket = open(platform, family);
    boolean bound = false;
    try {
      socket.bindTo(local);
      bound = true;
      return socket;
    } finally {
      if (!bound) {
        socket.close();
      }
    }
  }
}
