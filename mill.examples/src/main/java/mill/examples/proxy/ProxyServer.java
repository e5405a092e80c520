package mill.examples.proxy;

import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import mill.core.group.EventLoopGroup;
import mill.core.group.LoopGroupConfig;
import mill.core.net.ConnectionConfig;
import mill.core.net.Relay;
import mill.core.net.TcpServer;
import mill.examples.command.Program;

/**
 * Passes on what arrives, both ways, with its end and its reset, and stops reading from one end
 * while the other does not read: a {@link Relay}, with limits.
 */
public final class ProxyServer {
  private static final String USAGE =
      """
      mill-proxy passes on what arrives to another server, until Ctrl-C.

        --to HOST:PORT the server
        --port N       the port (8000); 0 lets the system choose
        --host ADDRESS the address to listen on (127.0.0.1)
        --loops N      the number of loops (1)
        --help         show this
      """;

  private static final ConnectionConfig CONFIG =
      ConnectionConfig.defaults()
          .connectTimeout(Duration.ofSeconds(3))
          .idle(Duration.ofMinutes(2)); // nobody has to speak while the other does

  private ProxyServer() {}

  static TcpServer listen(EventLoopGroup loops, SocketAddress address, SocketAddress target)
      throws IOException {
    return TcpServer.listen(loops, address, CONFIG, () -> Relay.to(target, CONFIG));
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
}
