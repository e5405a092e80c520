package mill.core.group;

import mill.core.EventLoop;
import mill.core.internal.UncaughtExceptions;
import mill.natives.net.TcpStream;

/** Takes over the connections that an {@link EventLoopGroup} has accepted. */
@FunctionalInterface
public interface StreamAcceptor {
  /**
   * Takes over a connection, usually by registering it with the loop. On the loop's thread; at the
   * same time as on other loops.
   *
   * @param loop the loop that the connection is to stay with
   * @param stream the connection, from now on the acceptor's to close
   * @throws Exception what the acceptor cannot deal with: the stream is closed and {@link #onError}
   *     called; accepting goes on
   */
  void onAccept(EventLoop loop, TcpStream stream) throws Exception;

  /**
   * Called after {@link #onAccept} has thrown, when the stream has been closed. On the same thread.
   * By default the error goes to the thread's uncaught-exception handler, and so does what this
   * throws.
   *
   * @param loop the loop
   * @param stream the connection, closed
   * @param error what was thrown
   */
  default void onError(EventLoop loop, TcpStream stream, Throwable error) {
    UncaughtExceptions.report(error);
  }
}
