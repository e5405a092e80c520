package mill.bench.load.server;

import java.io.IOException;
import mill.core.EventLoop;
import mill.core.group.EventLoopGroup;
import mill.core.group.LoopGroupConfig;
import mill.core.net.ConnectionConfig;
import mill.core.net.ConnectionHandler;
import mill.core.net.TcpServer;

/** mill's connections: the first program of the README, or with a number on so many loops. */
final class MillConnectionEcho {
  private static final ConnectionConfig CONFIG = ConnectionConfig.defaults();
  private static final ConnectionHandler ECHO =
      (connection, memory, offset, length) -> connection.out().put(memory, offset, length);

  private MillConnectionEcho() {}

  public static void main(String[] args) throws IOException, InterruptedException {
    if (args.length == 0) {
      serve();
    } else {
      serveOn(Integer.parseInt(args[0]));
    }
  }

  private static void serve() throws IOException {
    try (var loop = EventLoop.open();
        var server = TcpServer.listen(loop, ServerConsole.anyPort(), CONFIG, () -> ECHO)) {
      ServerConsole.open(server.localAddress());
      loop.run();
    }
  }

  private static void serveOn(int loops) throws IOException, InterruptedException {
    try (var group = EventLoopGroup.open(LoopGroupConfig.builder().loops(loops).build()).start();
        var server = TcpServer.listen(group, ServerConsole.anyPort(), CONFIG, () -> ECHO)) {
      ServerConsole.open(server.localAddress());
      group.awaitEnd();
    }
  }
}
