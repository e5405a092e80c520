package mill.natives.net;

import java.io.IOException;
import java.net.SocketAddress;
import mill.natives.CurrentPlatform;
import mill.natives.platform.Platform;
import mill.natives.platform.Sockets;
import mill.natives.platform.Sockets.Family;

/**
 * A Unix domain datagram socket ({@code unix(7)}), connected to one peer or not.
 *
 * <p>Closing it does not remove its file: whoever bound the path deletes it.
 */
public final class UnixDatagram extends AbstractDatagramSocket {
  private UnixDatagram(Platform platform, int fd) {
    super(platform, fd, Family.UNIX);
  }

  /**
   * Opens a socket without a name: it can send, and nobody can answer. Any thread.
   *
   * @return the socket, to be closed by the caller
   * @throws IOException if the system refuses, for instance for want of descriptors
   */
  public static UnixDatagram open() throws IOException {
    return open(CurrentPlatform.get());
  }

  /**
   * Opens a socket without a name on a platform of the caller's choice. Any thread.
   *
   * @param platform the platform
   * @return the socket, to be closed by the caller
   * @throws IOException if the platform refuses
   */
  public static UnixDatagram open(Platform platform) throws IOException {
    return new UnixDatagram(platform, openSocket(platform, Family.UNIX, Sockets.Type.DATAGRAM));
  }

  /**
   * Takes over a Unix domain datagram socket that comes from elsewhere, of a parent process for
   * instance: {@link #close()} closes it. It is made non-blocking and not inherited by child
   * processes; its options stay. Any thread.
   *
   * @param fd open, and nobody else's from now on
   * @return the socket, to be closed by the caller
   * @throws IOException if it is not open ({@code EBADF}) or no socket ({@code ENOTSOCK}); it stays
   *     the caller's then
   * @throws IllegalArgumentException if it is a socket of another kind; it stays the caller's then
   */
  public static UnixDatagram own(int fd) throws IOException {
    return own(CurrentPlatform.get(), fd);
  }

  /**
   * Takes over a Unix domain datagram socket of a platform of the caller's choice. Any thread. See
   * {@link #own(int)}.
   *
   * @param platform the platform
   * @param fd open, and nobody else's from now on
   * @return the socket, to be closed by the caller
   * @throws IOException if it is not open ({@code EBADF}) or no socket ({@code ENOTSOCK})
   * @throws IllegalArgumentException if it is a socket of another kind
   */
  public static UnixDatagram own(Platform platform, int fd) throws IOException {
    var foreign = new ForeignFd(platform, fd);
    foreign.requireUnix(Sockets.Type.DATAGRAM, false);
    foreign.takeOver();
    return new UnixDatagram(platform, fd);
  }

  /**
   * Opens a socket and binds it. Any thread.
   *
   * @param local a {@link UnixAddress} or {@link java.net.UnixDomainSocketAddress}
   * @return the socket, to be closed by the caller
   * @throws IOException if the kernel refuses, {@code EADDRINUSE} when the path exists for
   *     instance; nothing stays open
   */
  public static UnixDatagram bind(SocketAddress local) throws IOException {
    return bind(CurrentPlatform.get(), local);
  }

  /**
   * Opens a socket on a platform of the caller's choice and binds it. Any thread.
   *
   * @param platform the platform
   * @param local a {@link UnixAddress} or {@link java.net.UnixDomainSocketAddress}
   * @return the socket, to be closed by the caller
   * @throws IOException if the platform refuses; nothing stays open
   */
  public static UnixDatagram bind(Platform platform, SocketAddress local) throws IOException {
    UnixDatagram socket = open(platform);
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
