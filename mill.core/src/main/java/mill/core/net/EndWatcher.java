package mill.core.net;

import mill.core.net.CloseCause.Kind;
import org.jspecify.annotations.Nullable;

/**
 * Hears what becomes of a connection before its handler does: where a pool plugs in. The loop's
 * thread.
 */
interface EndWatcher {
  /** Whether who has it has given it back, on another thread: nothing is delivered any more. */
  default boolean isGivenBack() {
    return false;
  }

  /** The handler is about to be told that another takes over. */
  void handsOver(SocketConnection connection);

  /** The connection has ended; the handler is about to be told. */
  void ends(SocketConnection connection, Kind kind, @Nullable Throwable why);
}
