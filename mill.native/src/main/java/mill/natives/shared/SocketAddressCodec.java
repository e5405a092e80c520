package mill.natives.shared;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteOrder;
import java.util.Arrays;
import mill.natives.net.UnixAddress;
import mill.natives.platform.AddressCodec;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.Sockets.Family;
import org.jspecify.annotations.Nullable;

/**
 * The address codec of all backends: what is refused, how IPv4 is mapped, what bytes mean. A
 * backend brings the layout, how its system writes a family, and its rules for Unix names.
 */
public abstract class SocketAddressCodec implements AddressCodec {
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfShort PORT =
      ValueLayout.JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN);

  private static final int IPV4_BYTES = 4;
  private static final int IPV6_BYTES = 16;

  /** Every system's addresses begin with two bytes that tell the family. */
  private static final int SHORTEST_BYTES = 2;

  private final SockaddrLayout layout;

  /**
   * Makes a codec.
   *
   * @param layout where the system has the fields
   */
  protected SocketAddressCodec(SockaddrLayout layout) {
    this.layout = layout;
  }

  /**
   * Writes what stands before the fields that all systems have.
   *
   * @param address the memory of the address
   * @param family the system's number of the family
   * @param length how many bytes of the address count
   */
  protected abstract void writeFamily(MemorySegment address, int family, int length);

  /**
   * Reads a family.
   *
   * @param address the memory of the address
   * @return the system's number of the family
   */
  protected abstract int readFamily(MemorySegment address);

  /** {@return whether there are Unix names that are no paths, as {@code unix(7)} has them} */
  protected abstract boolean hasAbstractNames();

  /** {@return whether a path may fill its place, so that there is no room for a NUL} */
  protected abstract boolean pathsMayFill();

  /**
   * {@return how many bytes of a Unix address count}
   *
   * @param layout where its fields are
   * @param name the name that it holds
   * @param nameBytes how long the name is
   */
  protected abstract long unixLength(SockaddrLayout.Unix layout, UnixAddress name, int nameBytes);

  @Override
  public final void encode(SocketAddress address, Family family, NativeAddress into) {
    into.segment().fill((byte) 0);
    // No switch over types, here and below: each one that is met first costs a start two
    // milliseconds.
    if (family == Family.UNIX) {
      encodeUnix(unix(address), into);
    } else if (!(address instanceof InetSocketAddress inet)) {
      throw refused(family, address);
    } else if (family == Family.INET) {
      encodeIpv4(inet, into);
    } else {
      encodeIpv6(inet, into);
    }
  }

  private static UnixAddress unix(SocketAddress address) {
    if (address instanceof UnixAddress unix) {
      return unix;
    }
    if (address instanceof UnixDomainSocketAddress unix) {
      return UnixAddress.of(unix.getPath());
    }
    throw refused(Family.UNIX, address);
  }

  private static IllegalArgumentException refused(Family family, SocketAddress address) {
    return new IllegalArgumentException(
        "a socket of family " + family + " cannot use the address " + address);
  }

  @Override
  public final @Nullable SocketAddress decode(NativeAddress address) {
    if (address.length() < SHORTEST_BYTES) {
      return null;
    }
    Family family = family(address);
    if (family == Family.INET) {
      return decodeIpv4(address.segment());
    } else if (family == Family.INET6) {
      return decodeIpv6(address.segment());
    } else if (family == Family.UNIX) {
      return decodeUnix(address);
    }
    throw new IllegalArgumentException(
        "an address of unknown family " + readFamily(address.segment()));
  }

  @Override
  public final @Nullable Family family(NativeAddress address) {
    if (address.length() < SHORTEST_BYTES) {
      return null;
    }
    int family = readFamily(address.segment());
    if (family == layout.ipv4().family()) {
      return Family.INET;
    }
    if (family == layout.ipv6().family()) {
      return Family.INET6;
    }
    return family == layout.unix().family() ? Family.UNIX : null;
  }

  private void encodeIpv4(InetSocketAddress address, NativeAddress into) {
    SockaddrLayout.Ipv4 ipv4 = layout.ipv4();
    byte[] bytes = resolved(address).getAddress();
    if (bytes.length != IPV4_BYTES) {
      throw new IllegalArgumentException("an IPv4 socket cannot use the IPv6 address " + address);
    }
    into.segment().set(PORT, ipv4.port(), (short) address.getPort());
    MemorySegment.copy(bytes, 0, into.segment(), BYTE, ipv4.address(), IPV4_BYTES);
    finish(into, ipv4.family(), ipv4.size());
  }

  private void encodeIpv6(InetSocketAddress address, NativeAddress into) {
    SockaddrLayout.Ipv6 ipv6 = layout.ipv6();
    InetAddress ip = resolved(address);
    byte[] bytes = ip.getAddress().length == IPV6_BYTES ? ip.getAddress() : mapped(ip);
    int scope = ip instanceof Inet6Address six ? six.getScopeId() : 0;
    into.segment().set(PORT, ipv6.port(), (short) address.getPort());
    MemorySegment.copy(bytes, 0, into.segment(), BYTE, ipv6.address(), IPV6_BYTES);
    into.segment().set(ValueLayout.JAVA_INT, ipv6.scope(), scope);
    finish(into, ipv6.family(), ipv6.size());
  }

  // ::ffff:a.b.c.d, RFC 4291 section 2.5.5.2; but the wildcard of IPv4 is the wildcard of IPv6.
  private static byte[] mapped(InetAddress ipv4) {
    byte[] bytes = new byte[IPV6_BYTES];
    if (!ipv4.isAnyLocalAddress()) {
      bytes[10] = (byte) 0xff;
      bytes[11] = (byte) 0xff;
      System.arraycopy(ipv4.getAddress(), 0, bytes, 12, IPV4_BYTES);
    }
    return bytes;
  }

  private static InetAddress resolved(InetSocketAddress address) {
    InetAddress ip = address.getAddress();
    if (ip == null) {
      throw new IllegalArgumentException(
          "the address " + address + " is unresolved: resolve the name first, mill does not");
    }
    return ip;
  }

  private void encodeUnix(UnixAddress address, NativeAddress into) {
    SockaddrLayout.Unix unix = layout.unix();
    if (address.isAbstract() && !hasAbstractNames()) {
      throw new IllegalArgumentException(
          "this system has no abstract Unix socket names, name a path instead of " + address);
    }
    byte[] name = address.bytes();
    // An abstract name begins with a NUL and is exactly as long as it is. A path ends with one,
    // except that on some systems it may fill the structure (unix(7)).
    boolean mayFill = address.isAbstract() || pathsMayFill();
    int limit = mayFill ? unix.capacity() : unix.capacity() - 1;
    if (name.length > limit) {
      throw new IllegalArgumentException(
          "a Unix socket name has at most %d bytes, this one has %d: %s"
              .formatted(limit, name.length, address));
    }
    MemorySegment.copy(name, 0, into.segment(), BYTE, unix.path(), name.length);
    long length = unixLength(unix, address, name.length);
    finish(into, unix.family(), Math.min(length, unix.size()));
  }

  private void finish(NativeAddress into, int family, long length) {
    writeFamily(into.segment(), family, (int) length);
    into.setLength((int) length);
  }

  private InetSocketAddress decodeIpv4(MemorySegment segment) {
    SockaddrLayout.Ipv4 ipv4 = layout.ipv4();
    byte[] bytes = bytesAt(segment, ipv4.address(), IPV4_BYTES);
    return new InetSocketAddress(ip(bytes), port(segment, ipv4.port()));
  }

  private InetSocketAddress decodeIpv6(MemorySegment segment) {
    SockaddrLayout.Ipv6 ipv6 = layout.ipv6();
    byte[] bytes = bytesAt(segment, ipv6.address(), IPV6_BYTES);
    int scope = segment.get(ValueLayout.JAVA_INT, ipv6.scope());
    InetAddress address = ip(bytes);
    if (scope != 0 && address instanceof Inet6Address) {
      try {
        address = Inet6Address.getByAddress(null, bytes, scope);
      } catch (UnknownHostException e) {
        throw new AssertionError("16 bytes are an IPv6 address", e);
      }
    }
    return new InetSocketAddress(address, port(segment, ipv6.port()));
  }

  private static int port(MemorySegment segment, long offset) {
    return Short.toUnsignedInt(segment.get(PORT, offset));
  }

  private static InetAddress ip(byte[] bytes) {
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new AssertionError(bytes.length + " bytes are an IP address", e);
    }
  }

  private UnixAddress decodeUnix(NativeAddress address) {
    SockaddrLayout.Unix unix = layout.unix();
    // The length may count the path, the path and its NUL, the whole structure, or one more than
    // that for a path that fills it (unix(7)).
    int length = Math.clamp(address.length() - unix.path(), 0, unix.capacity());
    byte[] name = bytesAt(address.segment(), unix.path(), length);
    boolean isAbstract = hasAbstractNames() && length > 0 && name[0] == 0;
    return UnixAddress.ofBytes(isAbstract ? name : upToNul(name));
  }

  private static byte[] upToNul(byte[] name) {
    int end = 0;
    while (end < name.length && name[end] != 0) {
      end++;
    }
    return Arrays.copyOf(name, end);
  }

  private static byte[] bytesAt(MemorySegment segment, long offset, int length) {
    byte[] bytes = new byte[length];
    MemorySegment.copy(segment, BYTE, offset, bytes, 0, length);
    return bytes;
  }
}
