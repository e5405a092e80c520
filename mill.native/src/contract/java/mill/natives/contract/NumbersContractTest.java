package mill.natives.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.Set;
import mill.natives.net.UnixAddress;
import mill.natives.platform.AddressCodec;
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
  void aRefusalReadsTheSameEverywhere() {
    var ipv6 = new InetSocketAddress(InetAddress.ofLiteral("::1"), 1);
    assertRefused(
        ipv6, Family.INET, "an IPv4 socket cannot use the IPv6 address /[0:0:0:0:0:0:0:1]:1");
    assertRefused(
        ipv6, Family.UNIX, "a socket of family UNIX cannot use the address /[0:0:0:0:0:0:0:1]:1");
    assertRefused(
        InetSocketAddress.createUnresolved("nowhere.invalid", 1),
        Family.INET,
        "the address nowhere.invalid/<unresolved>:1 is unresolved: resolve the name first, mill does"
            + " not");
  }

  @Test
  void aUnixNameThatIsTooLongIsRefusedWithBothLengths() {
    var into = new NativeAddress();
    var codec = platform().addresses();
    int fits = 1;
    while (accepts(codec, "x".repeat(fits + 1))) {
      fits++;
    }
    assertTrue(Set.of(104, 107, 108).contains(fits), "macOS, Windows, Linux: " + fits);
    String text = "x".repeat(fits + 1);
    assertRefused(
        UnixAddress.of(Path.of(text)),
        Family.UNIX,
        "a Unix socket name has at most %d bytes, this one has %d: %s"
            .formatted(fits, fits + 1, text));
    codec.encode(UnixAddress.of(Path.of("x".repeat(fits))), Family.UNIX, into);
    assertEquals(UnixAddress.of(Path.of("x".repeat(fits))), codec.decode(into));
  }

  @Test
  void anAbstractNameSurvivesOrIsRefused() {
    var name = UnixAddress.ofAbstract("mill");
    var into = new NativeAddress();
    if (platform().name().startsWith("epoll") || target.kind() == PlatformKind.SIMULATED) {
      platform().addresses().encode(name, Family.UNIX, into);
      assertEquals(name, platform().addresses().decode(into));
    } else if (target.kind() != PlatformKind.KQUEUE_LIBRARY) {
      assertRefused(
          name,
          Family.UNIX,
          "this system has no abstract Unix socket names, name a path instead of @mill");
    }
  }

  private static boolean accepts(AddressCodec codec, String path) {
    try {
      codec.encode(UnixAddress.of(Path.of(path)), Family.UNIX, new NativeAddress());
      return true;
    } catch (IllegalArgumentException tooLong) {
      return false;
    }
  }

  private void assertRefused(SocketAddress address, Family family, String message) {
    var refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> platform().addresses().encode(address, family, new NativeAddress()));
    assertEquals(message, refused.getMessage());
  }

  @Test
  void anEmptyAddressIsNone() {
    assertNull(platform().addresses().decode(new NativeAddress()));
  }

  @Test
  void pinningSucceedsOrSaysWhyNot() throws Exception {
    String first = errorOfPinning(0);
    String missing = errorOfPinning(1_000_000);
    if (missing.equals("ENOSYS")) {
      assertEquals("ENOSYS", first, "a system without the call has it for no processor");
      assertEquals("ENOSYS", errorOfPinning(-1));
    } else {
      assertEquals("EINVAL", missing, "there is no such processor");
      assertEquals("EINVAL", errorOfPinning(-1));
      assertTrue(first.isEmpty() || first.equals("EINVAL"), first);
    }
  }

  /** Pins a thread of its own; the error's name, or nothing. */
  private String errorOfPinning(int cpu) throws Exception {
    int result = join(background(() -> platform().pinCurrentThread(cpu)));
    return result == 0 ? "" : platform().errnos().name(-result);
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
