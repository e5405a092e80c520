package mill.natives.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import mill.natives.net.UnixAddress;
import mill.natives.platform.Errnos;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.Sockets.Family;
import org.junit.jupiter.api.Test;

/** What a platform promises of its error numbers, addresses and processors. */
class NumbersContractTest extends PlatformContract {
  @Test
  void errorNumbersHaveTheirNames() {
    Errnos errnos = platform().errnos();
    for (String name :
        new String[] {
          "EAGAIN",
          "EINTR",
          "EINPROGRESS",
          "ENOTCONN",
          "EBADF",
          "EINVAL",
          "EMFILE",
          "ECONNREFUSED",
          "ECONNRESET",
          "ECONNABORTED",
          "EADDRINUSE",
          "EADDRNOTAVAIL",
          "EMSGSIZE",
          "ETIMEDOUT",
          "ENETUNREACH",
          "EHOSTUNREACH",
          "EACCES",
          "ENOBUFS"
        }) {
      assertEquals(name, errnos.name(errnos.number(name)));
    }
    assertTrue(errnos.isWouldBlock(-errnos.number("EAGAIN")));
    assertTrue(errnos.isInProgress(-errnos.number("EINPROGRESS")));
    assertEquals("errno 99999", errnos.name(99_999));
  }

  @Test
  void ipv4AddressesSurviveTheirEncoding() {
    assertSurvives(new InetSocketAddress(InetAddress.ofLiteral("203.0.113.200"), 65_535));
    assertSurvives(new InetSocketAddress(InetAddress.ofLiteral("0.0.0.0"), 0));
  }

  @Test
  void ipv6AddressesSurviveTheirEncoding() throws UnknownHostException {
    assertSurvives(new InetSocketAddress(InetAddress.ofLiteral("2001:db8::fe:1"), 443));
    byte[] linkLocal = InetAddress.ofLiteral("fe80::1").getAddress();
    assertSurvives(new InetSocketAddress(Inet6Address.getByAddress(null, linkLocal, 3), 1));
  }

  @Test
  void anIpv4AddressForAnIpv6SocketIsMapped() {
    var ipv4 = new InetSocketAddress(InetAddress.ofLiteral("192.0.2.7"), 80);
    var encoded = new NativeAddress();
    platform().addresses().encode(ipv4, Family.INET6, encoded);
    // Java unmaps what it is given, so the address comes back as it was.
    assertEquals(ipv4, platform().addresses().decode(encoded));
    var direct = new NativeAddress();
    platform().addresses().encode(ipv4, Family.INET, direct);
    assertTrue(encoded.length() > direct.length());
  }

  @Test
  void unixPathsSurviveTheirEncoding() {
    var address = UnixAddress.of(Path.of("a", "b"));
    var encoded = new NativeAddress();
    platform().addresses().encode(address, Family.UNIX, encoded);
    assertEquals(address, platform().addresses().decode(encoded));
  }

  @Test
  void addressesOfTheWrongKindAreRefused() {
    var into = new NativeAddress();
    var codec = platform().addresses();
    var ipv6 = new InetSocketAddress(InetAddress.ofLiteral("::1"), 1);
    assertThrows(IllegalArgumentException.class, () -> codec.encode(ipv6, Family.INET, into));
    assertThrows(IllegalArgumentException.class, () -> codec.encode(ipv6, Family.UNIX, into));
    var unresolved = InetSocketAddress.createUnresolved("nowhere.invalid", 1);
    assertThrows(IllegalArgumentException.class, () -> codec.encode(unresolved, Family.INET, into));
  }

  @Test
  void anEmptyAddressIsNone() {
    assertNull(platform().addresses().decode(new NativeAddress()));
  }

  @Test
  void pinningSucceedsOrSaysWhyNot() throws Exception {
    var results =
        join(
            background(() ->
                new int[] {
                  platform().pinCurrentThread(0), platform().pinCurrentThread(1_000_000)
                }));
    assertTrue(results[0] <= 0);
    assertTrue(results[1] < 0);
    assertTrue(platform().errnos().name(-results[1]).startsWith("E"));
  }

  private void assertSurvives(InetSocketAddress address) {
    Family family = address.getAddress() instanceof Inet6Address ? Family.INET6 : Family.INET;
    var encoded = new NativeAddress();
    platform().addresses().encode(address, family, encoded);
    var decoded = platform().addresses().decode(encoded);
    assertNotNull(decoded);
    assertEquals(address, decoded);
  }
}
