package mill.natives.backend;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import mill.natives.bsd.BsdPlatform;
import mill.natives.bsd.LibKqueuePlatform;
import mill.natives.linux.LinuxPlatform;
import mill.natives.platform.Platform;
import mill.natives.windows.WindowsPlatform;
import org.jspecify.annotations.Nullable;

/** Chooses the platform once, and says clearly why there is none. */
public final class SystemPlatform {
  /** For tests: names the poller instead of leaving the choice to mill. */
  static final String POLLER_PROPERTY = "mill.poller";

  /**
   * What mill runs on under one system: the architectures, and the pollers, the usual one first.
   */
  private record Support(Set<String> architectures, List<String> pollers) {}

  private static final Set<String> X64 = Set.of("amd64", "x86_64");
  private static final Set<String> X64_AND_ARM64 = Set.of("amd64", "x86_64", "aarch64");

  // kqueue on Linux is a library, for tests.
  private static final Map<String, Support> SUPPORTED =
      Map.of(
          "linux", new Support(X64_AND_ARM64, List.of("epoll", "epoll_wait", "kqueue")),
          "macos", new Support(X64_AND_ARM64, List.of("kqueue")),
          "freebsd", new Support(X64_AND_ARM64, List.of("kqueue")),
          "windows", new Support(X64, List.of("iocp")));

  private static final Object LOCK = new Object();

  @GuardedBy("LOCK")
  private static @Nullable Platform instance;

  private SystemPlatform() {}

  /**
   * {@return the one platform of this system} Any thread; see {@link
   * mill.natives.CurrentPlatform#get()}.
   */
  public static Platform get() {
    synchronized (LOCK) {
      // A static final would turn the first failure into an ExceptionInInitializerError and every
      // later one into a NoClassDefFoundError, and the message that says what to type would be
      // lost.
      if (instance == null) {
        requireNativeAccess(SystemPlatform.class.getModule());
        instance =
            choose(
                System.getProperty("os.name"),
                System.getProperty("os.arch"),
                ByteOrder.nativeOrder());
      }
      return instance;
    }
  }

  static void requireNativeAccess(Module module) {
    if (!module.isNativeAccessEnabled()) {
      ModuleLayer layer = module.getLayer();
      if (layer != null && !layer.equals(ModuleLayer.boot())) {
        // The flag names modules of the boot layer, and does nothing here.
        throw new IllegalStateException(
            "mill may not call native code: it is in a module layer of your own, so call"
                + " enableNativeAccess(layer.findModule(\"mill.natives\").get())"
                + " on the layer's ModuleLayer.Controller");
      }
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
    Support support = SUPPORTED.get(supportKey(os));
    if (support == null
        || !support.architectures.contains(osArch)
        || order != ByteOrder.LITTLE_ENDIAN) {
      throw new UnsupportedOperationException(
          "mill has no backend for %s on %s (%s): it runs on Linux, macOS and FreeBSD, amd64 or aarch64, and on Windows, amd64; little-endian"
              .formatted(osName, osArch, order));
    }
    List<String> pollers = support.pollers;
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
  private static String supportKey(String os) {
    return os.startsWith("mac") ? "macos" : os.startsWith("windows") ? "windows" : os;
  }
}
