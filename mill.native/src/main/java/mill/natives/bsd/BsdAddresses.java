package mill.natives.bsd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mill.natives.gen.macos.MacOs;
import mill.natives.gen.macos.sockaddr_in;
import mill.natives.gen.macos.sockaddr_in6;
import mill.natives.gen.macos.sockaddr_un;
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
  private static final long LENGTH_OFFSET = sockaddr_in.sin_len$offset();
  private static final long FAMILY_OFFSET = sockaddr_in.sin_family$offset();

  BsdAddresses(int afInet6) {
    super(
        new SockaddrLayout(
            new SockaddrLayout.Ipv4(
                MacOs.AF_INET(),
                sockaddr_in.sin_port$offset(),
                sockaddr_in.sin_addr$offset(),
                sockaddr_in.sizeof()),
            new SockaddrLayout.Ipv6(
                afInet6,
                sockaddr_in6.sin6_port$offset(),
                sockaddr_in6.sin6_addr$offset(),
                sockaddr_in6.sin6_scope_id$offset(),
                sockaddr_in6.sizeof()),
            new SockaddrLayout.Unix(
                MacOs.AF_UNIX(), sockaddr_un.sun_path$offset(), sockaddr_un.sizeof())));
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
