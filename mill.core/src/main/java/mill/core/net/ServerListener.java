package mill.core.net;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.net.SocketAddress;
import mill.core.internal.loop.AcceptHandle;
import mill.core.internal.loop.AcceptLimit;
import mill.core.internal.loop.AcceptSource;
import mill.core.internal.loop.SocketAcceptor;
import mill.natives.net.StreamSocket;
import mill.natives.net.TcpListener;
import org.jspecify.annotations.Nullable;

/** One socket that a server listens with, on one of its loops. */
final class ServerListener implements AcceptLimit, SocketAcceptor {
  private final TcpServer server;
  private final LoopConnections home;
  private final AcceptSource source;
  private final boolean staysHere;
  private @Nullable AcceptHandle handle; // written before anybody else knows this

  private ServerListener(
      TcpServer server, LoopConnections home, AcceptSource source, boolean staysHere) {
    this.server = server;
    this.home = home;
    this.source = source;
    this.staysHere = staysHere;
  }

  /**
   * Listens from now on.
   *
   * @param source the socket, closed if this throws
   * @param staysHere whether the connections live on this loop, or are spread over all
   */
  static ServerListener start(
      TcpServer server, LoopConnections home, AcceptSource source, boolean staysHere)
      throws IOException {
    var made = new ServerListener(server, home, source, staysHere);
    made.handle = home.seam.listen(source, TcpListener.DEFAULT_BACKLOG, made, made);
    return made;
  }

  AcceptHandle handle() {
    return requireNonNull(handle);
  }

  LoopConnections home() {
    return home;
  }

  boolean staysHere() {
    return staysHere;
  }

  /** Stops accepting; the socket, which stays open, is the caller's. */
  AcceptSource detach() {
    handle().detach();
    return source;
  }

  // ---- the limit

  @Override
  public boolean enter() {
    return !server.holdsAccept() && !home.blocks.isShort() && server.places().enter();
  }

  @Override
  public long roomInNs() {
    return server.holdsAccept() || home.blocks.isShort() ? UNKNOWN : server.places().roomInNs();
  }

  @Override
  public void leave() {
    server.places().leave();
    server.look(); // the one that is full may be another loop's
  }

  // ---- connections

  @Override
  public void onAccept(StreamSocket socket) throws IOException {
    server.places().accepted();
    server.accepted(home, socket, staysHere);
  }

  @Override
  public void handsOver() {
    server.areOnTheirWay();
  }

  @Override
  public void hasHandedOver() {
    server.haveArrived();
  }

  @Override
  public void onError(StreamSocket socket, Throwable error) {
    ConnectionLog.factoryThrew(server, error);
  }

  @Override
  public void onFailure(SocketAddress address, Throwable error) {
    server.failed(error);
  }
}
