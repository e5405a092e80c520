package mill.core.net;

import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import mill.testing.Await;
import mill.testnet.Net;

/**
 * The other end of a connection: a blocking socket of the JDK, so that mill does not test itself.
 */
final class Peer implements AutoCloseable {
  final Socket socket;
  private final SocketException resetAtConnect; // null if it was not

  Peer(Socket socket) throws IOException {
    this(socket, null);
    socket.setSoTimeout((int) TimeUnit.NANOSECONDS.toMillis(Await.PATIENCE_NS));
    socket.setTcpNoDelay(true);
  }

  private Peer(Socket socket, SocketException resetAtConnect) {
    this.socket = socket;
    this.resetAtConnect = resetAtConnect;
  }

  static Peer connect(SocketAddress address) throws IOException {
    return connected(new Socket(), address);
  }

  static Peer connect(TcpServer server) throws IOException {
    return connect(server.localAddress());
  }

  /** With a small receive buffer, so that the other end soon cannot send. */
  static Peer slow(TcpServer server) throws IOException {
    var socket = new Socket();
    socket.setReceiveBufferSize(4096);
    return connected(socket, server.localAddress());
  }

  // Who is reset at once may hear of it in connect already: it is told where it is read.
  private static Peer connected(Socket socket, SocketAddress address) throws IOException {
    try {
      socket.connect(address, 10_000);
    } catch (SocketException e) {
      if (!String.valueOf(e.getMessage()).startsWith("Connection reset")) {
        throw e;
      }
      return new Peer(socket, e);
    }
    return new Peer(socket);
  }

  /** Accepts what a client under test connects. */
  static Peer accept(ServerSocket listener) throws IOException {
    return new Peer(listener.accept());
  }

  static ServerSocket listener() throws IOException {
    var listener = new ServerSocket();
    listener.setSoTimeout((int) TimeUnit.NANOSECONDS.toMillis(Await.PATIENCE_NS));
    listener.bind(Net.loopback());
    return listener;
  }

  static InetSocketAddress address(ServerSocket listener) {
    return (InetSocketAddress) listener.getLocalSocketAddress();
  }

  Peer send(String text) throws IOException {
    return send(text.getBytes(StandardCharsets.UTF_8));
  }

  Peer send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    return this;
  }

  String read(int bytes) throws IOException {
    return new String(readBytes(bytes), StandardCharsets.UTF_8);
  }

  byte[] readBytes(int bytes) throws IOException {
    byte[] read = in().readNBytes(bytes);
    if (read.length < bytes) {
      throw new AssertionError("the stream ended after " + read.length + " of " + bytes);
    }
    return read;
  }

  InputStream in() throws IOException {
    if (resetAtConnect != null) {
      throw resetAtConnect;
    }
    return socket.getInputStream();
  }

  /** What comes until the end of the stream. */
  byte[] readAll() throws IOException {
    return in().readAllBytes();
  }

  /** Reads until the end, and tells how much it was. */
  long skipAll() throws IOException {
    byte[] into = new byte[1 << 16];
    long total = 0;
    int read;
    while ((read = in().read(into)) >= 0) {
      total += read;
    }
    return total;
  }

  /**
   * Reads until it hears that the other end was reset, or fails. Wine asks its sockets for errors
   * itself now and then, and whoever reads after that is told of an end.
   */
  void requireReset() throws IOException {
    try {
      skipAll();
    } catch (SocketException e) {
      return;
    }
    assumeFalse(
        System.getProperty("os.name").startsWith("Windows"),
        "declared difference of Wine: a reset looks like an end to who reads late");
    throw new AssertionError("an end without a reset");
  }

  void end() throws IOException {
    socket.shutdownOutput();
  }

  /** Closes, in the middle of a test. */
  void leave() throws IOException {
    close();
  }

  void reset() throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
