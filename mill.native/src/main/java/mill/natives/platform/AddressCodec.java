package mill.natives.platform;

import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** Writes Java's socket addresses the way the kernel wants them, and reads them back. */
public interface AddressCodec {
  /**
   * Writes an address.
   *
   * @param address an {@link java.net.InetSocketAddress}, {@link java.net.UnixDomainSocketAddress}
   *     or {@link mill.natives.net.UnixAddress}
   * @param family the family of the socket it is for: an IPv4 address for an IPv6 socket is written
   *     as IPv4-mapped
   * @param into receives it
   * @throws IllegalArgumentException if the address does not fit the family, is unresolved, too
   *     long or of another kind
   */
  void encode(SocketAddress address, Sockets.Family family, NativeAddress into);

  /**
   * Reads an address.
   *
   * @param address what the kernel wrote
   * @return an {@link java.net.InetSocketAddress} or {@link mill.natives.net.UnixAddress}; null if
   *     {@code address} is empty
   * @throws IllegalArgumentException if it is of a family mill does not know
   */
  @SuppressWarnings("exports") // see module-info
  @Nullable SocketAddress decode(NativeAddress address);

  /**
   * {@return the family of an address, and so of the socket whose own it is; null if {@code
   * address} is empty or of a family mill does not know} An IPv6 socket's may well decode as IPv4.
   *
   * @param address what the kernel wrote
   */
  @SuppressWarnings("exports") // see module-info
  Sockets.@Nullable Family family(NativeAddress address);
}
