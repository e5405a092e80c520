package mill.bench.load.server;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import mill.core.EventLoop;
import mill.core.net.CloseCause;
import mill.core.net.Connection;
import mill.core.net.ConnectionConfig;
import mill.core.net.ConnectionHandler;
import mill.core.net.Message;
import mill.core.net.TcpServer;

/** Tells what one connection says to all, as one {@link Message}. */
final class MillBroadcast implements ConnectionHandler {
  private final List<Connection> members = new ArrayList<>();

  private MillBroadcast() {}

  public static void main(String[] args) throws IOException {
    var all = new MillBroadcast();
    var config = ConnectionConfig.defaults();
    try (var loop = EventLoop.open();
        var server = TcpServer.listen(loop, ServerConsole.anyPort(), config, () -> all)) {
      ServerConsole.open(server.localAddress());
      loop.run();
    }
  }

  @Override
  public void onOpen(Connection connection) {
    members.add(connection);
  }

  @Override
  public void onClosed(Connection connection, CloseCause cause) {
    members.remove(connection);
  }

  @Override
  public void onFrame(Connection connection, MemorySegment memory, long offset, long length) {
    Message message = Message.copyOf(memory, offset, length);
    for (int i = 0; i < members.size(); i++) {
      var _ = members.get(i).write(message); // who takes nothing hears of it himself
    }
    message.release();
  }
}
