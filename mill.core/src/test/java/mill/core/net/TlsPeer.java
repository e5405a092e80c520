package mill.core.net;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import mill.testing.Await;

/** A {@link Peer} that speaks the JDK's blocking TLS over a socket that is open to the test. */
final class TlsPeer {
  /** The socket below. */
  final Socket raw;

  final SSLSocket tls;

  /** What is sent and received in the clear. */
  final Peer plain;

  private TlsPeer(Socket raw, SSLSocket tls, String... protocols) throws IOException {
    this.raw = raw;
    this.tls = tls;
    raw.setSoTimeout((int) TimeUnit.NANOSECONDS.toMillis(Await.PATIENCE_NS));
    raw.setTcpNoDelay(true);
    tls.setEnabledProtocols(protocols);
    plain = new Peer(tls);
  }

  /** A client that has not begun its handshake. */
  static TlsPeer connect(SSLContext context, TcpServer server, String... protocols)
      throws IOException {
    return over(new Socket(), context, server, protocols);
  }

  /** One that sends each byte by itself. */
  static TlsPeer chopped(SSLContext context, TcpServer server, String... protocols)
      throws IOException {
    return over(new ChoppedSocket(), context, server, protocols);
  }

  private static TlsPeer over(Socket raw, SSLContext context, TcpServer server, String... protocols)
      throws IOException {
    raw.connect(server.localAddress(), 10_000);
    var tls = context.getSocketFactory().createSocket(raw, "localhost", raw.getPort(), true);
    return new TlsPeer(raw, (SSLSocket) tls, protocols);
  }

  /** A server that has not begun its handshake. */
  static TlsPeer accept(SSLContext context, ServerSocket listener, String... protocols)
      throws IOException {
    Socket raw = listener.accept();
    var tls = context.getSocketFactory().createSocket(raw, InputStream.nullInputStream(), true);
    return new TlsPeer(raw, (SSLSocket) tls, protocols);
  }

  private static final class ChoppedSocket extends Socket {
    @Override
    public OutputStream getOutputStream() throws IOException {
      return new FilterOutputStream(super.getOutputStream()); // writes byte by byte
    }
  }
}
