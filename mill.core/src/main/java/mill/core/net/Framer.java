package mill.core.net;

import java.lang.foreign.MemorySegment;

/**
 * Finds where a frame ends. On the thread of the connection's loop.
 *
 * <p>One that remembers nothing can be shared by many connections; one with a state belongs to one.
 * A {@link ConnectionHandler} may be its connection's framer.
 *
 * {@snippet class=mill.core.snippets.ConnectionSnippets region=framer}
 */
@FunctionalInterface
public interface Framer {
  /** More bytes are needed, nobody knows how many. */
  long INCOMPLETE = 0;

  /** There is no frame, and never will be: {@link CloseCause.Kind#MALFORMED}. */
  long MALFORMED = Long.MIN_VALUE;

  /** Whatever is there is a frame. */
  Framer RAW = (memory, from, seen, to) -> to - from;

  /**
   * Looks for one frame. Called again after {@link ConnectionHandler#onFrame} for the one before
   * has returned.
   *
   * @param memory holds what has arrived, at most {@link ConnectionConfig#maxFrame} bytes of it
   * @param from where the frame begins
   * @param seen what lies before this was shown for this frame before, and was incomplete; at first
   *     {@code from}
   * @param to where what has arrived ends, more than {@code from}
   * @return how long the frame is; {@link #INCOMPLETE}; {@code -n} for "not before there are n
   *     bytes from {@code from} on"; or {@link #MALFORMED}
   * @throws RuntimeException closes the connection, as if a handler had thrown it
   */
  long frame(MemorySegment memory, long from, long seen, long to);

  /**
   * {@return a framer of lines, each with the line feed (10) that ends it} A carriage return before
   * it belongs to the frame too.
   */
  static Framer lines() {
    return Framers.LINES;
  }

  /**
   * {@return a framer of frames that all have the same length}
   *
   * @param bytes how long they are, at least 1
   * @throws IllegalArgumentException if that is less than 1
   */
  static Framer fixed(int bytes) {
    return Framers.fixed(bytes);
  }

  /**
   * {@return a framer of frames that begin with their length, unsigned and with its highest byte
   * first; it does not count the prefix, which belongs to the frame}
   *
   * @param prefixBytes how long the prefix is: 1, 2, 4 or 8 bytes
   * @throws IllegalArgumentException if it is something else
   */
  static Framer lengthPrefixed(int prefixBytes) {
    return Framers.lengthPrefixed(prefixBytes);
  }
}
