package mill.examples.echo;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import mill.core.EventLoop;
import mill.core.net.ConnectionConfig;
import mill.core.net.ConnectionHandler;
import mill.core.net.TcpServer;

/** The shortest echo server: {@code nc 127.0.0.1 8080} talks to it. */
public final class QuickStart {
  private QuickStart() {}

  /** Echoes until it is killed; the argument, if there is one, is the port. */
  public static void main(String[] args) throws IOException {
    int port = args.length == 0 ? 8080 : Integer.parseInt(args[0]);
    var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    ConnectionHandler echo =
        (connection, memory, offset, length) -> connection.out().put(memory, offset, length);
    try (var loop = EventLoop.open();
        var _ = TcpServer.listen(loop, address, ConnectionConfig.defaults(), () -> echo)) {
      loop.run();
    }
  }
}
