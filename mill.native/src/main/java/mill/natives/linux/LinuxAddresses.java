package mill.natives.linux;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mill.natives.gen.linux.Linux;
import mill.natives.gen.linux.sockaddr_in;
import mill.natives.gen.linux.sockaddr_in6;
import mill.natives.gen.linux.sockaddr_un;
import mill.natives.net.UnixAddress;
import mill.natives.shared.SockaddrLayout;
import mill.natives.shared.SocketAddressCodec;

/** {@code sockaddr_in}, {@code sockaddr_in6} and {@code sockaddr_un} as Linux lays them out. */
final class LinuxAddresses extends SocketAddressCodec {
  private static final ValueLayout.OfShort FAMILY = ValueLayout.JAVA_SHORT;

  private static final SockaddrLayout LAYOUT =
      new SockaddrLayout(
          new SockaddrLayout.Ipv4(
              Linux.AF_INET(),
              sockaddr_in.sin_port$offset(),
              sockaddr_in.sin_addr$offset(),
              sockaddr_in.sizeof()),
          new SockaddrLayout.Ipv6(
              Linux.AF_INET6(),
              sockaddr_in6.sin6_port$offset(),
              sockaddr_in6.sin6_addr$offset(),
              sockaddr_in6.sin6_scope_id$offset(),
              sockaddr_in6.sizeof()),
          new SockaddrLayout.Unix(
              Linux.AF_UNIX(), sockaddr_un.sun_path$offset(), sockaddr_un.sizeof()));

  LinuxAddresses() {
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
    return true;
  }

  // The NUL of a path counts. That of an abstract name is a part of it, and no name has none: the
  // kernel chooses one then.
  @Override
  protected boolean pathsMayFill() {
    return true;
  }

  @Override
  protected long unixLength(SockaddrLayout.Unix layout, UnixAddress name, int nameBytes) {
    boolean terminated = !name.isAbstract() && !name.isUnnamed();
    return layout.path() + nameBytes + (terminated ? 1 : 0);
  }
}
