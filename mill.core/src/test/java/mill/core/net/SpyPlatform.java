package mill.core.net;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;
import mill.natives.CurrentPlatform;
import mill.natives.platform.Platform;
import mill.natives.platform.Sockets;

/** The platform of this system, whose socket calls are counted, and fail if a test says so. */
final class SpyPlatform {
  private static final Set<String> SENDING = Set.of("send", "write", "writev", "sendMessage");

  private static final Set<String> RECEIVING = Set.of("receive", "read");

  private final Platform real = CurrentPlatform.get();
  private final Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();

  /** What accept returns instead of accepting, if it is negative. */
  volatile IntSupplier acceptResult = () -> 0;

  /** The descriptor that there is always something to read from; none at first. */
  volatile int endless = -1;

  /** The platform itself. */
  Platform platform() {
    Sockets sockets = proxy(Sockets.class, this::socketCall);
    return proxy(
        Platform.class,
        (method, arguments) ->
            method.getName().equals("sockets") ? sockets : call(real, method, arguments));
  }

  /** How many system calls have sent something. */
  int sends() {
    return SENDING.stream().mapToInt(this::count).sum();
  }

  int count(String call) {
    return calls.computeIfAbsent(call, name -> new AtomicInteger()).get();
  }

  private Object socketCall(Method method, Object[] arguments) throws Throwable {
    calls.computeIfAbsent(method.getName(), name -> new AtomicInteger()).incrementAndGet();
    int result = method.getName().equals("accept") ? acceptResult.getAsInt() : 0;
    if (RECEIVING.contains(method.getName()) && (int) arguments[0] == endless) {
      return (int) (long) arguments[3]; // as many as there is room for
    }
    return result < 0 ? (Object) result : call(real.sockets(), method, arguments);
  }

  private interface Handler {
    Object call(Method method, Object[] arguments) throws Throwable;
  }

  private static <T> T proxy(Class<T> type, Handler handler) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (self, method, arguments) ->
                switch (method.getName()) {
                  case "equals" -> self == arguments[0];
                  case "hashCode" -> System.identityHashCode(self);
                  default -> handler.call(method, arguments);
                }));
  }

  private static Object call(Object on, Method method, Object[] arguments) throws Throwable {
    try {
      return method.invoke(on, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }
}
