package mill.sim.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import mill.natives.net.UnixAddress;
import mill.natives.platform.AddressCodec;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.Sockets.Family;
import org.jspecify.annotations.Nullable;

/** Addresses in memory, laid out as Linux does. */
final class SimAddresses implements AddressCodec {
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfShort FAMILY = ValueLayout.JAVA_SHORT;
  private static final ValueLayout.OfShort PORT =
      ValueLayout.JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfInt IPV4 =
      ValueLayout.JAVA_INT.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfLong IPV6 =
      ValueLayout.JAVA_LONG.withOrder(ByteOrder.BIG_ENDIAN);

  private static final int AF_UNIX = 1;
  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;

  private static final int PORT_OFFSET = 2;
  private static final int IPV4_OFFSET = 4;
  private static final int IPV4_SIZE = 16;
  private static final int IPV6_OFFSET = 8;
  private static final int SCOPE_OFFSET = 24;
  private static final int IPV6_SIZE = 28;
  private static final int PATH_OFFSET = 2;
  private static final int PATH_BYTES = 108;

  static final SimAddresses INSTANCE = new SimAddresses();

  private SimAddresses() {}

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

  private static void encodeIpv4(InetSocketAddress address, NativeAddress into) {
    byte[] bytes = resolved(address).getAddress();
    if (bytes.length != Integer.BYTES) {
      throw new IllegalArgumentException("an IPv4 socket cannot use the IPv6 address " + address);
    }
    write(into, Endpoint.ipv4(intOf(bytes), address.getPort()), false);
  }

  private static void encodeIpv6(InetSocketAddress address, NativeAddress into) {
    InetAddress ip = resolved(address);
    byte[] bytes = ip.getAddress();
    int port = address.getPort();
    if (bytes.length == Integer.BYTES) {
      // The wildcard of IPv4 is the wildcard of IPv6.
      Endpoint four = Endpoint.ipv4(intOf(bytes), port);
      write(into, four.isAny() ? Endpoint.ANY6.withPort(port) : four, true);
      return;
    }
    int scope = ip instanceof Inet6Address six ? six.getScopeId() : 0;
    MemorySegment six = MemorySegment.ofArray(bytes);
    long high = six.get(IPV6.withByteAlignment(1), 0);
    long low = six.get(IPV6.withByteAlignment(1), Long.BYTES);
    write(into, new Endpoint(high, low, port, scope), true);
  }

  private static InetAddress resolved(InetSocketAddress address) {
    InetAddress ip = address.getAddress();
    if (ip == null) {
      throw new IllegalArgumentException(
          "the address " + address + " is unresolved: resolve the name first, mill does not");
    }
    return ip;
  }

  private static int intOf(byte[] bytes) {
    return MemorySegment.ofArray(bytes).get(IPV4.withByteAlignment(1), 0);
  }

  private static void encodeUnix(UnixAddress address, NativeAddress into) {
    byte[] name = address.bytes();
    if (name.length > PATH_BYTES) {
      throw new IllegalArgumentException(
          "a Unix socket name has at most %d bytes, this one has %d: %s"
              .formatted(PATH_BYTES, name.length, address));
    }
    writeName(into, name);
  }

  @Override
  public @Nullable SocketAddress decode(NativeAddress address) {
    if (address.length() < FAMILY.byteSize()) {
      return null;
    }
    return switch (family(address)) {
      case INET -> toJava(readIpv4(address));
      case INET6 -> toJava(readIpv6(address));
      case UNIX -> UnixAddress.ofBytes(nameBytes(address));
      case null ->
          throw new IllegalArgumentException(
              "an address of unknown family " + address.segment().get(FAMILY, 0));
    };
  }

  @Override
  public @Nullable Family family(NativeAddress address) {
    if (address.length() < FAMILY.byteSize()) {
      return null;
    }
    return switch (address.segment().get(FAMILY, 0)) {
      case AF_INET -> Family.INET;
      case AF_INET6 -> Family.INET6;
      case AF_UNIX -> Family.UNIX;
      default -> null;
    };
  }

