package mill.natives.contract;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Set;
import mill.natives.platform.Platform;
import mill.natives.platform.Sockets;

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
    Sockets sockets = proxy(Sockets.class, real.sockets(), this::answer);
    platform =
        proxy(Platform.class, real, method -> method.getName().equals("sockets") ? sockets : null);
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

  private interface Answers {
    Object to(Method method);
  }

  @SuppressWarnings("ReferenceEquality") // a proxy's equals is meant, not the target's
  private static <T> T proxy(Class<T> type, T target, Answers answers) {
    InvocationHandler handler =
        (self, method, arguments) -> {
          if (method.getName().equals("equals")) {
            return self == arguments[0];
          }
          Object answer = answers.to(method);
          try {
            return answer != null ? answer : method.invoke(target, arguments);
          } catch (InvocationTargetException e) {
            throw e.getCause();
          }
        };
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }
}
