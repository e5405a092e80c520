package mill.examples.proxy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.time.Duration;
import mill.core.group.EventLoopGroup;
import mill.core.group.LoopGroupConfig;
import mill.core.net.CloseCause;
import mill.core.net.Connection;
import mill.core.net.ConnectionConfig;
import mill.core.net.ConnectionHandler;
import mill.core.net.TcpClient;
import mill.core.net.TcpServer;
import mill.examples.command.Program;

/**
 * Passes on what arrives, both ways, with its end and its reset, and stops reading from one end
 * while the other does not read. One for all connections.
 */
public final class ProxyServer implements ConnectionHandler {
  private static final String USAGE =
      """
      mill-proxy passes on what arrives to another server, until Ctrl-C.

        --to HOST:PORT the server
        --port N       the port (8000); 0 lets the system choose
        --host ADDRESS the address to listen on (127.0.0.1)
        --loops N      the number of loops (1)
        --help         show this
      """;

  private static final Duration IDLE = Duration.ofMinutes(2); // of both directions together

  private static final ConnectionConfig CONFIG =
      ConnectionConfig.defaults()
          .connectTimeout(Duration.ofSeconds(3))
          .pauseWhenCongested(false); // it is the other end that has to stop

  private static final Object CONNECTING = new Object(); // a reason to pause

  private final SocketAddress target;

  private ProxyServer(SocketAddress target) {
    this.target = target;
  }

  static TcpServer listen(EventLoopGroup loops, SocketAddress address, SocketAddress target)
      throws IOException {
    var proxy = new ProxyServer(target);
    return TcpServer.listen(loops, address, CONFIG, () -> proxy);
  }

  /** Serves until it is stopped. */
  public static void main(String[] args) {
    Program.run(
        USAGE,
        args,
        arguments -> {
          var target = arguments.target("--to");
          int loops = arguments.number("--loops", 1, 1, LoopGroupConfig.MAX_LOOPS);
          try (var group = EventLoopGroup.open(LoopGroupConfig.builder().loops(loops).build());
              var server = listen(group, arguments.address(8000), target)) {
            group.start();
            arguments.started(server, group::shutdown);
            group.awaitEnd();
          }
        });
  }

  @Override
  public void onOpen(Connection client) {
    client.pause(CONNECTING);
    client.handler(new End(TcpClient.connect(client.loop(), target, CONFIG, new End(client))));
  }

  @Override
  public void onFrame(Connection client, MemorySegment memory, long offset, long length) {
    throw new AssertionError("its next handler reads");
  }

  /** One end: what it says goes to the other. */
  private static final class End implements ConnectionHandler {
    private final Connection other;

    End(Connection other) {
      this.other = other;
    }

    @Override
    public void onOpen(Connection connection) {
      other.resume(CONNECTING); // of the client's, when the server's stands
      connection.deadline(IDLE);
    }

    @Override
    public void onFrame(Connection connection, MemorySegment memory, long offset, long length) {
      other.out().put(memory, offset, length);
      connection.pauseWhile(other);
      connection.deadline(IDLE);
      other.deadline(IDLE); // nobody has to speak while the other does
    }

    @Override
    public void onEnd(Connection connection) {
      other.end(); // the other direction goes on
    }

    @Override
    public void onDeadline(Connection connection) {
      if (connection.queuedBytes() + other.queuedBytes() == 0) {
        connection.reset();
        other.reset();
      } else {
        connection.deadline(IDLE); // somebody reads slowly; at a stand is what the stall limit ends
      }
    }

    @Override
    public void onClosed(Connection connection, CloseCause cause) {
      switch (cause.kind()) {
        case PEER_END, LOCAL -> other.close(); // what is queued still goes out
        default -> other.reset(); // refused, reset, timed out, stalled: all of them
      }
    }
  }
}
