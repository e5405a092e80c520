package mill.natives.bsd;

import java.io.IOException;
import mill.natives.platform.AddressCodec;
import mill.natives.platform.Errnos;
import mill.natives.platform.OptionCode;
import mill.natives.platform.Platform;
import mill.natives.platform.PollerBackend;
import mill.natives.platform.Sockets;
import mill.natives.posix.PosixCalls;
import org.jspecify.annotations.Nullable;

/** macOS and FreeBSD: kqueue and the C library's sockets, by the numbers of a {@link BsdTable}. */
public final class BsdPlatform implements Platform {
  private final String name;
  private final BsdTable table;
  private final KqueueCalls kqueueCalls;
  private final BsdSockets sockets;
  private final BsdAddresses addresses;

  /** Makes a platform over calls of the caller's choice. */
  BsdPlatform(
      String name,
      BsdTable table,
      KqueueCalls kqueueCalls,
      PosixCalls posixCalls,
      TransferCalls transferCalls) {
    this.name = name;
    this.table = table;
    this.kqueueCalls = kqueueCalls;
    sockets = new BsdSockets(table, posixCalls, transferCalls);
    addresses = new BsdAddresses(table.afInet6());
  }

  /**
   * Makes the platform of macOS.
   *
   * @param architecture as {@code os.arch} names it
   * @return the platform
   */
  public static BsdPlatform macOs(String architecture) {
    return onLibc(BsdTable.MAC_OS, architecture);
  }

  /**
   * Makes the platform of FreeBSD 12 and newer.
   *
   * @param architecture as {@code os.arch} names it
   * @return the platform
   */
  public static BsdPlatform freeBsd(String architecture) {
    return onLibc(BsdTable.FREE_BSD, architecture);
  }

  private static BsdPlatform onLibc(BsdTable table, String architecture) {
    return new BsdPlatform(
        "kqueue on " + table.system() + "/" + architecture,
        table,
        new NativeKqueueCalls(),
        new BsdCalls(),
        new NativeTransferCalls());
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Errnos errnos() {
    return table.errnos();
  }

  @Override
  public PollerBackend openPoller() throws IOException {
    return new KqueuePoller(kqueueCalls, table.kevent(), errnos());
  }

  @Override
  public Sockets sockets() {
    return sockets;
  }

  @Override
  public AddressCodec addresses() {
    return addresses;
  }

  @Override
  public @Nullable OptionCode option(String option) {
    return table.options().get(option);
  }

  /** Neither system lets a thread choose its processor through a call that mill makes. */
  @Override
  public int pinCurrentThread(int cpu) {
    return -errnos().number("ENOSYS");
  }
}
