package mill.examples.chat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import mill.core.EventLoop;
import mill.core.net.CloseCause;
import mill.core.net.Connection;
import mill.core.net.ConnectionConfig;
import mill.core.net.ConnectionHandler;
import mill.core.net.Framer;
import mill.core.net.Message;
import mill.core.net.TcpServer;
import mill.examples.command.Program;

/** Tells each line that a member says to all others. One for all connections. */
public final class ChatServer implements ConnectionHandler {
  private static final String USAGE =
      """
      mill-chat tells what one says in a line to all others, until Ctrl-C.

        --port N       the port (7000); 0 lets the system choose
        --host ADDRESS the address to listen on (127.0.0.1)
        --help         show this
      """;

  private static final ConnectionConfig CONFIG =
      ConnectionConfig.defaults()
          .framer(Framer.lines())
          .maxFrame(4096)
          .pauseWhenCongested(false) // who reads slowly may still talk
          .queueLimit(1 << 20)
          .writeStall(Duration.ofSeconds(10));

  private final List<Connection> members = new ArrayList<>();

  static TcpServer listen(EventLoop loop, SocketAddress address) throws IOException {
    var chat = new ChatServer();
    return TcpServer.listen(loop, address, CONFIG, () -> chat);
  }

  /** Serves until it is stopped. */
  public static void main(String[] args) {
    Program.run(
        USAGE,
        args,
        arguments -> {
          try (var loop = EventLoop.open();
              var server = listen(loop, arguments.address(7000))) {
            arguments.started(server, loop::shutdown);
            loop.run();
          }
        });
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
    Message line = Message.copyOf(memory, offset, length); // with its line feed
    for (int i = 0; i < members.size(); i++) {
      Connection member = members.get(i);
      if (!member.equals(connection)) {
        member.write(line); // closes nobody within this loop
        connection.pauseWhile(member); // nothing, unless it is congested
      }
    }
    line.release();
  }
}
