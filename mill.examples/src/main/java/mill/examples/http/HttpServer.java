package mill.examples.http;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.zip.CRC32;
import javax.net.ssl.SSLContext;
import mill.core.group.EventLoopGroup;
import mill.core.group.LoopGroupConfig;
import mill.core.net.CloseCause.Kind;
import mill.core.net.Connection;
import mill.core.net.ConnectionConfig;
import mill.core.net.ConnectionHandler;
import mill.core.net.Framer;
import mill.core.net.Output;
import mill.core.net.TcpServer;
import mill.core.net.Tls;
import mill.examples.command.Arguments;
import mill.examples.command.KeyStoreFile;
import mill.examples.command.Program;
import mill.examples.command.UsageException;

/**
 * HTTP/1.1: a body of any length is streamed into a checksum (CRC-32), which is the answer; {@code
 * Upgrade: frames} makes it an echo of frames that begin with their length.
 *
 * <p>One for each connection.
 */
public final class HttpServer implements ConnectionHandler, Framer {
  private static final String USAGE =
      """
      mill-http answers each request with the CRC-32 of its body, until Ctrl-C.

        --port N       the port (8080); 0 lets the system choose
        --host ADDRESS the address to listen on (127.0.0.1)
        --loops N      the number of loops (1)
        --tls FILE     speak HTTPS: the PKCS#12 key store with the server's key, whose
                       password is in the environment variable MILL_TLS_PASSWORD
        --help         show this
      """;

  private static final String SWITCHING =
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: frames\r\n\r\n";

  // To wait for a head, and until it is whole.
  private static final Duration HEAD = Duration.ofSeconds(10);
  private static final Duration BODY = Duration.ofMinutes(5);

  static final ConnectionConfig CONFIG = ConnectionConfig.defaults().maxFrame(HttpHead.MAX_LENGTH);

  private final HttpHead head = new HttpHead();
  private final CRC32 sum = new CRC32();
  private long left; // of the body; 0: a head is next
  private boolean last;

  private HttpServer() {}

  static TcpServer listen(EventLoopGroup loops, SocketAddress address, ConnectionConfig config)
      throws IOException {
    return TcpServer.listen(loops, address, config, HttpServer::new);
  }

  static ConnectionConfig https(SSLContext context) {
    return CONFIG.layer(
        Tls.server(context)
            .parameters(tls -> tls.setApplicationProtocols(new String[] {"http/1.1"})));
  }

  private static ConnectionConfig config(Arguments arguments) throws UsageException {
    Optional<String> keys = arguments.text("--tls");
    return keys.isEmpty()
        ? CONFIG
        : https(KeyStoreFile.context(keys.get(), System.getenv(KeyStoreFile.PASSWORD)));
  }

  /** Serves until it is stopped. */
  public static void main(String[] args) {
    Program.run(
        USAGE,
        args,
        arguments -> {
          int loops = arguments.number("--loops", 1, 1, LoopGroupConfig.MAX_LOOPS);
          ConnectionConfig config = config(arguments);
          try (var group = EventLoopGroup.open(LoopGroupConfig.builder().loops(loops).build());
              var server = listen(group, arguments.address(8080), config)) {
            group.start();
            arguments.started(server, group::shutdown);
            group.awaitEnd();
          }
        });
  }

  @Override
  public void onOpen(Connection connection) {
    connection.framer(this);
    connection.deadline(HEAD);
  }

  @Override
  public long frame(MemorySegment memory, long from, long seen, long to) {
    return left > 0 ? Math.min(left, to - from) : HttpHead.frame(memory, from, seen, to);
  }

  @Override
  public void onFrame(Connection connection, MemorySegment memory, long offset, long length) {
    if (left > 0) {
      sum.update(memory.asSlice(offset, length).asByteBuffer());
      left -= length;
    } else {
      int status = head.parse(memory, offset, length);
      if (status != 200) {
        answer(connection, status, false);
        return;
      } else if (head.wantsFrames()) {
        upgrade(connection);
        return;
      }
      left = head.contentLength();
      if (left > 0) {
        connection.deadline(BODY);
        connection.out().putAscii(head.waits() ? "HTTP/1.1 100 Continue\r\n\r\n" : "");
      }
    }
    if (left == 0) { // keep-alive and pipelining come by themselves
      answer(connection, 200, !head.isHead());
    }
  }

  @Override
  public void onClosing(Connection connection, Kind kind) {
    answer(connection, kind == Kind.FRAME_TOO_LONG ? 431 : 400, false);
  }

  private void answer(Connection connection, int status, boolean body) {
    boolean closes = last || status != 200 || !head.keepsAlive();
    Output out = connection.out().putAscii(statusLine(status));
    out.putAscii(closes ? "Connection: close\r\n" : "Connection: keep-alive\r\n");
    out.putAscii(status == 200 ? "Content-Length: 8\r\n\r\n" : "Content-Length: 0\r\n\r\n");
    for (int shift = 28; body && shift >= 0; shift -= 4) {
      out.put((byte) Character.forDigit((int) (sum.getValue() >>> shift) & 0xf, 16));
    }
    sum.reset();
    if (closes) {
      connection.close();
    } else {
      connection.deadline(HEAD);
    }
  }

  private static String statusLine(int status) {
    return switch (status) {
      case 200 -> "HTTP/1.1 200 OK\r\n";
      case 431 -> "HTTP/1.1 431 Request Header Fields Too Large\r\n";
      case 501 -> "HTTP/1.1 501 Not Implemented\r\n";
      case 505 -> "HTTP/1.1 505 HTTP Version Not Supported\r\n";
      default -> "HTTP/1.1 400 Bad Request\r\n";
    };
  }

  private static void upgrade(Connection connection) {
    connection.out().putAscii(SWITCHING);
    connection.deadline(null);
    connection.framer(Framer.lengthPrefixed(4)); // from the next byte on, read already or not
    connection.handler((on, frame, at, size) -> on.out().put(frame, at, size));
  }

  @Override
  public void onDeadline(Connection connection) {
    connection.close();
  }

  @Override
  public void onShutdown(Connection connection) {
    last = true; // a request that has begun still gets its answer
    if (left == 0) {
      connection.close();
    }
  }
}
