package mill.natives.windows;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mill.natives.gen.windows.Windows;
import mill.natives.net.UnixAddress;
import mill.natives.shared.SockaddrLayout;
import mill.natives.shared.SocketAddressCodec;

/** {@code sockaddr_in}, {@code sockaddr_in6} and {@code sockaddr_un} as Windows lays them out. */
final class WindowsAddresses extends SocketAddressCodec {
  private static final ValueLayout.OfShort FAMILY = ValueLayout.JAVA_SHORT;

  static final long FAMILY_OFFSET = 0;

  // The numbers of the generated layouts, written out: to have them asked takes a tenth of the time
  // that a program needs to start. A test compares them.
  static final SockaddrLayout LAYOUT =
      new SockaddrLayout(
          new SockaddrLayout.Ipv4(Windows.AF_INET(), 2, 4, 16),
          new SockaddrLayout.Ipv6(Windows.AF_INET6(), 2, 8, 24, 28),
          new SockaddrLayout.Unix(Windows.AF_UNIX(), 2, 110));

  WindowsAddresses() {
    super(LAYOUT);
  }

  @Override
  protected void writeFamily(MemorySegment address, int family, int length) {
    address.set(FAMILY, FAMILY_OFFSET, (short) family);
  }

  @Override
  protected int readFamily(MemorySegment address) {
    return address.get(FAMILY, FAMILY_OFFSET);
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
