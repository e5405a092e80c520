package mill.core;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.ClosedChannelException;
import java.util.Set;
import mill.core.internal.SafeText;
import mill.natives.ErrnoException;

/** How the errors are logged that no handler wants to hear of. */
final class HandlerErrors {
  private static final Set<String> TRANSFERS =
      Set.of(
          "read",
          "write",
          "readv",
          "writev",
          "send",
          "sendto",
          "sendmsg",
          "sendmmsg",
          "recv",
          "recvfrom",
          "recvmsg",
          "recvmmsg");

  private HandlerErrors() {}

  /** Logs what a handler has thrown. Any thread. */
  static void log(Object registration, Throwable error) {
    Logger logger = System.getLogger("mill.core");
    if (!isOfTransfer(error)) {
      logger.log(
          Level.WARNING,
          "a handler threw, its connection was closed: " + SafeText.of(registration),
          error);
    } else if (logger.isLoggable(Level.DEBUG)) {
      logger.log(Level.DEBUG, "a connection ended: " + SafeText.of(registration) + ": " + error);
    }
  }

  // Of a network, not of a program: its stack would say nothing.
  private static boolean isOfTransfer(Throwable error) {
    if (error instanceof ErrnoException failed) {
      String call = failed.call();
      int about = call.indexOf('(');
      return TRANSFERS.contains(about < 0 ? call : call.substring(0, about));
    }
    return error instanceof ClosedChannelException;
  }
}
