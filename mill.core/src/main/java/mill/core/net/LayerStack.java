package mill.core.net;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import mill.natives.net.StreamSocket;

/**
 * What stands between the socket of a connection and its frames: where layers plug in. The loop's
 * thread.
 *
 * <pre>
 *   socket ─▶ read ─▶ the connection's unread bytes ─▶ Framer ─▶ onFrame
 *   socket ◀─ below() ◀─ encode ◀─ the connection's queue ◀─ out(), write
 * </pre>
 *
 * <p>A connection without one pays for a null check in either direction. Marks and limits count
 * above it, what takes too long is seen below.
 */
abstract class LayerStack {
  /**
   * How much is encoded at most while the kernel has not taken what was: what is queued stays
   * above.
   */
  static final int MOST_BELOW = 32 << 10;

  /** Whether the handler may hear of the connection: a handshake is over. */
  abstract boolean isReady();

  /**
   * Goes on with what comes before it is ready, bytes both ways, whatever is paused.
   *
   * @return whether the socket was read until it would block, and the next edge tells of more
   * @throws IOException if the connection has failed
   */
  abstract boolean shakeHands(StreamSocket socket) throws IOException;

  /**
   * Reads and decodes, with the meaning of {@link StreamSocket#read(MemorySegment, long, long)}:
   * what does not fit waits in the layers, and a full room says that there may be more.
   *
   * @throws IOException if the connection has failed
   */
  abstract int read(StreamSocket socket, MemorySegment into, long offset, long room)
      throws IOException;

  /**
   * Takes what the connection has queued ({@link WriteQueue#first} and {@link WriteQueue#take}) and
   * puts it encoded into {@link #below}, no more than {@link #MOST_BELOW} at a time.
   */
  abstract void encode(WriteQueue above);

  /** What goes to the socket as it is; made by {@link WriteQueue#below}. */
  abstract WriteQueue below();

  /** All of the queue was encoded, and no more comes: puts what says so to the peer. Once. */
  abstract void end();

  /** Gives everything back. Once, at the end. */
  abstract void release();
}
