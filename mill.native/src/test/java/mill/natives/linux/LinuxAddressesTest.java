package mill.natives.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.ValueLayout;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.HexFormat;
import mill.natives.gen.linux.sockaddr_in;
import mill.natives.gen.linux.sockaddr_in6;
import mill.natives.gen.linux.sockaddr_un;
import mill.natives.net.UnixAddress;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.Sockets.Family;
import mill.natives.shared.SockaddrLayouts;
import mill.testnet.Net;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LinuxAddressesTest {
  private final LinuxAddresses codec = new LinuxAddresses();
  private final NativeAddress memory = new NativeAddress();

  @Test
  void addressesAreLaidOutAsTheGeneratedBindingsHaveThem() {
    SockaddrLayouts.requireSame(
        LinuxAddresses.LAYOUT, sockaddr_in.layout(), sockaddr_in6.layout(), sockaddr_un.layout());
    assertThat(LinuxAddresses.FAMILY_OFFSET).isEqualTo(sockaddr_in.sin_family$offset());
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1, 0",
    "0.0.0.0, 1",
    "255.255.255.255, 65535",
    "192.0.2.33, 8080",
    "10.0.0.1, 256",
    "10.0.0.1, 255",
    "10.0.0.1, 32768"
  })
  void ipv4ReadsBackAsItWasWritten(String ip, int port) {
    var address = new InetSocketAddress(Net.ip(ip), port);
    assertThat(roundTrip(address, Family.INET)).isEqualTo(address);
  }

  @ParameterizedTest
  @CsvSource({"'::1', 80", "'::', 0", "'2001:db8::8:800:200c:417a', 65535", "'fe80::1', 443"})
  void ipv6ReadsBackAsItWasWritten(String ip, int port) {
    var address = new InetSocketAddress(Net.ip(ip), port);
    assertThat(roundTrip(address, Family.INET6)).isEqualTo(address);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 255, 65_536, Integer.MAX_VALUE})
  void scopeIdIsKept(int scope) throws UnknownHostException {
    byte[] linkLocal = Net.ip("fe80::1234").getAddress();
    var address = new InetSocketAddress(Inet6Address.getByAddress(null, linkLocal, scope), 9);
    var back = (InetSocketAddress) roundTrip(address, Family.INET6);
    assertThat(back).isEqualTo(address);
    assertThat(((Inet6Address) back.getAddress()).getScopeId()).isEqualTo(scope);
  }

  @Test
  void ipv4IsMappedForAnIpv6SocketAndComesBackAsIpv4() {
    var address = new InetSocketAddress(Net.ip("192.0.2.1"), 4660);
    codec.encode(address, Family.INET6, memory);
    assertThat(hex())
        .isEqualTo("0a001234" + "00000000" + "00000000000000000000ffffc0000201" + "00000000");
    assertThat(codec.decode(memory)).isEqualTo(address);
  }

  @Test
  void ipv4WildcardIsTheIpv6WildcardForAnIpv6Socket() {
    codec.encode(new InetSocketAddress(Net.ip("0.0.0.0"), 1), Family.INET6, memory);
    assertThat(codec.decode(memory)).isEqualTo(new InetSocketAddress(Net.ip("::"), 1));
  }

  // ip(7): sin_family in the machine's order, port and address in the network's.
  @Test
  void ipv4IsLaidOutAsTheKernelWantsIt() {
    codec.encode(new InetSocketAddress(Net.ip("1.2.3.4"), 0x1234), Family.INET, memory);
    assertThat(hex()).isEqualTo("0200" + "1234" + "01020304" + "0000000000000000");
  }

  @Test
  void olderContentsDoNotShineThrough() {
    memory.segment().fill((byte) 0xee);
    codec.encode(new InetSocketAddress(Net.ip("::1"), 2), Family.INET6, memory);
    assertThat(hex()).doesNotContain("ee");
    assertThat(memory.length()).isEqualTo(28);
    memory.segment().fill((byte) 0xee);
    codec.encode(UnixAddress.of(Path.of("ab")), Family.UNIX, memory);
    assertThat(hex()).isEqualTo("0100" + "6162" + "00");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 50, 106, 107})
  void pathsReadBackAndEndWithANul(int length) {
    var address = UnixAddress.of(Path.of("x".repeat(length)));
    assertThat(roundTrip(address, Family.UNIX)).isEqualTo(address);
    assertThat(memory.length()).isEqualTo(2 + length + 1);
    assertThat(memory.segment().get(ValueLayout.JAVA_BYTE, 2 + length)).isZero();
  }

  @Test
  void pathOf109BytesIsRefused() {
    var address = UnixAddress.of(Path.of("x".repeat(109)));
    assertThatThrownBy(() -> codec.encode(address, Family.UNIX, memory))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at most 108 bytes, this one has 109");
  }

  // unix(7): another program may have bound a path that fills the structure, without a NUL; its
  // length is then reported as 111.
  @ParameterizedTest
  @ValueSource(ints = {110, 111})
  void pathWithoutANulIsRead(int reported) {
    codec.encode(UnixAddress.of(Path.of("x".repeat(107))), Family.UNIX, memory);
    memory.segment().set(ValueLayout.JAVA_BYTE, 2 + 107, (byte) 'x');
    memory.setLength(reported);
    assertThat(codec.decode(memory)).isEqualTo(UnixAddress.of(Path.of("x".repeat(108))));
  }

  @Test
  void whatIsReadCanBeWritten() {
    var address = UnixAddress.of(Path.of("x".repeat(108)));
    assertThat(roundTrip(address, Family.UNIX)).isEqualTo(address);
    assertThat(memory.length()).isEqualTo(110);
  }

  @Test
  void familyIsToldWhateverTheAddressIsReadAs() {
    codec.encode(new InetSocketAddress(Net.ip("192.0.2.1"), 1), Family.INET6, memory);
    assertThat(codec.family(memory)).isEqualTo(Family.INET6);
    codec.encode(new InetSocketAddress(Net.ip("192.0.2.1"), 1), Family.INET, memory);
    assertThat(codec.family(memory)).isEqualTo(Family.INET);
    codec.encode(UnixAddress.unnamed(), Family.UNIX, memory);
    assertThat(codec.family(memory)).isEqualTo(Family.UNIX);
    memory.setLength(0);
    assertThat(codec.family(memory)).isNull();
  }

  @Test
  void abstractNamesAreAsLongAsTheyAreAndMayContainNuls() {
    for (String name : new String[] {"", "a", "a\0b", "x".repeat(107)}) {
      var address = UnixAddress.ofAbstract(name);
      assertThat(roundTrip(address, Family.UNIX)).isEqualTo(address);
      assertThat(memory.length()).isEqualTo(2 + 1 + name.length());
    }
    assertThatThrownBy(
            () -> codec.encode(UnixAddress.ofAbstract("x".repeat(108)), Family.UNIX, memory))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void unnamedIsTheFamilyAlone() {
    assertThat(roundTrip(UnixAddress.unnamed(), Family.UNIX)).isEqualTo(UnixAddress.unnamed());
    assertThat(memory.length()).isEqualTo(2);
  }

  @Test
  void javasUnixAddressIsTaken() {
    var path = Path.of("/run/mill");
    codec.encode(UnixDomainSocketAddress.of(path), Family.UNIX, memory);
    assertThat(codec.decode(memory)).isEqualTo(UnixAddress.of(path));
  }

  @Test
  void noAddressIsNull() {
    memory.setLength(0);
    assertThat(codec.decode(memory)).isNull();
    memory.setLength(1);
    assertThat(codec.decode(memory)).isNull();
    memory.setLength(-5);
    assertThat(memory.length()).isZero();
    memory.setLength(1_000);
    assertThat(memory.length()).isEqualTo(NativeAddress.CAPACITY_BYTES);
  }

  @Test
  void unknownFamilyIsRefused() {
    memory.segment().set(ValueLayout.JAVA_SHORT, 0, (short) 16);
    memory.setLength(12);
    assertThatThrownBy(() -> codec.decode(memory))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("unknown family 16");
  }

  @Test
  void addressThatDoesNotFitTheFamilyIsRefused() {
    var six = new InetSocketAddress(Net.ip("::1"), 1);
    assertThatThrownBy(() -> codec.encode(six, Family.INET, memory))
        .hasMessageContaining("an IPv4 socket cannot use the IPv6 address");
    assertThatThrownBy(() -> codec.encode(six, Family.UNIX, memory))
        .hasMessageContaining("a socket of family UNIX cannot use the address");
    assertThatThrownBy(() -> codec.encode(UnixAddress.unnamed(), Family.INET, memory))
        .hasMessageContaining("a socket of family INET cannot use the address");
    assertThatThrownBy(() -> codec.encode(Net.unresolved(), Family.INET6, memory))
        .hasMessageContaining("unresolved");
  }

  private SocketAddress roundTrip(SocketAddress address, Family family) {
    memory.segment().fill((byte) 0x55);
    codec.encode(address, family, memory);
    return codec.decode(memory);
  }

  private String hex() {
    return HexFormat.of()
        .formatHex(memory.segment().asSlice(0, memory.length()).toArray(ValueLayout.JAVA_BYTE));
  }
}
