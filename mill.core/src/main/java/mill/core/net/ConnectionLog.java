package mill.core.net;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import mill.core.internal.SafeText;

/** What is logged of connections: a callback that throws. A reset is no line. */
final class ConnectionLog {
  private static final Logger LOGGER = System.getLogger("mill.core.net");

  private ConnectionLog() {}

  static void threw(Connection connection, ConnectionHandler handler, Throwable thrown) {
    warn(
        "a handler threw, its connection is closed: "
            + handler.getClass().getName()
            + " of "
            + SafeText.of(connection),
        thrown);
  }

  static void layerThrew(Connection connection, Layer layer, Throwable thrown) {
    warn(
        "a layer threw as it was closed: " + SafeText.of(layer) + " of " + SafeText.of(connection),
        thrown);
  }

  static void factoryThrew(Object server, Throwable thrown) {
    warn("no handler was made, the connection is reset: " + SafeText.of(server), thrown);
  }

  static void noReset(Connection connection, Throwable thrown) {
    LOGGER.log(Level.DEBUG, "closed in place of a reset: " + SafeText.of(connection), thrown);
  }

  static void acceptingEnded(Object server, Throwable thrown) {
    try {
      LOGGER.log(Level.ERROR, "accepting has ended: " + SafeText.of(server), thrown);
    } catch (Throwable second) {
      // The logger is the user's: what was to be said is lost, and nothing else.
    }
  }

  private static void warn(String text, Throwable thrown) {
    try {
      LOGGER.log(Level.WARNING, text, thrown);
    } catch (Throwable second) {
      // The logger is the user's, or memory is short: the connection ends all the same.
    }
  }
}
