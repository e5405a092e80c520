package mill.natives.windows;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import mill.natives.gen.windows.WSADATA;
import mill.natives.platform.AddressCodec;
import mill.natives.platform.Errnos;
import mill.natives.platform.OptionCode;
import mill.natives.platform.Platform;
import mill.natives.platform.PollerBackend;
import mill.natives.platform.Sockets;
import org.jspecify.annotations.Nullable;

/** Windows: completion ports over AFD polls, and Winsock. */
public final class WindowsPlatform implements Platform {
  private static final short WINSOCK_2_2 = 0x0202;

  private final String architecture;
  private final IocpCalls calls = new NativeIocpCalls();
  private final EdgePollers edges = new EdgePollers();
  private final WindowsSockets sockets = new WindowsSockets(edges);
  private final WindowsAddresses addresses = new WindowsAddresses();

  /**
   * Makes the platform and starts Winsock, which the process then keeps.
   *
   * @param architecture as {@code os.arch} names it
   * @throws UnsupportedOperationException if there is no Winsock 2.2
   */
  public WindowsPlatform(String architecture) {
    this.architecture = architecture;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = WSADATA.allocate(arena);
      int error = WindowsCalls.startup(WINSOCK_2_2, data);
      if (error != 0) {
        throw new UnsupportedOperationException(
            "Winsock 2.2 does not start: " + WindowsErrnos.TABLE.name(error));
      }
    }
  }

  @Override
  public String name() {
    return "iocp on Windows/" + architecture;
  }

  @Override
  public Errnos errnos() {
    return WindowsErrnos.TABLE;
  }

  @Override
  public PollerBackend openPoller() throws IOException {
    return new IocpPoller(calls, edges);
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
  public @Nullable OptionCode option(String name) {
    return WindowsOptions.TABLE.get(name);
  }

  // SetThreadAffinityMask covers one group of 64 processors only; nobody has asked for it yet.
  @Override
  public int pinCurrentThread(int cpu) {
    return -WindowsErrnos.NOT_IMPLEMENTED;
  }
}
