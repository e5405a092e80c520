package mill.natives.contract;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import mill.natives.CurrentPlatform;
import mill.natives.bsd.LibKqueuePlatform;
import mill.natives.bsd.ModelPlatform;
import mill.natives.linux.LinuxPlatform;

/** The platforms that can be had on this machine. */
final class ContractPlatforms {
  private ContractPlatforms() {}

  /**
   * For trying something out: the kinds of platform to run on, the first letters of their names.
   */
  private static final String ONLY_PROPERTY = "mill.contract.only";

  /** Each platform once; the contract runs on all of them. */
  static List<ContractPlatform> all() {
    String only = System.getProperty(ONLY_PROPERTY, "");
    return available().stream().filter(each -> each.kind().name().startsWith(only)).toList();
  }

  private static List<ContractPlatform> available() {
    String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    var platforms = new ArrayList<ContractPlatform>();
    if (os.equals("linux")) {
      String architecture = System.getProperty("os.arch");
      platforms.add(new ContractPlatform(PlatformKind.EPOLL, CurrentPlatform.get()));
      platforms.add(
          new ContractPlatform(PlatformKind.EPOLL_WAIT, new LinuxPlatform(architecture, false)));
      if (System.getProperty("mill.kqueue.library") != null) {
        var host = new LinuxPlatform(architecture);
        platforms.add(
            new ContractPlatform(PlatformKind.KQUEUE_LIBRARY, new LibKqueuePlatform(host)));
      }
    } else if (os.startsWith("windows")) {
      platforms.add(new ContractPlatform(WindowsDifferences.kind(), CurrentPlatform.get()));
    } else {
      platforms.add(new ContractPlatform(PlatformKind.KQUEUE, CurrentPlatform.get()));
    }
    platforms.add(new ContractPlatform(PlatformKind.KQUEUE_MODEL, ModelPlatform.macOs()));
    platforms.add(
        new ContractPlatform(PlatformKind.KQUEUE_MODEL_64, ModelPlatform.freeBsdEntries()));
    return platforms;
  }
}
