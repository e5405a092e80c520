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
 * The BSDs' socket calls on the C library of a Linux host: a stand-in that lets their transfers run
 * as they are, down to the system call. Only flags and numbers would differ, so its sockets block,
 * and what makes and names them is the host's.
 *
 * @param host gives everything but the sockets
 */
public record HostedBsdPlatform(Platform host, Sockets sockets) implements Platform {
  /** Makes the platform. */
  public static Platform on(Platform host) {
    var sockets = new BsdSockets(BsdTable.MAC_OS, new BsdCalls(), new NativeTransferCalls());
    return new HostedBsdPlatform(host, sockets);
  }

  @Override
  public String name() {
    return "BSD sockets on " + host.name();
  }

  @Override
  public Errnos errnos() {
    return host.errnos();
  }

  @Override
  public PollerBackend openPoller() throws IOException {
    return host.openPoller();
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
  public int pinCurrentThread(int cpu) {
    return host.pinCurrentThread(cpu);
  }
}
