package mill.natives.bsd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mill.natives.gen.macos.MacOs;
import mill.natives.net.UnixAddress;
import mill.natives.shared.SockaddrLayout;
import mill.natives.shared.SocketAddressCodec;

/**
 * {@code sockaddr_in}, {@code sockaddr_in6} and {@code sockaddr_un} as 4.4BSD lays them out: the
 * first byte is the length, the second the family.
 *
 * <p>macOS and FreeBSD differ in the number of AF_INET6 alone.
 */
final class BsdAddresses extends SocketAddressCodec {
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  static final long LENGTH_OFFSET = 0;
  static final long FAMILY_OFFSET = 1;

  BsdAddresses(int afInet6) {
    super(layout(afInet6));
  }

  // The numbers of the generated layouts, written out: to have them asked takes a tenth of the time
  // that a program needs to start. A test compares them.
  static SockaddrLayout layout(int afInet6) {
    return new SockaddrLayout(
        new SockaddrLayout.Ipv4(MacOs.AF_INET(), 2, 4, 16),
        new SockaddrLayout.Ipv6(afInet6, 2, 8, 24, 28),
        new SockaddrLayout.Unix(MacOs.AF_UNIX(), 2, 106));
  }

  @Override
  protected void writeFamily(MemorySegment address, int family, int length) {
    address.set(BYTE, LENGTH_OFFSET, (byte) length);
    address.set(BYTE, FAMILY_OFFSET, (byte) family);
  }

  @Override
  protected int readFamily(MemorySegment address) {
    return Byte.toUnsignedInt(address.get(BYTE, FAMILY_OFFSET));
  }

  @Override
  protected boolean hasAbstractNames() {
    return false;
  }

  @Override
  protected boolean pathsMayFill() {
    return true;
  }

  @Override
  protected long unixLength(SockaddrLayout.Unix layout, UnixAddress name, int nameBytes) {
    return layout.path() + nameBytes + 1;
  }
}
