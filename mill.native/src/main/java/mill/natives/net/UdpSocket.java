package mill.natives.net;

import java.io.IOException;
import java.net.SocketAddress;
import mill.natives.NativePlatform;
import mill.natives.platform.Platform;
import mill.natives.platform.Sockets;
import mill.natives.platform.Sockets.Family;

/** A UDP socket ({@code udp(7)}), connected to one peer or not. */
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
    return open(NativePlatform.current(), family);
  }

  private static UdpSocket open(Platform platform, Family family) throws IOException {
    return new UdpSocket(platform, openSocket(platform, family, Sockets.Type.DATAGRAM), family);
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
    return bind(NativePlatform.current(), local);
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
    UdpSocket socket = open(platform, internetFamily(local));
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
