package mill.core.net;

import static java.util.Objects.requireNonNull;

import java.net.SocketAddress;
import mill.core.EventLoop;

/** Makes connections to servers, over TCP or Unix sockets. */
public final class TcpClient {
  private TcpClient() {}

  /**
   * Begins to connect. Any thread; on the loop's own nothing is called before this returns.
   *
   * <p>What comes of it the handler hears: {@link ConnectionHandler#onOpen}, or {@link
   * ConnectionHandler#onClosed} with a cause that was never {@linkplain CloseCause#opened()
   * opened}: {@link CloseCause.Kind#NOT_RESOLVED}, {@link CloseCause.Kind#REFUSED}, {@link
   * CloseCause.Kind#UNREACHABLE}, {@link CloseCause.Kind#CONNECT_TIMEOUT}, or {@link
   * CloseCause.Kind#LOCAL} if {@link Connection#close} or {@link Connection#reset} has cancelled
   * it. What is put and written before goes out first when the connection stands.
   *
   * <p>An unresolved address is resolved off the loop's thread ({@link ConnectionConfig#resolver}),
   * and its addresses race: as long as none answers the next one begins every 250 ms ({@link
   * ConnectionConfig#attemptDelay}), and at once when one fails. The first that stands wins, the
   * others are closed.
   *
   * {@snippet class=mill.core.snippets.ConnectionSnippets region=client}
   *
   * @param loop the loop that the connection is to live on
   * @param target an IP address, a name with a port ({@link
   *     java.net.InetSocketAddress#createUnresolved}) or the address of a Unix socket
   * @param config how the connection is treated
   * @param handler is called on the loop's thread
   * @return the connection
   * @throws IllegalArgumentException if the loop has workers, or the configuration limits
   *     connections
   * @throws IllegalStateException if the loop has ended
   */
  public static Connection connect(
      EventLoop loop, SocketAddress target, ConnectionConfig config, ConnectionHandler handler) {
    requireNonNull(target, "target");
    requireNonNull(handler, "handler");
    if (config.limitsConnections()) {
      throw new IllegalArgumentException(
          "maxConnections is for servers: a client is one connection, " + config);
    }
    var connection = new SocketConnection(LoopConnections.of(loop), config, handler, null, target);
    connection.begin();
    return connection;
  }
}
