package mill.core.net;

import static java.util.Objects.requireNonNull;

import java.net.SocketAddress;

/**
 * Passes on what two connections of one loop read, each to the other: bytes, ends and resets. The
 * loop's thread.
 *
 * <pre>
 *   client ──▶ read ──▶ queue ──▶ server      reads only while the other's queue is not congested
 *   client ◀── queue ◀── read ◀── server
 * </pre>
 *
 * <p>It takes the place of framers, and of {@link ConnectionHandler#onFrame}, {@link
 * ConnectionHandler#onEnd} and {@link ConnectionHandler#onDrained}; deadlines, shutdown and {@link
 * ConnectionHandler#onClosed} stay with the handlers. What neither has taken yet is passed on
 * first.
 *
 * <p>An end is passed on when all before it is sent, and the other direction goes on. When one of
 * the two has ended in good order, the other is closed; when it was reset, was idle for too long or
 * has failed in another way, both are reset: neither end takes the half that it has for the whole.
 */
public final class Relay {
  /** A block with less in it is copied: it is not to be kept for a little. */
  private static final int WORTH_KEEPING = 32 << 10;

  private final Side first;
  private final Side second;

  private Relay(SocketConnection a, SocketConnection b) {
    first = new Side(a, b);
    second = new Side(b, a);
  }

  /**
   * Joins two connections. One that has ended already ends the other, in the same way.
   *
   * {@snippet class=mill.core.snippets.ConnectionSnippets region=relay}
   *
   * @param a one, whose {@link ConnectionHandler#onOpen} has come
   * @param b the other, likewise
   * @return what has joined them
   * @throws IllegalArgumentException if they are one, or of two loops
   * @throws IllegalStateException on another thread than the loop's, or if one has not opened yet
   */
  public static Relay join(Connection a, Connection b) {
    var one = (SocketConnection) requireNonNull(a, "a");
    var other = (SocketConnection) requireNonNull(b, "b");
    one.requireHere("Relay.join()");
    if (one.equals(other) || !one.home.equals(other.home)) {
      throw new IllegalArgumentException(
          "a relay joins two connections of one loop, not " + a + " and " + b);
    }
    requireOpened(one);
    requireOpened(other);
    var relay = new Relay(one, other);
    relay.first.begin();
    relay.second.begin();
    return relay;
  }

  private static void requireOpened(SocketConnection connection) {
    if (!connection.hasOpened() && !connection.isGone()) {
      throw new IllegalStateException("join it when onOpen has come: " + connection);
    }
  }

  /**
   * {@return a handler that connects to a target when its connection opens, and joins the two} If
   * that fails, its connection is reset.
   *
   * @param target where to
   * @param config of the connections to there
   */
  public static ConnectionHandler to(SocketAddress target, ConnectionConfig config) {
    return new RelayHandler(requireNonNull(target, "target"), requireNonNull(config, "config"));
  }

  /** {@return how many bytes the first has read for the second} */
  public long bytesAtoB() {
    return first.bytes;
  }

  /** {@return how many bytes the second has read for the first} */
  public long bytesBtoA() {
    return second.bytes;
  }

  /** {@return both, and how many bytes} */
  @Override
  public String toString() {
    return "Relay[%s: %d bytes, %s: %d bytes]"
        .formatted(first.from, first.bytes, second.from, second.bytes);
  }

  /** What one has read, for the other. */
  private static final class Side implements ReadTaker {
    private final SocketConnection from;
    private final SocketConnection to;
    private long bytes;

    Side(SocketConnection from, SocketConnection to) {
      this.from = from;
      this.to = to;
    }

    void begin() {
      if (from.isFinished()) {
        closed(from, from.wasOrderly());
        return;
      }
      from.readsThoughCongested();
      from.taker(this);
      from.pauseWhile(to);
    }

    @Override
    public boolean take(SocketConnection of, Block block) {
      int length = block.length();
      bytes += length;
      boolean kept = length >= WORTH_KEEPING && block.isWritable();
      if (kept) {
        to.queue.append(block);
      } else {
        to.queue.put(block.memory, block.start, length);
      }
      from.pauseWhile(to);
      return kept;
    }

    @Override
    public void end(SocketConnection of) {
      from.peerFirst = !from.ending;
      to.end();
    }

    @Override
    public void drained(SocketConnection of) {
      // Who has waited for it goes on by itself.
    }

    @Override
    public void closed(SocketConnection of, boolean orderly) {
      if (orderly) {
        to.close();
      } else {
        to.reset();
      }
    }
  }
}
