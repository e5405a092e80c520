package mill.core.snippets;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import javax.net.ssl.SSLContext;
import mill.core.EventLoop;
import mill.core.net.CloseCause;
import mill.core.net.Connection;
import mill.core.net.ConnectionConfig;
import mill.core.net.ConnectionHandler;
import mill.core.net.Framer;
import mill.core.net.Message;
import mill.core.net.ProxyProtocol;
import mill.core.net.Relay;
import mill.core.net.TcpClient;
import mill.core.net.TcpServer;
import mill.core.net.Tls;

/** The connections' snippets. */
final class ConnectionSnippets {
  private ConnectionSnippets() {}

  static void echo() throws IOException {
    // @start region="echo"
    var config = ConnectionConfig.defaults().framer(Framer.lines());
    try (var loop = EventLoop.open();
        var _ =
            TcpServer.listen(
                loop,
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 8080),
                config,
                () ->
                    (connection, memory, offset, length) ->
                        connection.out().put(memory, offset, length))) {
      loop.run();
    }
    // @end
  }

  static Framer framer() {
    // @start region="framer"
    // Frames that a zero byte ends.
    Framer zeroEnded =
        (memory, from, seen, to) -> {
          for (long i = seen; i < to; i++) {
            if (memory.get(ValueLayout.JAVA_BYTE, i) == 0) {
              return i + 1 - from;
            }
          }
          return Framer.INCOMPLETE;
        };
    // @end
    return zeroEnded;
  }

  static void message(MemorySegment news, List<Connection> readers) {
    // @start region="message"
    Message message = Message.copyOf(news, 0, news.byteSize());
    for (Connection reader : readers) {
      reader.write(message);
    }
    message.release();
    // @end
  }

  static ConnectionConfig behindProxies(InetAddress balancer) {
    // @start region="proxy"
    var proxies =
        ProxyProtocol.trusting(
            peer -> peer instanceof InetSocketAddress inet && balancer.equals(inet.getAddress()));
    var config = ConnectionConfig.defaults().layer(proxies);
    // @end
    return config;
  }

  static void tls(EventLoop loop, SSLContext context, ConnectionHandler handler)
      throws IOException {
    // @start region="tls"
    var secured = ConnectionConfig.defaults().framer(Framer.lines()).layer(Tls.server(context));
    TcpServer.listen(loop, new InetSocketAddress(8443), secured, () -> handler);

    var target = InetSocketAddress.createUnresolved("example.org", 443);
    var verified =
        ConnectionConfig.defaults()
            .layer(
                Tls.client(context, "example.org", 443)
                    .parameters(p -> p.setApplicationProtocols(new String[] {"http/1.1"})));
    TcpClient.connect(loop, target, verified, handler);
    // @end
  }

  static void relay(EventLoop loop) throws IOException {
    // @start region="relay"
    var target = InetSocketAddress.createUnresolved("backend", 8080);
    var config = ConnectionConfig.defaults();
    TcpServer.listen(loop, new InetSocketAddress(8000), config, () -> Relay.to(target, config));
    // @end
  }

  static void client(EventLoop loop) {
    // @start region="client"
    TcpClient.connect(
        loop,
        InetSocketAddress.createUnresolved("example.org", 80),
        ConnectionConfig.defaults(),
        new ConnectionHandler() {
          @Override
          public void onOpen(Connection connection) {
            connection.out().putAscii("GET / HTTP/1.0\r\n\r\n");
          }

          @Override
          public void onFrame(Connection connection, MemorySegment memory, long at, long length) {
            // what the server says
          }

          @Override
          public void onClosed(Connection connection, CloseCause cause) {
            if (!cause.opened()) {
              System.err.println("could not connect: " + cause);
            }
          }
        });
    // @end
  }
}
