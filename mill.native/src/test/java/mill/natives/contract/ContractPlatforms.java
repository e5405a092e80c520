package mill.natives.contract;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import mill.natives.linux.LinuxPlatform;
import mill.natives.platform.Platform;

/** The platforms that can be had on this machine. */
final class ContractPlatforms {
  private ContractPlatforms() {}

  /** Each platform once; the contract runs on all of them. */
  static List<ContractPlatform> all() {
    String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    var platforms = new ArrayList<ContractPlatform>();
    if (os.equals("linux")) {
      String architecture = System.getProperty("os.arch");
      platforms.add(new ContractPlatform(PlatformKind.EPOLL, Platform.current()));
      platforms.add(
          new ContractPlatform(PlatformKind.EPOLL_WAIT, new LinuxPlatform(architecture, false)));
    } else if (os.startsWith("windows")) {
      platforms.add(new ContractPlatform(WindowsDifferences.kind(), Platform.current()));
    } else {
      platforms.add(new ContractPlatform(PlatformKind.KQUEUE, Platform.current()));
    }
    return List.copyOf(platforms);
  }
}
