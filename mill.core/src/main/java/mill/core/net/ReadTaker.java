package mill.core.net;

/**
 * Takes what a connection reads in place of its framer and handler: where a relay plugs in. The
 * loop's thread.
 *
 * <p>It is asked for nothing while the connection is paused. Deadlines, shutdown and {@code
 * onClosed} stay with the handler.
 */
interface ReadTaker {
  /**
   * Takes the bytes of a block, all of them.
   *
   * @param from whose
   * @param block holds the bytes from its start to its end
   * @return true if the block is the taker's from now on, {@link WriteQueue#append(Block)} for
   *     instance; false if the bytes were copied
   */
  boolean take(SocketConnection from, Block block);

  /** The peer sends no more. */
  void end(SocketConnection of);

  /** The connection was congested, and is not any more. */
  void drained(SocketConnection of);

  /**
   * The connection has ended, and its handler is about to hear of it.
   *
   * @param of which
   * @param orderly whether its peer has got all, and then its end: it was neither reset nor cut off
   */
  void closed(SocketConnection of, boolean orderly);
}
