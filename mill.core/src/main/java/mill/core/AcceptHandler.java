package mill.core;

import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import mill.core.internal.UncaughtExceptions;
import mill.natives.net.TcpStream;

/** Takes over the connections that {@link EventLoop#listen} accepts. */
@FunctionalInterface
public interface AcceptHandler {
  /**
   * Takes over a connection, usually by registering it with the loop. On the loop's thread, or with
   * {@link DispatchMode#WORKERS} on a worker; one at a time for each listener.
   *
   * <p>{@link mill.natives.net.SockOpt#TCP_NODELAY} is on, as for every {@link TcpStream}.
   *
   * @param stream the connection, from now on the handler's to close
   * @throws Exception what the handler cannot deal with: the stream is closed and {@link #onError}
   *     called; accepting goes on
   */
  void onAccept(TcpStream stream) throws Exception;

  /**
   * Called after {@link #onAccept} has thrown, when the stream has been closed. On the same thread.
   * By default the error goes to the thread's uncaught-exception handler, and so does what this
   * throws.
   *
   * @param stream the connection, closed
   * @param error what was thrown
   */
  default void onError(TcpStream stream, Throwable error) {
    UncaughtExceptions.report(error);
  }

  /**
   * Called when accepting has ended with an error, after the listener has been closed: nobody will
   * be accepted any more. On the loop's thread or a worker, once. That the system is out of
   * descriptors or memory is no such error. By default it is logged to the logger {@code
   * mill.core}; what this throws goes to the thread's uncaught-exception handler.
   *
   * @param address where it listened
   * @param error why, as {@link LoopListener#failure} tells it
   */
  default void onFailure(SocketAddress address, Throwable error) {
    System.getLogger("mill.core").log(Level.ERROR, "accepting on " + address + " has ended", error);
  }
}
