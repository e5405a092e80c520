package mill.core;

import java.net.SocketAddress;
import mill.core.internal.loop.SocketAcceptor;
import mill.natives.net.StreamSocket;
import mill.natives.net.TcpStream;

/**
 * An {@link AcceptHandler} as the acceptor of a listener that accepts only {@link TcpStream}s.
 *
 * @param handler takes them over
 */
record TcpAcceptor(AcceptHandler handler) implements SocketAcceptor {
  @Override
  public void onAccept(StreamSocket socket) throws Exception {
    handler.onAccept((TcpStream) socket);
  }

  @Override
  public void onError(StreamSocket socket, Throwable error) {
    handler.onError((TcpStream) socket, error);
  }

  @Override
  public void onFailure(SocketAddress address, Throwable error) {
    handler.onFailure(address, error);
  }
}
