package mill.core.net;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * What a program does with a {@link Connection}: one object for each, or one for all.
 *
 * <pre>
 *              ┌──▶ onFrame, onDrained, onDeadline, onShutdown, in any order ──▶ onEnd ───┐
 *   ──▶ onOpen ┤                                                     └──▶ onClosing ──────┼──▶ onClosed
 *              └──────────────────────────────────────────────────────────────────────────┘
 *   ──▶ (never opened: refused, timed out, cancelled ...) ──────────────────────────────────▶ onClosed
 * </pre>
 *
 * <p>All are called on the thread of the connection's loop, one at a time, and never inside of one
 * another, whatever a callback does to its own or to another connection. As a loop is closed that
 * does not run, the thread that closes it calls {@link #onClosed}.
 *
 * <p>A callback that throws is logged to the logger {@code mill.core.net}; what it has put is
 * dropped, as far as it is not sent yet, and the connection is closed with {@link
 * CloseCause.Kind#HANDLER_THREW}. Others do not notice.
 */
@FunctionalInterface
public interface ConnectionHandler {
  /**
   * Called first, when the connection stands. By default it does nothing.
   *
   * @param connection the connection
   * @throws IOException closes the connection, as any other exception does
   */
  default void onOpen(Connection connection) throws IOException {}

  /**
   * Called with a whole frame, its delimiter or prefix included. It is taken, whatever this does.
   *
   * @param connection the connection
   * @param memory holds the frame, off-heap and valid until this returns
   * @param offset where in the memory, in bytes
   * @param length how long it is, in bytes
   * @throws IOException closes the connection, as any other exception does
   */
  void onFrame(Connection connection, MemorySegment memory, long offset, long length)
      throws IOException;

  /**
   * Called when the peer sends no more, and all that it sent has been delivered in whole frames. By
   * default it closes the connection, once what is queued is sent.
   *
   * @param connection the connection, which may still be written to
   * @throws IOException closes the connection, as any other exception does
   */
  default void onEnd(Connection connection) throws IOException {
    connection.close();
  }

  /**
   * Called when the queue was above the high mark and has fallen to the low one, once for each
   * time; or when a write was refused and would be taken now. By default it does nothing.
   *
   * @param connection the connection
   * @throws IOException closes the connection, as any other exception does
   */
  default void onDrained(Connection connection) throws IOException {}

  /**
   * Called when the time of {@link Connection#deadline} is over. By default it resets the
   * connection.
   *
   * @param connection the connection
   * @throws IOException closes the connection, as any other exception does
   */
  default void onDeadline(Connection connection) throws IOException {
    connection.reset();
  }

  /**
   * Called when the server or the loop shuts down, once: the handler says good-bye, and closes the
   * connection when it has finished. By default it closes it at once. What is there when the time
   * is over is closed with {@link CloseCause.Kind#SHUTDOWN}.
   *
   * @param connection the connection
   * @throws IOException closes the connection, as any other exception does
   */
  default void onShutdown(Connection connection) throws IOException {
    connection.close();
  }

  /**
   * Called when the connection is about to be closed because of what the peer has sent, or has not
   * sent: for the last word, an HTTP 400 for instance. What this puts is sent behind what is
   * queued; then the connection is closed, with that cause, as {@link Connection#close} does it. No
   * frame comes any more. By default it does nothing.
   *
   * @param connection the connection
   * @param kind {@link CloseCause.Kind#MALFORMED}, {@link CloseCause.Kind#FRAME_TOO_LONG}, {@link
   *     CloseCause.Kind#TRUNCATED}, {@link CloseCause.Kind#IDLE} or {@link
   *     CloseCause.Kind#READ_IDLE}
   * @throws IOException drops what this has put, as any other exception does
   */
  default void onClosing(Connection connection, CloseCause.Kind kind) throws IOException {}

  /**
   * Called once and last, however it ended, and also if it never opened: when the descriptor is
   * closed, and the tasks that were accepted have run. A handler that another has taken the place
   * of hears it as well, with {@link CloseCause.Kind#HANDED_OVER}, while the connection lives on.
   * By default it does nothing; what it throws is logged.
   *
   * @param connection the connection
   * @param cause what ended it, the first cause if there were several
   */
  default void onClosed(Connection connection, CloseCause cause) {}
}
