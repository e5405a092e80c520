package mill.core;

import java.net.SocketAddress;
import java.util.Optional;
import mill.natives.net.TcpListener;

/**
 * An address that an {@link EventLoop} accepts connections on: what {@link EventLoop#listen}
 * returns. Any thread.
 *
 * <p>When the system has no descriptors or memory left for a connection, accepting pauses for 25
 * milliseconds and is tried again; connections wait in the backlog meanwhile, and those that are
 * there are served. At the limit of {@link ListenerConfig#maxConnections} it pauses until one of
 * them is closed.
 */
public final class LoopListener implements AutoCloseable {
  private final Acceptor acceptor;

  private final TcpListener listener;

  LoopListener(Acceptor acceptor, TcpListener listener) {
    this.acceptor = acceptor;
    this.listener = listener;
  }

  /**
   * {@return where this listens, with the port that was chosen if that was left to the system} Any
   * thread, also after the end.
   */
  public SocketAddress localAddress() {
    return acceptor.address();
  }

  /**
   * {@return whether this accepts: it has not been closed, nor detached, nor ended with an error}
   * Any thread.
   */
  public boolean isOpen() {
    return acceptor.isOpen();
  }

  /**
   * {@return how many of the accepted connections are open} They count until their streams are
   * closed, also when this is closed already. Any thread.
   */
  public int openConnections() {
    return acceptor.open();
  }

  /**
   * {@return how often accepting paused because the system was out of descriptors or memory} Any
   * thread.
   */
  public long pauses() {
    return acceptor.pauses();
  }

  /**
   * {@return the error that ended accepting, which {@link AcceptHandler#onFailure} has heard; empty
   * if there was none} Any thread.
   */
  public Optional<Throwable> failure() {
    return Optional.ofNullable(acceptor.failure());
  }

  /**
   * Stops accepting, after what waits to be accepted has been, as far as {@link
   * ListenerConfig#maxConnections} allows. Any thread; a second call does nothing.
   *
   * <p>When this returns nothing listens any more. {@link AcceptHandler#onAccept} hears of the last
   * connections where it always does, afterwards; before the loop runs, on the calling thread,
   * before this returns. Connections that were accepted live on. A client that connects just
   * between the last accept and the close is reset by the system, and so is what waits on a loop
   * that has ended.
   */
  @Override
  public void close() {
    acceptor.close();
  }

  /**
   * Takes the listener out of the loop without closing it: to go on with another loop, for
   * instance. Any thread.
   *
   * <p>Connections that wait go on waiting. One that was accepted just before may still come to the
   * handler.
   *
   * @return the listener, which is the caller's to close from now on; closed, if this was
   */
  public TcpListener detach() {
    acceptor.detach();
    return listener;
  }

  /** {@return address, open connections, and whether it is closed} */
  @Override
  public String toString() {
    return "LoopListener[%s, %d open connections%s]"
        .formatted(localAddress(), openConnections(), isOpen() ? "" : ", closed");
  }
}
