package mill.natives.net;

import java.io.IOException;
import java.net.SocketAddress;
import mill.natives.NativePlatform;
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
    return open(NativePlatform.current(), family);
  }

  private static TcpStream open(Platform platform, Family family) throws IOException {
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
    return connect(NativePlatform.current(), remote);
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
