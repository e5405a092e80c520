package mill.natives.linux;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mill.natives.gen.linux.Linux;
import mill.natives.net.UnixAddress;
import mill.natives.shared.SockaddrLayout;
import mill.natives.shared.SocketAddressCodec;

/** {@code sockaddr_in}, {@code sockaddr_in6} and {@code sockaddr_un} as Linux lays them out. */
final class LinuxAddresses extends SocketAddressCodec {
  private static final ValueLayout.OfShort FAMILY = ValueLayout.JAVA_SHORT;

  static final long FAMILY_OFFSET = 0;

  // The numbers of the generated layouts, written out: to have them asked takes a tenth of the time
  // that a program needs to start. A test compares them.
  static final SockaddrLayout LAYOUT =
      new SockaddrLayout(
          new SockaddrLayout.Ipv4(Linux.AF_INET(), 2, 4, 16),
          new SockaddrLayout.Ipv6(Linux.AF_INET6(), 2, 8, 24, 28),
          new SockaddrLayout.Unix(Linux.AF_UNIX(), 2, 110));

  LinuxAddresses() {
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
