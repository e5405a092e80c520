package mill.core.net;

import java.io.IOException;
import java.net.SocketAddress;
import mill.core.internal.loop.AcceptHandle;
import mill.core.internal.loop.AcceptLimit;
import mill.core.internal.loop.AcceptSource;
import mill.core.internal.loop.SocketAcceptor;
import mill.natives.Pollable;
import mill.natives.net.StreamSocket;
import mill.natives.net.TcpListener;
import mill.natives.net.UnixListener;
import org.jspecify.annotations.Nullable;

/** One socket that a server listens with, on one of its loops. */
final class ServerListener implements AcceptLimit, SocketAcceptor {
  private final TcpServer server;
  private final LoopConnections home;
  private final boolean staysHere;
  private @Nullable AcceptHandle handle; // written before anybody else knows this

  /**
   * Makes one that does not listen yet.
   *
   * @param staysHere whether the connections live on this loop, or are spread over all
   */
  ServerListener(TcpServer server, LoopConnections home, boolean staysHere) {
    this.server = server;
    this.home = home;
    this.staysHere = staysHere;
  }

  /** A TCP listener as a source. */
  record Tcp(TcpListener listener) implements AcceptSource {
    @Override
    public Pollable pollable() {
      return listener;
    }

    @Override
    public SocketAddress address() throws IOException {
      return listener.localAddress();
    }

    @Override
    public @Nullable StreamSocket accept() throws IOException {
      return listener.accept();
    }
  }

  /** A Unix listener as a source. */
  record Unix(UnixListener listener) implements AcceptSource {
    @Override
    public Pollable pollable() {
      return listener;
    }

    @Override
    public SocketAddress address() throws IOException {
      return listener.localAddress();
    }

    @Override
    public @Nullable StreamSocket accept() throws IOException {
      return listener.accept();
    }
  }

  /** Listens from now on. */
  void start(AcceptSource source) throws IOException {
    handle = home.seam.listen(source, TcpListener.DEFAULT_BACKLOG, this, this);
  }

  @Nullable AcceptHandle handle() {
    return handle;
  }

  // ---- the limit

  @Override
  public boolean enter() {
    return !server.holdsAccept() && !home.blocks.isShort() && server.places().enter();
  }

  @Override
  public boolean hasRoom() {
    return !server.holdsAccept() && !home.blocks.isShort() && server.places().hasRoom();
  }

  @Override
  public void leave() {
    server.places().leave();
    server.look(); // the one that is full may be another loop's
  }

  // ---- connections

  @Override
  public void onAccept(StreamSocket socket) throws IOException {
    server.accepted(home, socket, staysHere);
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
