package mill.natives.contract;

import java.lang.reflect.Method;
import java.util.Set;
import mill.natives.platform.Platform;
import mill.natives.platform.Sockets;
import mill.testing.Doubles;

/** A scripted platform: its transfers are interrupted as often as told before they are made. */
final class Interruptions {
  private static final Set<String> TRANSFERS =
      Set.of(
          "read",
          "readv",
          "write",
          "writev",
          "receive",
          "receiveFrom",
          "receiveMessage",
          "receiveBatch",
          "receiveError",
          "receiveUrgent",
          "send",
          "sendTo",
          "sendMessage",
          "sendBatch");

  private final Platform platform;
  private final long interrupted;
  private int left;

  Interruptions(Platform real) {
    interrupted = -real.errnos().number("EINTR");
    Sockets sockets =
        Doubles.of(Sockets.class, real.sockets(), (method, arguments) -> answer(method));
    platform =
        Doubles.of(
            Platform.class,
            real,
            (method, arguments) -> method.getName().equals("sockets") ? sockets : null);
  }

  /** The platform, to open sockets on. */
  Platform platform() {
    return platform;
  }

  /** Has the next transfers interrupted. */
  void next(int count) {
    left = count;
  }

  /** How many are still to come. */
  int left() {
    return left;
  }

  private Object answer(Method method) {
    if (left == 0 || !TRANSFERS.contains(method.getName())) {
      return null;
    }
    left--;
    if (method.getReturnType() == int.class) {
      return (int) interrupted;
    }
    return interrupted;
  }
}
