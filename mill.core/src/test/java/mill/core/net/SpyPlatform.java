package mill.core.net;

import java.lang.reflect.Method;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;
import mill.natives.CurrentPlatform;
import mill.natives.platform.Platform;
import mill.natives.platform.Sockets;
import mill.testing.Doubles;

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
    Sockets sockets = Doubles.of(Sockets.class, real.sockets(), this::answer);
    return Doubles.of(
        Platform.class,
        real,
        (method, arguments) -> method.getName().equals("sockets") ? sockets : null);
  }

  /** How many system calls have sent something. */
  int sends() {
    return SENDING.stream().mapToInt(this::count).sum();
  }

  int count(String call) {
    return calls.computeIfAbsent(call, name -> new AtomicInteger()).get();
  }

  private Object answer(Method method, Object[] arguments) {
    calls.computeIfAbsent(method.getName(), name -> new AtomicInteger()).incrementAndGet();
    int result = method.getName().equals("accept") ? acceptResult.getAsInt() : 0;
    if (RECEIVING.contains(method.getName()) && (int) arguments[0] == endless) {
      return (int) (long) arguments[3]; // as many as there is room for
    }
    return result < 0 ? result : null;
  }
}
