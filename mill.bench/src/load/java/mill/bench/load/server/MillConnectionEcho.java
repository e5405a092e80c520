package mill.bench.load.server;

import java.io.IOException;
import mill.core.EventLoop;
import mill.core.net.ConnectionConfig;
import mill.core.net.ConnectionHandler;
import mill.core.net.TcpServer;

/** mill's connections: the first program of the README. */
final class MillConnectionEcho {
  private MillConnectionEcho() {}

  public static void main(String[] args) throws IOException {
    ConnectionHandler echo =
        (connection, memory, offset, length) -> connection.out().put(memory, offset, length);
    var config = ConnectionConfig.defaults();
    try (var loop = EventLoop.open();
        var server = TcpServer.listen(loop, ServerConsole.anyPort(), config, () -> echo)) {
      ServerConsole.open(server.localAddress());
      loop.run();
    }
  }
}
