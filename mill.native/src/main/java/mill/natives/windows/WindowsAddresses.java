package mill.natives.windows;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mill.natives.gen.windows.Windows;
import mill.natives.gen.windows.sockaddr_in;
import mill.natives.gen.windows.sockaddr_in6;
import mill.natives.gen.windows.sockaddr_un;
import mill.natives.net.UnixAddress;
import mill.natives.shared.SockaddrLayout;
import mill.natives.shared.SocketAddressCodec;

/** {@code sockaddr_in}, {@code sockaddr_in6} and {@code sockaddr_un} as Windows lays them out. */
final class WindowsAddresses extends SocketAddressCodec {
  private static final ValueLayout.OfShort FAMILY = ValueLayout.JAVA_SHORT;

  private static final SockaddrLayout LAYOUT =
      new SockaddrLayout(
          new SockaddrLayout.Ipv4(
              Windows.AF_INET(),
              sockaddr_in.sin_port$offset(),
              sockaddr_in.sin_addr$offset(),
              sockaddr_in.sizeof()),
          new SockaddrLayout.Ipv6(
              Windows.AF_INET6(),
              sockaddr_in6.sin6_port$offset(),
              sockaddr_in6.sin6_addr$offset(),
              sockaddr_in6.sin6_scope_id$offset(),
              sockaddr_in6.sizeof()),
          new SockaddrLayout.Unix(
              Windows.AF_UNIX(), sockaddr_un.sun_path$offset(), sockaddr_un.sizeof()));

  WindowsAddresses() {
    super(LAYOUT);
  }

  @Override
  protected void writeFamily(MemorySegment address, int family, int length) {
    address.set(FAMILY, sockaddr_in.sin_family$offset(), (short) family);
  }

  @Override
  protected int readFamily(MemorySegment address) {
    return address.get(FAMILY, sockaddr_in.sin_family$offset());
  }

  @Override
  protected boolean hasAbstractNames() {
    return false;
  }

  // Winsock wants the whole structure.
  @Override
  protected boolean pathsMayFill() {
    return false;
  }

  @Override
  protected long unixLength(SockaddrLayout.Unix layout, UnixAddress name, int nameBytes) {
    return layout.size();
  }
}
