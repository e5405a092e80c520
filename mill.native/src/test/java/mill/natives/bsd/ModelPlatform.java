package mill.natives.bsd;

import mill.natives.platform.Platform;

/** mill's kqueue backend on the model of a kernel, with the numbers of macOS or FreeBSD. */
public final class ModelPlatform {
  private ModelPlatform() {}

  // The kernel's own numbers, written down once more: mill's must agree with them.
  private static final KeventLayout MAC_OS_KERNEL = new KeventLayout(32, -10);
  private static final KeventLayout FREE_BSD_KERNEL = new KeventLayout(64, -11);

  /** A platform on a new kernel. */
  public static Platform macOs() {
    return macOs(new ModelKernel());
  }

  /** A platform on a kernel of the test's. */
  static Platform macOs(ModelKernel kernel) {
    return on(kernel, MAC_OS_KERNEL, BsdTable.MAC_OS.kevent());
  }

  private static Platform on(ModelKernel kernel, KeventLayout theirs, KeventLayout layout) {
    BsdTable mac = BsdTable.MAC_OS;
    var table =
        new BsdTable(
            "model",
            layout,
            mac.afInet6(),
            mac.noSigPipe(),
            mac.sendFlags(),
            mac.controlAlignment(),
            mac.errnos(),
            mac.options());
    var sockets = new ModelPosixCalls(kernel);
    return new BsdPlatform(
        "kqueue on a model of the kernel, entries of " + layout.sizeBytes() + " bytes",
        table,
        new ModelKqueueCalls(kernel, theirs),
        sockets,
        new ModelTransferCalls(kernel, sockets));
  }

  /** The same, with the entries of FreeBSD: 64 bytes, EVFILT_USER -11. */
  public static Platform freeBsdEntries() {
    return on(new ModelKernel(), FREE_BSD_KERNEL, BsdTable.FREE_BSD.kevent());
  }
}
