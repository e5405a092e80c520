package mill.natives.windows;

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
import mill.natives.gen.windows.Windows;
import mill.natives.gen.windows.sockaddr_in;
import mill.natives.gen.windows.sockaddr_in6;
import mill.natives.gen.windows.sockaddr_un;
import mill.natives.net.UnixAddress;
import mill.natives.platform.AddressCodec;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.Sockets.Family;
import org.jspecify.annotations.Nullable;

/** {@code sockaddr_in}, {@code sockaddr_in6} and {@code sockaddr_un} as Windows lays them out. */
final class WindowsAddresses implements AddressCodec {
  private static final ValueLayout.OfShort FAMILY = ValueLayout.JAVA_SHORT;
  private static final ValueLayout.OfShort PORT =
      ValueLayout.JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN);

  private static final int IPV4_BYTES = 4;
  private static final int IPV6_BYTES = 16;
  private static final int PATH_OFFSET = (int) sockaddr_un.sun_path$offset();
  private static final int PATH_BYTES = (int) sockaddr_un.sizeof() - PATH_OFFSET;

  WindowsAddresses() {}

  @Override
  public void encode(SocketAddress address, Family family, NativeAddress into) {
    into.segment().fill((byte) 0);
    switch (address) {
      case InetSocketAddress inet when family == Family.INET -> encodeIpv4(inet, into);
      case InetSocketAddress inet when family == Family.INET6 -> encodeIpv6(inet, into);
      case UnixAddress unix when family == Family.UNIX -> encodeUnix(unix, into);
      case UnixDomainSocketAddress unix when family == Family.UNIX ->
          encodeUnix(UnixAddress.of(unix.getPath()), into);
      default ->
          throw new IllegalArgumentException(
              "a socket of family " + family + " cannot use the address " + address);
    }
  }

  @Override
  public @Nullable SocketAddress decode(NativeAddress address) {
    if (address.length() < Short.BYTES) {
      return null;
    }
    int family = address.segment().get(FAMILY, 0);
    if (family == Windows.AF_INET()) {
      return decodeIpv4(address.segment());
    }
    if (family == Windows.AF_INET6()) {
      return decodeIpv6(address.segment());
    }
    if (family == Windows.AF_UNIX()) {
      return decodeUnix(address);
    }
    throw new IllegalArgumentException("an address of unknown family " + family);
  }

  private static void encodeIpv4(InetSocketAddress address, NativeAddress into) {
    byte[] bytes = resolved(address).getAddress();
    if (bytes.length != IPV4_BYTES) {
      throw new IllegalArgumentException("an IPv4 socket cannot use the IPv6 address " + address);
    }
    MemorySegment segment = into.segment();
    segment.set(FAMILY, sockaddr_in.sin_family$offset(), (short) Windows.AF_INET());
    segment.set(PORT, sockaddr_in.sin_port$offset(), (short) address.getPort());
    MemorySegment.copy(
        bytes, 0, segment, ValueLayout.JAVA_BYTE, sockaddr_in.sin_addr$offset(), IPV4_BYTES);
    into.setLength((int) sockaddr_in.sizeof());
  }

  private static void encodeIpv6(InetSocketAddress address, NativeAddress into) {
    InetAddress ip = resolved(address);
    MemorySegment segment = into.segment();
    segment.set(FAMILY, sockaddr_in6.sin6_family$offset(), (short) Windows.AF_INET6());
    segment.set(PORT, sockaddr_in6.sin6_port$offset(), (short) address.getPort());
    byte[] bytes = ip.getAddress().length == IPV6_BYTES ? ip.getAddress() : mapped(ip);
    MemorySegment.copy(
        bytes, 0, segment, ValueLayout.JAVA_BYTE, sockaddr_in6.sin6_addr$offset(), IPV6_BYTES);
    int scope = ip instanceof Inet6Address six ? six.getScopeId() : 0;
    segment.set(ValueLayout.JAVA_INT, sockaddr_in6.sin6_scope_id$offset(), scope);
    into.setLength((int) sockaddr_in6.sizeof());
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

  private static void encodeUnix(UnixAddress address, NativeAddress into) {
    if (address.isAbstract()) {
      throw new IllegalArgumentException(
          "Windows has no abstract Unix socket names, use a path: " + address);
    }
    byte[] name = address.bytes();
    if (name.length > PATH_BYTES - 1) {
      throw new IllegalArgumentException(
          "a Unix socket name has at most "
              + (PATH_BYTES - 1)
              + " bytes, this one has "
              + name.length
              + ": "
              + address);
    }
    MemorySegment segment = into.segment();
    segment.set(FAMILY, sockaddr_un.sun_family$offset(), (short) Windows.AF_UNIX());
    MemorySegment.copy(name, 0, segment, ValueLayout.JAVA_BYTE, PATH_OFFSET, name.length);
    // Winsock wants the whole structure.
    into.setLength((int) sockaddr_un.sizeof());
  }

  private static InetSocketAddress decodeIpv4(MemorySegment segment) {
    byte[] bytes = new byte[IPV4_BYTES];
    MemorySegment.copy(
        segment, ValueLayout.JAVA_BYTE, sockaddr_in.sin_addr$offset(), bytes, 0, bytes.length);
    int port = Short.toUnsignedInt(segment.get(PORT, sockaddr_in.sin_port$offset()));
    return new InetSocketAddress(ip(bytes), port);
  }

  private static InetSocketAddress decodeIpv6(MemorySegment segment) {
    byte[] bytes = new byte[IPV6_BYTES];
    MemorySegment.copy(
        segment, ValueLayout.JAVA_BYTE, sockaddr_in6.sin6_addr$offset(), bytes, 0, bytes.length);
    int port = Short.toUnsignedInt(segment.get(PORT, sockaddr_in6.sin6_port$offset()));
    int scope = segment.get(ValueLayout.JAVA_INT, sockaddr_in6.sin6_scope_id$offset());
    InetAddress address = ip(bytes);
    if (scope != 0 && address instanceof Inet6Address) {
      try {
        address = Inet6Address.getByAddress(null, bytes, scope);
      } catch (UnknownHostException e) {
        throw new AssertionError("16 bytes are an IPv6 address", e);
      }
    }
    return new InetSocketAddress(address, port);
  }

  private static InetAddress ip(byte[] bytes) {
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new AssertionError(bytes.length + " bytes are an IP address", e);
    }
  }

  private static UnixAddress decodeUnix(NativeAddress address) {
    int length = Math.clamp(address.length() - PATH_OFFSET, 0, PATH_BYTES);
    byte[] name = new byte[length];
    MemorySegment.copy(address.segment(), ValueLayout.JAVA_BYTE, PATH_OFFSET, name, 0, name.length);
    int end = 0;
    while (end < length && name[end] != 0) {
      end++;
    }
    return UnixAddress.ofBytes(Arrays.copyOf(name, end));
  }
}
