package mill.core.net;

import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a header of the PROXY protocol says. Immutable, any thread.
 *
 * @param source the client, or null if the header does not tell: the proxy speaks for itself
 *     (LOCAL), or does not know (UNKNOWN, UNSPEC)
 * @param destination what the client has connected to, or null likewise
 * @param tlvs what else it tells, in its order; those inside of one of type SSL follow it
 */
@SuppressWarnings("exports") // see module-info
public record ProxyHeader(
    @Nullable SocketAddress source, @Nullable SocketAddress destination, List<Tlv> tlvs) {
  /**
   * A type and a value of version 2: {@code PP2_TYPE_...} in the specification of the protocol.
   *
   * @param type 0 to 255
   * @param value its bytes, read-only
   */
  public record Tlv(int type, MemorySegment value) {}

  /** Makes it, with a copy of the list. */
  public ProxyHeader {
    tlvs = List.copyOf(tlvs);
  }

  /**
   * {@return the first value of a type, or null}
   *
   * @param type 0 to 255
   */
  public @Nullable MemorySegment tlv(int type) {
    for (Tlv tlv : tlvs) {
      if (tlv.type == type) {
        return tlv.value;
      }
    }
    return null;
  }
}
