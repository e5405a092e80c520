package mill.core.internal.loop;

import java.net.SocketAddress;
import mill.natives.net.StreamSocket;

/** Takes over accepted connections. Where the loop calls handlers, one at a time. */
public interface SocketAcceptor {
  /**
   * Takes over a connection.
   *
   * @param socket the connection, from now on the acceptor's to close
   * @throws Exception what it cannot deal with: the socket is closed
   */
  void onAccept(StreamSocket socket) throws Exception;

  /**
   * Hears what {@link #onAccept} has thrown.
   *
   * @param socket the connection, closed
   * @param error what was thrown
   */
  void onError(StreamSocket socket, Throwable error);

  /**
   * Hears that accepting has ended with an error.
   *
   * @param address where it listened
   * @param error why
   */
  void onFailure(SocketAddress address, Throwable error);

  /**
   * What waited as the listener was closed has been accepted, and is to come on the loop's thread.
   * On the closing one.
   */
  default void handsOver() {}

  /** All of that has come, or was closed since the loop takes nothing over. */
  default void hasHandedOver() {}
}
