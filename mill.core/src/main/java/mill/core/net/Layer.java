package mill.core.net;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * Transforms what goes between the socket and the handler: TLS, SOCKS, the PROXY protocol. One
 * object for each connection, on the thread of its loop; its methods are never called inside of one
 * another.
 *
 * <pre>
 *    handler                                  marks, limits and frames count here
 *    up │ ▲                                   encode ▼   ▲ decode
 *   layer n ... layer 1: the first one is next to the socket
 *    down ▼ │                                 encode ▼   ▲ decode
 *    socket                                   stalls and idle times count here
 * </pre>
 *
 * <p>They start one by one, the next when the one below is {@linkplain Site#ready() ready}. Until
 * all are, {@link ConnectionHandler#onOpen} and frames wait, and what was put stays queued; all of
 * that within {@link ConnectionConfig#connectTimeout}. What a method throws ends the connection, as
 * {@link Site#fail} does.
 *
 * <p>A closed connection discards what still arrives, without decoding it. So does one that is
 * closed by a failure, after what is {@linkplain Site#down() down} already.
 */
public interface Layer {
  /** The place of a layer in its connection. The loop's thread, but for {@link #release}. */
  interface Site {
    /** {@return the connection, for its loop, its addresses and what is attached} */
    Connection connection();

    /** {@return the end of the queue towards the socket} */
    Output down();

    /**
     * {@return where the bytes for the handler are put: they lie in one piece, behind those that
     * wait there}
     *
     * @throws IllegalStateException outside of {@link Layer#start}, {@link Layer#decode} and {@link
     *     Layer#cut}
     */
    Output up();

    /**
     * The way is free: the layer above starts, or the handler hears that the connection is open.
     */
    void ready();

    /** The same, and the layer goes: later bytes pass by without being copied. */
    void bypass();

    /** The peer sends nothing more; told above when what was put {@linkplain #up() up} is taken. */
    void ended();

    /**
     * Ends the connection with {@link CloseCause.Kind#LAYER}, after what is in {@link #down}.
     *
     * @param why what the cause tells
     */
    void fail(Throwable why);

    /** Stops decoding and encoding, for work that is done elsewhere, until {@link #release}. */
    void hold();

    /**
     * Goes on: {@link Layer#decode} is called, though nothing may have arrived. Any thread; nothing
     * happens if the connection has ended.
     */
    void release();

    /**
     * Says whose connection it is, in place of the address of the socket's peer.
     *
     * @param address the address for {@link Connection#remoteAddress}
     */
    void remoteAddress(java.net.SocketAddress address);
  }

  /**
   * Begins, when the connection stands and the layer below is ready. By default it is ready at
   * once.
   *
   * @param site the place of this layer, the same in all calls
   * @throws IOException ends the connection, as any other exception does
   */
  default void start(Site site) throws IOException {
    site.ready();
  }

  /**
   * Decodes bytes from below. Called again with what it did not take and what has arrived since,
   * until it takes nothing or it is all. Once it is ready only while the handler is neither paused
   * nor, where that pauses it, congested; and not while the peer leaves more than 128 KiB of what
   * it has answered here.
   *
   * @param site where it puts what it has decoded
   * @param memory holds the bytes, off-heap and valid until this returns
   * @param from the first
   * @param to behind the last
   * @return how many it took; after a release there may be none to take
   * @throws IOException ends the connection, as any other exception does
   */
  long decode(Site site, MemorySegment memory, long from, long to) throws IOException;

  /**
   * Encodes bytes from above. Called once it is ready, and only while little waits below, 32 KiB,
   * so that what is queued stays above.
   *
   * @param site where it puts what it has encoded
   * @param memory holds the bytes, valid until this returns
   * @param from the first
   * @param to behind the last, more than {@code from}
   * @return how many it took
   * @throws IOException ends the connection, as any other exception does
   */
  long encode(Site site, MemorySegment memory, long from, long to) throws IOException;

  /**
   * Puts what it says at the end, a close_notify for instance: called once, after all from above
   * was encoded and before the layer below is asked for its end, and then the socket. By default it
   * has nothing to say.
   *
   * @param site where it puts that
   * @throws IOException ends the connection, as any other exception does
   */
  default void end(Site site) throws IOException {}

  /**
   * Hears that nothing more comes from below, after {@link #decode} has taken what it could. By
   * default that is the {@linkplain Site#ended() end} for what is above; it is {@link
   * CloseCause.Kind#TRUNCATED} if bytes are left, or the layer is not ready.
   *
   * @param site its place
   * @throws IOException ends the connection, as any other exception does
   */
  default void cut(Site site) throws IOException {
    site.ended();
  }

  /** Gives back what it holds: called once and last, however it ended, and also after a bypass. */
  default void close() {}
}