  /** Writes what a socket of IP knows of itself or its peer. */
  static void write(NativeAddress into, Endpoint endpoint, boolean asIpv6) {
    MemorySegment segment = into.segment();
    segment.set(FAMILY, 0, (short) (asIpv6 ? AF_INET6 : AF_INET));
    segment.set(PORT, PORT_OFFSET, (short) endpoint.port());
    if (asIpv6) {
      segment.set(ValueLayout.JAVA_INT, IPV4_OFFSET, 0); // the flow
      segment.set(IPV6, IPV6_OFFSET, endpoint.high());
      segment.set(IPV6, IPV6_OFFSET + Long.BYTES, endpoint.low());
      segment.set(ValueLayout.JAVA_INT, SCOPE_OFFSET, endpoint.scope());
      into.setLength(IPV6_SIZE);
    } else {
      segment.set(IPV4, IPV4_OFFSET, endpoint.ipv4());
      segment.set(ValueLayout.JAVA_LONG, IPV4_OFFSET + Integer.BYTES, 0);
      into.setLength(IPV4_SIZE);
    }
  }

  /** {@return the address for a socket of a family of IP, or null if it has another} */
  static @Nullable Endpoint read(NativeAddress address, Family family) {
    Family has = INSTANCE.family(address);
    if (has == Family.INET && address.length() >= IPV4_SIZE && family == Family.INET) {
      return readIpv4(address);
    }
    return has == Family.INET6 && address.length() >= IPV6_SIZE && family == Family.INET6
        ? readIpv6(address)
        : null;
  }

  private static Endpoint readIpv4(NativeAddress address) {
    return Endpoint.ipv4(address.segment().get(IPV4, IPV4_OFFSET), port(address));
  }

  private static Endpoint readIpv6(NativeAddress address) {
    MemorySegment segment = address.segment();
    long high = segment.get(IPV6, IPV6_OFFSET);
    long low = segment.get(IPV6, IPV6_OFFSET + Long.BYTES);
    int scope = segment.get(ValueLayout.JAVA_INT, SCOPE_OFFSET);
    return new Endpoint(high, low, port(address), scope);
  }

  private static int port(NativeAddress address) {
    return Short.toUnsignedInt(address.segment().get(PORT, PORT_OFFSET));
  }

  static InetSocketAddress toJava(Endpoint endpoint) {
    try {
      return new InetSocketAddress(ip(endpoint), endpoint.port());
    } catch (UnknownHostException e) {
      throw new AssertionError("4 or 16 bytes are an IP address", e);
    }
  }

  private static InetAddress ip(Endpoint endpoint) throws UnknownHostException {
    if (endpoint.isIpv4()) {
      var four = new byte[Integer.BYTES];
      MemorySegment.ofArray(four).set(IPV4.withByteAlignment(1), 0, endpoint.ipv4());
      return InetAddress.getByAddress(four);
    }
    var six = new byte[2 * Long.BYTES];
    MemorySegment segment = MemorySegment.ofArray(six);
    segment.set(IPV6.withByteAlignment(1), 0, endpoint.high());
    segment.set(IPV6.withByteAlignment(1), Long.BYTES, endpoint.low());
    return endpoint.scope() == 0
        ? InetAddress.getByAddress(six)
        : Inet6Address.getByAddress(null, six, endpoint.scope());
  }

  // ---- Unix names, which the kernel keeps as text of one byte a character

  /** {@return the name; empty for none; null if the address is of another family} */
  static @Nullable String readName(NativeAddress address) {
    return INSTANCE.family(address) == Family.UNIX
        ? new String(nameBytes(address), StandardCharsets.ISO_8859_1)
        : null;
  }

  static void writeName(NativeAddress into, String name) {
    writeName(into, name.getBytes(StandardCharsets.ISO_8859_1));
  }

  // The NUL of a path counts. That of an abstract name is a part of it (unix(7)).
  private static void writeName(NativeAddress into, byte[] name) {
    boolean isPath = name.length > 0 && name[0] != 0;
    into.segment().set(FAMILY, 0, (short) AF_UNIX);
    MemorySegment.copy(name, 0, into.segment(), BYTE, PATH_OFFSET, name.length);
    if (isPath) {
      into.segment().set(BYTE, PATH_OFFSET + (long) name.length, (byte) 0);
    }
    int terminator = isPath && name.length < PATH_BYTES ? 1 : 0;
    into.setLength(PATH_OFFSET + name.length + terminator);
  }

  private static byte[] nameBytes(NativeAddress address) {
    var name = new byte[Math.clamp(address.length() - PATH_OFFSET, 0, PATH_BYTES)];
    MemorySegment.copy(address.segment(), BYTE, PATH_OFFSET, name, 0, name.length);
    if (name.length == 0 || name[0] == 0) {
      return name;
    }
    int end = 0;
    while (end < name.length && name[end] != 0) {
      end++;
    }
    return Arrays.copyOf(name, end);
  }
}
