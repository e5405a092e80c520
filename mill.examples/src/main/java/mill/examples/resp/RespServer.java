package mill.examples.resp;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.time.Duration;
import mill.core.EventLoop;
import mill.core.net.CloseCause.Kind;
import mill.core.net.Connection;
import mill.core.net.ConnectionConfig;
import mill.core.net.ConnectionHandler;
import mill.core.net.Output;
import mill.core.net.TcpServer;
import mill.examples.command.Program;

/** Answers PING, SET, GET, INCR and QUIT, as Redis does. One for each connection. */
public final class RespServer implements ConnectionHandler {
  private static final String USAGE =
      """
      mill-resp answers PING, SET, GET, INCR and QUIT as Redis does, until Ctrl-C.

        --port N       the port (6379); 0 lets the system choose
        --host ADDRESS the address to listen on (127.0.0.1)
        --memory N     the MiB that keys and values may take (256)
        --help         show this
      """;

  private static final ConnectionConfig CONFIG =
      ConnectionConfig.defaults()
          .maxFrame(1 << 20)
          .idle(Duration.ofMinutes(5))
          .maxConnections(10_000, 1_000);

  private final RespStore store;
  private final RespRequest request = new RespRequest(); // and its connection's framer

  private RespServer(RespStore store) {
    this.store = store;
  }

  static TcpServer listen(EventLoop loop, SocketAddress address, RespStore store)
      throws IOException {
    return TcpServer.listen(loop, address, CONFIG, () -> new RespServer(store));
  }

  /** Serves until it is stopped. */
  public static void main(String[] args) {
    Program.run(
        USAGE,
        args,
        arguments -> {
          long maxBytes = (long) arguments.number("--memory", 256, 1, 1 << 20) << 20;
          try (var loop = EventLoop.open();
              var store = new RespStore(maxBytes);
              var server = listen(loop, arguments.address(6379), store)) {
            arguments.started(server, loop::shutdown);
            loop.run();
          }
        });
  }

  @Override
  public void onOpen(Connection connection) {
    connection.framer(request);
  }

  @Override
  public void onFrame(Connection connection, MemorySegment memory, long offset, long length) {
    Output out = connection.out();
    switch (request.command(memory, offset)) {
      case NOTHING -> {} // an empty line
      case PING -> out.putAscii("+PONG\r\n");
      case SET -> set(out, memory, offset);
      case GET -> get(out, memory, offset);
      case INCR -> increment(out, memory, offset);
      case QUIT -> {
        out.putAscii("+OK\r\n");
        connection.close(); // sends what is queued
      }
      case UNKNOWN -> out.putAscii("-ERR unknown command, or another number of arguments\r\n");
    }
  }

  @Override
  public void onClosing(Connection connection, Kind kind) {
    connection.out().putAscii(kind == Kind.IDLE ? "" : "-ERR Protocol error\r\n");
  }

  private void set(Output out, MemorySegment memory, long offset) {
    boolean stored =
        store.put(
            memory,
            offset + request.at(1),
            request.length(1),
            memory,
            offset + request.at(2),
            request.length(2));
    out.putAscii(stored ? "+OK\r\n" : "-OOM the store is full: see --memory\r\n");
  }

  private void get(Output out, MemorySegment memory, long offset) {
    if (store.find(memory, offset + request.at(1), request.length(1))) {
      out.put((byte) '$').putDecimal(store.length()).putAscii("\r\n");
      out.put(store.memory(), store.offset(), store.length()).putAscii("\r\n");
    } else {
      out.putAscii("$-1\r\n");
    }
  }

  private void increment(Output out, MemorySegment memory, long offset) {
    switch (store.increment(memory, offset + request.at(1), request.length(1))) {
      case DONE -> out.put((byte) ':').putDecimal(store.number()).putAscii("\r\n");
      case NO_NUMBER -> out.putAscii("-ERR value is not an integer or out of range\r\n");
      case FULL -> out.putAscii("-OOM the store is full: see --memory\r\n");
    }
  }
}
