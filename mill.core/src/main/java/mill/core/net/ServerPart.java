package mill.core.net;

import java.io.IOException;
import java.net.SocketAddress;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import mill.core.Registration;
import mill.natives.Interest;
import mill.natives.Trigger;
import mill.natives.net.SockOpt;
import mill.natives.net.StreamSocket;
import mill.natives.net.TcpStream;
import org.jspecify.annotations.Nullable;

/**
 * What a server has on one loop: its connections, in the order of their accepting. The loop's
 * thread, but for what says something else.
 */
final class ServerPart {
  private final TcpServer server;
  final LoopConnections home;
  private final AtomicInteger count = new AtomicInteger();

  private volatile boolean ended;
  private @Nullable SocketConnection first;
  private @Nullable SocketConnection last;
  private @Nullable ServerShutdown shutdown;
  private boolean forced; // the time of the shutdown is over
  private @Nullable SocketAddress lastLocal; // of the connection that came last

  ServerPart(TcpServer server, LoopConnections home) {
    this.server = server;
    this.home = home;
  }

  /** Memory is not short any more. Any thread. */
  void look() {
    server.look();
  }

  /** The loop takes nothing over any more. On its thread, or on the one that closes it. */
  void loopEnds() {
    ended = true;
    server.loopEnds(home);
  }

  /** The loop shuts down: others take over now, if others do. On its thread. */
  void loopShutsDown() {
    if (!ended && server.othersTakeOver(home)) {
      loopEnds();
    }
  }

  /** Whether the loop takes nothing over any more. Any thread. */
  boolean hasEnded() {
    return ended;
  }

  /** How many connections there are. Any thread. */
  int connections() {
    return count.get();
  }

  // Most come to the same address: one object does for all of them.
  private SocketAddress shared(SocketAddress address) {
    SocketAddress before = lastLocal;
    if (before != null && before.equals(address)) {
      return before;
    }
    lastLocal = address;
    return address;
  }

  /** Takes over what was accepted. */
  void adopt(StreamSocket socket) throws IOException {
    SocketAddress peer = socket.remoteAddress();
    if (peer == null) { // it was reset while it waited
      server.places().refuse();
      socket.close();
      return;
    }
    if (!server.places().enter(peer)) {
      socket.close();
      return;
    }
    ConnectionHandler handler;
    try {
      handler = server.newHandler();
    } catch (Throwable thrown) {
      home.seam.handlerThrew(thrown);
      ConnectionLog.factoryThrew(server, thrown);
      server.places().leave(peer);
      reset(socket);
      return;
    }
    open(socket, peer, handler);
  }

  private void open(StreamSocket socket, SocketAddress peer, ConnectionHandler handler) {
    var connection = new SocketConnection(home, server.config(), handler, this, peer);
    append(connection);
    if (shutdown != null) {
      shutdown.joins(connection);
    }
    try {
      connection.comesFrom(shared(socket.localAddress()));
      Registration registration =
          home.loop.register(socket, Interest.READABLE_WRITABLE, Trigger.EDGE, connection);
      connection.stands(socket, registration, false);
      if (shutdown != null) {
        connection.tellOfShutdown();
      }
      if (forced) {
        connection.forceShutdown();
      }
    } catch (IOException | IllegalStateException e) { // the loop has ended, or the kernel refuses
      socket.close();
      connection.fail(CloseCause.Kind.SHUTDOWN, e);
    }
  }

  private static void reset(StreamSocket socket) throws IOException {
    try {
      if (socket instanceof TcpStream && socket.isOpen()) {
        socket.setOption(SockOpt.SO_LINGER, 0);
      }
    } finally {
      socket.close();
    }
  }

  private void append(SocketConnection connection) {
    count.incrementAndGet();
    connection.previousOfServer = last;
    if (last == null) {
      first = connection;
    } else {
      last.nextOfServer = connection;
    }
    last = connection;
  }

  /** A connection has ended, and its handler is about to hear of it. */
  void left(SocketConnection connection, long undelivered) {
    SocketConnection before = connection.previousOfServer;
    SocketConnection after = connection.nextOfServer;
    if (before == null) {
      first = after;
    } else {
      before.nextOfServer = after;
    }
    if (after == null) {
      last = before;
    } else {
      after.previousOfServer = before;
    }
    // Its own links stay: whoever stands on it goes on.
    count.decrementAndGet();
    server.places().leave(connection.peerAddress());
    if (shutdown != null) {
      shutdown.left(connection, undelivered);
    }
  }

  void forEach(Consumer<? super Connection> action) {
    SocketConnection next = first;
    while (next != null) {
      SocketConnection one = next;
      next = one.nextOfServer;
      if (one.isOpen()) {
        action.accept(one);
      }
    }
  }

  /** Tells all of a shutdown, and those that come later. */
  void shutDown(ServerShutdown telling) {
    shutdown = telling;
    for (SocketConnection one = first; one != null; one = one.nextOfServer) {
      telling.joins(one);
      one.tellOfShutdown();
    }
  }

  /** The time of the shutdown is over. */
  void force() {
    forced = true;
    for (SocketConnection one = first; one != null; one = one.nextOfServer) {
      one.forceShutdown();
    }
  }
}
