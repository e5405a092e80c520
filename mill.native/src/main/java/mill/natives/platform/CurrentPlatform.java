package mill.natives.platform;

import java.nio.ByteOrder;
import java.util.Locale;
import mill.natives.linux.LinuxPlatform;
import mill.natives.windows.WindowsPlatform;
import org.jspecify.annotations.Nullable;

/** Chooses the platform once, and says clearly why there is none. */
final class CurrentPlatform {
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
    String os = osName.toLowerCase(Locale.ROOT);
    boolean is64Bit = osArch.equals("amd64") || osArch.equals("x86_64") || osArch.equals("aarch64");
    if (os.equals("linux") && is64Bit && order == ByteOrder.LITTLE_ENDIAN) {
      return new LinuxPlatform(osArch);
    }
    boolean isX64 = osArch.equals("amd64") || osArch.equals("x86_64");
    if (os.startsWith("windows") && isX64) {
      return new WindowsPlatform(osArch);
    }
    throw new UnsupportedOperationException(
        "mill has no backend for "
            + osName
            + " on "
            + osArch
            + " ("
            + order
            + "): it runs on Linux, amd64 or aarch64, and on Windows, amd64");
  }
}
