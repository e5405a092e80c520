package mill.core.net;

import java.net.SocketAddress;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import mill.core.EventLoop;
import mill.natives.net.StreamSocket;
import org.jspecify.annotations.Nullable;

/**
 * A stream, TCP or Unix, on one {@link EventLoop}: what {@link TcpServer} accepts and {@link
 * TcpClient} makes. Its {@link ConnectionHandler} is called there.
 *
 * <p>What says "any thread" acts at once on the loop's thread, where callbacks come later all the
 * same. Other threads leave it to the loop, and what one thread asks of a connection is done in its
 * order. Everything else belongs to the loop's thread.
 *
 * <pre>
 *               end()                  queue sent: FIN, reading goes on         both have ended
 *        ┌──────────────▶ ENDED ────────────────────────────────────────────────────────┐
 *   OPEN ┤                  │ close()                                                   ▼
 *        ├──────────────────┴────▶ CLOSING: queue sent, FIN, input discarded ────────▶ CLOSED
 *        │ close()                                       until the peer ends, or a time ▲
 *        └──────────────────────────────────────────────────────────────────────────────┘
 *          reset(), a failure
 * </pre>
 */
public interface Connection {
  /** {@return the loop} Any thread. */
  EventLoop loop();

  /**
   * {@return the socket, for its options} Do not read, write or close it. Any thread.
   *
   * @throws IllegalStateException before the connection stands
   */
  StreamSocket socket();

  /**
   * {@return the address of this end, also after the end} Any thread.
   *
   * @throws IllegalStateException before the connection stands
   */
  SocketAddress localAddress();

  /**
   * {@return the address of the peer, also after the end; before the connection stands, the target}
   * A layer may know better, as that of the PROXY protocol does. Any thread.
   */
  SocketAddress remoteAddress();

  /**
   * {@return whether {@link ConnectionHandler#onOpen} has come, and it has not ended: by neither
   * {@link #end}, {@link #close}, {@link #reset} nor a failure} Any thread.
   */
  boolean isOpen();

  /**
   * Attaches an object, in place of the one before. For handlers that serve many connections.
   *
   * @param object any object, or null
   */
  @SuppressWarnings("exports") // see module-info
  void attach(@Nullable Object object);

  /** {@return the object that was attached, or null} */
  @SuppressWarnings("exports") // see module-info
  @Nullable Object attachment();

  /**
   * {@return the end of the queue of what is sent} What the connection's callbacks put leaves after
   * they have returned, with one system call for all that one event brought; what others, timers
   * and tasks put, a little later in the same turn. From 64 KiB on it leaves at once.
   *
   * @throws IllegalStateException on another thread than the loop's, which has {@link #write}
   */
  Output out();

  /**
   * Sends a message behind what was put and written before. Any thread; without garbage.
   *
   * <p>It is queued whole or not at all. If more is queued than {@link ConnectionConfig#queueLimit}
   * allows it is not, and the connection ends with {@link CloseCause.Kind#OVERFLOW}.
   *
   * @param message what to send; the caller keeps his reference
   * @return true if it was queued: it will be delivered, or counted as undelivered. False if not:
   *     {@link ConnectionHandler#onDrained} follows, or {@link ConnectionHandler#onClosed}
   */
  boolean write(Message message);

  /** Sends what is queued now. Needed only in a callback that runs long. */
  void flush();

  /** {@return how many bytes are queued, and not taken by the system yet} Any thread. */
  long queuedBytes();

  /**
   * {@return whether more was queued than the high mark, and it has not fallen to the low one
   * since} See {@link ConnectionConfig#marks}. Any thread.
   */
  boolean isCongested();

  /**
   * Says what is a frame, from the first byte on that no frame has taken.
   *
   * @param framer the framer; with a state of its own it belongs to this connection alone
   */
  void framer(Framer framer);

  /**
   * Lets another handler take over, from the next callback on: the old one hears {@link
   * ConnectionHandler#onClosed} with {@link CloseCause.Kind#HANDED_OVER}, then the new one {@link
   * ConnectionHandler#onOpen}, which may hand over as well. Handlers that do so without an end take
   * over a few at a time, and other connections have their turn in between; frames wait meanwhile.
   *
   * @param handler takes over
   * @throws IllegalStateException in {@link ConnectionHandler#onClosed}: who hears that has no say
   *     any more
   */
  void handler(ConnectionHandler handler);

  /**
   * Puts a layer between the socket and the handler, above those that are there: STARTTLS. What was
   * put before goes out as it is, what is put from now on through the layer. Frames wait until it
   * is ready; {@link ConnectionHandler#onOpen} is not called again.
   *
   * @param layer the layer, of this connection alone
   * @throws IllegalStateException if bytes are unread that came before the layer: they would be
   *     taken for what it protects; or the connection does not stand, or was closed
   */
  void layer(Layer layer);

  /**
   * Stops reading, for a reason; until it is resumed for all. What was read waits. A reset is heard
   * at once all the same, and drops what waits. Any thread.
   *
   * @param reason any object; told apart by identity, and not counted
   */
  void pause(Object reason);

  /**
   * Takes a reason away for which reading is paused. What waited is delivered if it was the last
   * one, but never inside this call. Any thread.
   *
   * @param reason what was given to {@link #pause}
   */
  void resume(Object reason);

  /**
   * Stops reading for as long as another connection is congested; does nothing if it is not, has
   * ended, or is this.
   *
   * @param other a connection of the same loop
   * @throws IllegalArgumentException if it is another loop's
   */
  void pauseWhile(Connection other);

  /**
   * Sends what is queued, then the end of the stream. Reading goes on. What is put and written from
   * now on is dropped. Any thread.
   */
  void end();

  /**
   * Sends what is queued, then the end of the stream, and discards what still arrives until the
   * peer ends as well; both for a limited time, {@link ConnectionConfig#closeTimeout}. No frame is
   * delivered any more. Before the connection stands this cancels it. Any thread.
   */
  void close();

  /** Resets the connection: what is queued is dropped, and the peer hears of it. Any thread. */
  void reset();

  /**
   * Runs a task where the callbacks run, never inside of one. Any thread; before {@link
   * ConnectionHandler#onClosed}, whatever happens. What it throws ends the connection as if a
   * callback had thrown it.
   *
   * @param task what to run
   * @throws RejectedExecutionException if the connection has ended, or as many commands wait as the
   *     loop takes; the task will not run then
   */
  void execute(Runnable task);

  /**
   * Sets the time for {@link ConnectionHandler#onDeadline}, in place of the one before. Setting it
   * again and again costs nothing.
   *
   * @param fromNow how long from now, or null for none
   */
  @SuppressWarnings("exports") // see module-info
  void deadline(@Nullable Duration fromNow);
}
