package mill.natives.platform;

import java.nio.ByteOrder;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import mill.natives.bsd.BsdPlatform;
import mill.natives.bsd.LibKqueuePlatform;
import mill.natives.linux.LinuxPlatform;
import mill.natives.windows.WindowsPlatform;
import org.jspecify.annotations.Nullable;

/** Chooses the platform once, and says clearly why there is none. */
final class CurrentPlatform {
  /** For tests: names the poller instead of leaving the choice to mill. */
  static final String POLLER_PROPERTY = "mill.poller";

  private static final Set<String> ARCHITECTURES = Set.of("amd64", "x86_64", "aarch64");

  // The pollers of each system, the usual one first. kqueue on Linux is a library, for tests.
  private static final Map<String, List<String>> BACKENDS =
      Map.of(
          "linux", List.of("epoll", "epoll_wait", "kqueue"),
          "macos", List.of("kqueue"),
          "freebsd", List.of("kqueue"),
          "windows", List.of("iocp"));

  private static @Nullable Platform instance;

  private CurrentPlatform() {}

  // A static final would turn the first failure into an ExceptionInInitializerError and every later
  // one into a
  // NoClassDefFoundError, and the message that says what to type would be lost.
  static synchronized Platform get() {
    if (instance == null) {
      requireNativeAccess(CurrentPlatform.class.getModule());
      instance =
          choose(
              System.getProperty("os.name"),
              System.getProperty("os.arch"),
              ByteOrder.nativeOrder());
    }
    return instance;
  }

  static void requireNativeAccess(Module module) {
    if (!module.isNativeAccessEnabled()) {
      String grant = module.isNamed() ? module.getName() : "ALL-UNNAMED";
      throw new IllegalStateException(
          "mill may not call native code: start java with --enable-native-access=" + grant);
    }
  }

  static Platform choose(String osName, String osArch, ByteOrder order) {
    return choose(osName, osArch, order, System.getProperty(POLLER_PROPERTY));
  }

  static Platform choose(
      String osName, String osArch, ByteOrder order, @Nullable String forcedPoller) {
    String os = osName.toLowerCase(Locale.ROOT);
    List<String> pollers = BACKENDS.get(backendKey(os));
    if (pollers == null || !hasArchitecture(os, osArch) || order != ByteOrder.LITTLE_ENDIAN) {
      throw new UnsupportedOperationException(
          "mill has no backend for "
              + osName
              + " on "
              + osArch
              + " ("
              + order
              + "): it runs on Linux, amd64 or aarch64, and the same with macOS and FreeBSD;"
              + " on Windows, amd64; 64-bit and little-endian");
    }
    String poller = forcedPoller == null ? pollers.getFirst() : forcedPoller;
    if (!pollers.contains(poller)) {
      throw new UnsupportedOperationException(
          "-D" + POLLER_PROPERTY + "=" + poller + ": on " + osName + " there is " + pollers);
    }
    return create(os, osArch, poller);
  }

  private static Platform create(String os, String osArch, String poller) {
    return switch (poller) {
      case "epoll" -> new LinuxPlatform(osArch);
      case "epoll_wait" -> new LinuxPlatform(osArch, false);
      case "iocp" -> new WindowsPlatform(osArch);
      case "kqueue" ->
          switch (os) {
            case "linux" -> new LibKqueuePlatform(new LinuxPlatform(osArch));
            case "freebsd" -> BsdPlatform.freeBsd(osArch);
            default -> BsdPlatform.macOs(osArch);
          };
      default -> throw new AssertionError(poller);
    };
  }

  // "Mac OS X" is how Java names macOS, and Windows' name has its version in it.
  private static String backendKey(String os) {
    return os.startsWith("mac") ? "macos" : os.startsWith("windows") ? "windows" : os;
  }

  private static boolean hasArchitecture(String os, String osArch) {
    return ARCHITECTURES.contains(osArch)
        && !(os.startsWith("windows") && osArch.equals("aarch64"));
  }
}
