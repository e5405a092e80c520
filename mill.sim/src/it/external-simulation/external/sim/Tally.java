package external.sim;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.function.Consumer;
import mill.core.EventLoop;
import mill.core.net.CloseCause;
import mill.core.net.Connection;
import mill.core.net.ConnectionConfig;
import mill.core.net.ConnectionHandler;
import mill.core.net.Framer;
import mill.core.net.TcpClient;
import mill.core.net.TcpServer;

/** A server of connections that counts lines, and a client that tries until it has the count. */
final class Tally {
  private static final ConnectionConfig LINES = ConnectionConfig.defaults().framer(Framer.lines());

  private Tally() {}

  static void serve(int port) throws IOException {
    try (var loop = EventLoop.open();
        var _ = TcpServer.listen(loop, new InetSocketAddress(port), LINES, Counting::new)) {
      loop.run();
    }
  }

  private static final class Counting implements ConnectionHandler {
    private int lines;

    @Override
    public void onFrame(Connection c, MemorySegment memory, long offset, long length) {
      lines++;
    }

    @Override
    public void onEnd(Connection c) {
      c.out().putDecimal(lines).put((byte) '\n');
      c.close();
    }
  }

  static void count(InetSocketAddress server, int lines, Consumer<String> heard)
      throws IOException {
    try (var loop = EventLoop.open()) {
      TcpClient.connect(loop, server, LINES, new Asking(server, lines, heard));
      loop.run();
    }
  }

  private static final class Asking implements ConnectionHandler {
    private final InetSocketAddress server;
    private final int lines;
    private final Consumer<String> heard;
    private boolean done;

    Asking(InetSocketAddress server, int lines, Consumer<String> heard) {
      this.server = server;
      this.lines = lines;
      this.heard = heard;
    }

    @Override
    public void onOpen(Connection c) {
      for (int i = 0; i < lines; i++) {
        c.out().putAscii("a line\n");
      }
      c.end();
    }

    @Override
    public void onFrame(Connection c, MemorySegment memory, long offset, long length) {
      var text = new StringBuilder();
      for (long i = 0; i < length - 1; i++) {
        text.append((char) memory.get(java.lang.foreign.ValueLayout.JAVA_BYTE, offset + i));
      }
      done = true;
      heard.accept(text.toString());
    }

    @Override
    public void onClosed(Connection c, CloseCause cause) {
      if (done) {
        c.loop().stop();
      } else {
        c.loop()
            .schedule(
                Duration.ofMillis(10),
                () -> TcpClient.connect(c.loop(), server, LINES, new Asking(server, lines, heard)));
      }
    }
  }
}
