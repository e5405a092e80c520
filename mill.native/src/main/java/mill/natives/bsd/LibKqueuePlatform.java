package mill.natives.bsd;

import java.io.IOException;
import mill.natives.platform.AddressCodec;
import mill.natives.platform.Errnos;
import mill.natives.platform.OptionCode;
import mill.natives.platform.Platform;
import mill.natives.platform.PollerBackend;
import mill.natives.platform.Sockets;
import org.jspecify.annotations.Nullable;

/**
 * For tests only: the kqueue poller on a userspace libkqueue, with the sockets and numbers of the
 * host.
 *
 * <p>The library is named by {@code -Dmill.kqueue.library=/path/to/libkqueue.so.0}.
 */
public final class LibKqueuePlatform implements Platform {
  // Entries as on macOS without the packing, which changes no offset; filters as on FreeBSD.
  private static final KeventLayout LAYOUT =
      new KeventLayout(
          BsdTable.MAC_OS.kevent().sizeBytes(), BsdTable.FREE_BSD.kevent().evfiltUser());

  private final Platform host;

  /**
   * Makes the platform.
   *
   * @param host gives everything but the poller
   * @throws IllegalStateException if the property does not name a library
   */
  public LibKqueuePlatform(Platform host) {
    if (System.getProperty(NativeKqueueCalls.LIBRARY_PROPERTY) == null) {
      throw new IllegalStateException(
          "kqueue on "
              + host.name()
              + " needs a library: start java with -D"
              + NativeKqueueCalls.LIBRARY_PROPERTY
              + "=/path/to/libkqueue.so.0");
    }
    this.host = host;
  }

  @Override
  public String name() {
    return "kqueue of libkqueue (" + host.name() + ")";
  }

  @Override
  public Errnos errnos() {
    return host.errnos();
  }

  @Override
  public PollerBackend openPoller() throws IOException {
    return new KqueuePoller(new NativeKqueueCalls(), LAYOUT, errnos());
  }

  @Override
  public Sockets sockets() {
    return host.sockets();
  }

  @Override
  public AddressCodec addresses() {
    return host.addresses();
  }

  @Override
  public @Nullable OptionCode option(String name) {
    return host.option(name);
  }

  @Override
  public boolean balancesListeners() {
    return host.balancesListeners();
  }

  @Override
  public int pinCurrentThread(int cpu) {
    return host.pinCurrentThread(cpu);
  }
}
