package mill.core.net;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import mill.core.net.ProxyHeader.Tlv;
import mill.natives.net.UnixAddress;
import org.jspecify.annotations.Nullable;

/**
 * Reads a header of the PROXY protocol, version 1 or 2, and refuses what is not one as soon as that
 * can be seen (haproxy, {@code doc/proxy-protocol.txt}).
 */
final class ProxyParser {
  /** The longest of version 1, its line feed included. */
  static final int MAX_V1 = 107;

  /** The fixed part of version 2: signature, command, family, length. */
  static final int FIXED_V2 = 16;

  private static final byte[] V1 = "PROXY ".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] V2 = {13, 10, 13, 10, 0, 13, 10, 'Q', 'U', 'I', 'T', 10};
  private static final ProxyHeader UNKNOWN = new ProxyHeader(null, null, List.of());
  private static final Pattern DECIMAL = Pattern.compile("0|[1-9][0-9]{0,4}");
  private static final Pattern FOUR = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}");
  private static final Pattern SIX = Pattern.compile("[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");

  private static final int TYPE_CRC32C = 0x03;
  private static final int TYPE_SSL = 0x20;
  private static final int SSL_FIXED = 5;
  private static final int TLV_FIXED = 3;
  private static final int UNIX_PATH = 108;

  private ProxyParser() {}

  // ---- how long it is

  /**
   * Tells how long the header is that bytes begin with.
   *
   * @param there the bytes, at least one
   * @param most how long it may be
   * @return its length, or 0 if that cannot be said yet
   * @throws IOException if it is none, or too long
   */
  static int length(ByteBuffer there, int most) throws IOException {
    return there.get(0) == V2[0] ? lengthV2(there, most) : lengthV1(there, most);
  }

  private static void require(ByteBuffer there, byte[] signature) throws IOException {
    for (int i = 0; i < signature.length && i < there.limit(); i++) {
      if (there.get(i) != signature[i]) {
        throw new IOException("no header of the PROXY protocol: its byte " + i + " is another");
      }
    }
  }

  private static int lengthV1(ByteBuffer there, int most) throws IOException {
    require(there, V1);
    int limit = Math.min(MAX_V1, most);
    for (int i = V1.length; i < there.limit() && i < limit; i++) {
      if (there.get(i) == '\n') {
        if (there.get(i - 1) != '\r') {
          throw new IOException("a PROXY line that does not end with CR and LF");
        }
        return i + 1;
      }
    }
    if (there.limit() >= limit) {
      throw new IOException("a PROXY line of more than " + limit + " bytes");
    }
    return 0;
  }

  private static int lengthV2(ByteBuffer there, int most) throws IOException {
    require(there, V2);
    if (there.limit() < FIXED_V2) {
      return 0;
    }
    int length = FIXED_V2 + (there.getShort(14) & 0xffff);
    if (length > most) {
      throw new IOException(
          "a PROXY header of " + length + " bytes, and at most " + most + " are allowed");
    }
    return length;
  }

  // ---- what it says

  /**
   * Reads a whole header.
   *
   * @throws IOException if it is malformed
   */
  static ProxyHeader parse(byte[] header) throws IOException {
    return header[0] == V2[0] ? parseV2(header) : parseV1(header);
  }

  private static ProxyHeader parseV1(byte[] header) throws IOException {
    String line = new String(header, 0, header.length - 2, StandardCharsets.ISO_8859_1);
    if (line.indexOf('\r') >= 0) {
      throw new IOException("a CR in the middle of a PROXY line");
    }
    String[] words = line.split(" ", -1);
    if (words[1].equals("UNKNOWN")) {
      return UNKNOWN;
    }
    boolean four = words[1].equals("TCP4");
    if (words.length != 6 || !(four || words[1].equals("TCP6"))) {
      throw new IOException("not TCP4, TCP6 or UNKNOWN with two addresses and ports: " + words[1]);
    }
    return new ProxyHeader(
        new InetSocketAddress(literal(words[2], four), port(words[4])),
        new InetSocketAddress(literal(words[3], four), port(words[5])),
        List.of());
  }

  private static InetAddress literal(String text, boolean four) throws IOException {
    if (!(four ? FOUR : SIX).matcher(text).matches()) {
      throw new IOException("not an address of its family in a PROXY line");
    }
    try {
      return four ? Inet4Address.ofLiteral(text) : Inet6Address.ofLiteral(text);
    } catch (IllegalArgumentException e) {
      throw new IOException("not an address of its family in a PROXY line", e);
    }
  }

  private static int port(String text) throws IOException {
    int port = DECIMAL.matcher(text).matches() ? Integer.parseInt(text) : -1;
    if (port < 0 || port > 0xffff) {
      throw new IOException("not a port in a PROXY line");
    }
    return port;
  }

  private static ProxyHeader parseV2(byte[] header) throws IOException {
    var in = ByteBuffer.wrap(header).position(FIXED_V2);
    int command = header[12] & 0xff;
    int family = header[13] & 0xff;
    if (command != 0x20 && command != 0x21) {
      throw new IOException("not PROXY nor LOCAL of version 2: 0x" + Integer.toHexString(command));
    }
    boolean local = command == 0x20;
    SocketAddress source = null;
    SocketAddress destination = null;
    try {
      switch (family) {
        case 0x00 -> {}
        case 0x11, 0x21 -> {
          byte[] from = new byte[family == 0x11 ? 4 : 16];
          byte[] to = new byte[from.length];
          in.get(from).get(to);
          source = inet(from, in.getShort());
          destination = inet(to, in.getShort());
        }
        case 0x31 -> {
          source = unix(in);
          destination = unix(in);
        }
        default -> {
          if (local) {
            return UNKNOWN; // to be ignored, whatever it is
          }
          throw new IOException("not TCP nor a Unix stream: 0x" + Integer.toHexString(family));
        }
      }
    } catch (java.nio.BufferUnderflowException e) {
      throw new IOException("a PROXY header that is too short for its addresses", e);
    }
    List<Tlv> tlvs = tlvs(header, in);
    return local ? new ProxyHeader(null, null, tlvs) : new ProxyHeader(source, destination, tlvs);
  }

  private static SocketAddress inet(byte[] address, short port) throws IOException {
    return new InetSocketAddress(InetAddress.getByAddress(address), port & 0xffff);
  }

  private static @Nullable SocketAddress unix(ByteBuffer in) {
    byte[] path = new byte[UNIX_PATH];
    in.get(path);
    int length = 0;
    while (length < path.length && path[length] != 0) {
      length++;
    }
    return length == 0
        ? null // without a name, as clients are
        : UnixAddress.ofBytes(Arrays.copyOf(path, length));
  }

  // ---- types, lengths, values

  private static List<Tlv> tlvs(byte[] header, ByteBuffer in) throws IOException {
    var found = new ArrayList<Tlv>();
    boolean checked = false;
    while (in.hasRemaining()) {
      Tlv tlv = next(in);
      found.add(tlv);
      if (tlv.type() == TYPE_CRC32C) {
        if (checked) {
          throw new IOException("two checksums in a PROXY header");
        }
        checked = true;
        check(header, in.position() - Integer.BYTES, tlv);
      } else if (tlv.type() == TYPE_SSL) {
        nested(tlv, found);
      }
    }
    return found;
  }

  private static Tlv next(ByteBuffer in) throws IOException {
    if (in.remaining() < TLV_FIXED) {
      throw new IOException("a PROXY header with " + in.remaining() + " bytes too many");
    }
    int type = in.get() & 0xff;
    int length = in.getShort() & 0xffff;
    if (length > in.remaining()) {
      throw new IOException("a value of " + length + " bytes that goes beyond its PROXY header");
    }
    byte[] value = new byte[length];
    in.get(value);
    return new Tlv(type, MemorySegment.ofArray(value).asReadOnly());
  }

  private static void nested(Tlv ssl, List<Tlv> found) throws IOException {
    var in = ssl.value().asByteBuffer();
    if (in.remaining() < SSL_FIXED) {
      throw new IOException("a value of type SSL with " + in.remaining() + " bytes");
    }
    in.position(SSL_FIXED);
    while (in.hasRemaining()) {
      found.add(next(in));
    }
  }

  private static void check(byte[] header, int at, Tlv sum) throws IOException {
    if (sum.value().byteSize() != Integer.BYTES) {
      throw new IOException("a checksum of " + sum.value().byteSize() + " bytes");
    }
    var crc = new CRC32C();
    crc.update(header, 0, at);
    crc.update(new byte[Integer.BYTES]); // the checksum itself counts as zero
    crc.update(header, at + Integer.BYTES, header.length - at - Integer.BYTES);
    if ((int) crc.getValue() != ByteBuffer.wrap(header).getInt(at)) {
      throw new IOException("a PROXY header whose checksum is wrong");
    }
  }
}
