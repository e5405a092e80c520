package mill.natives.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.util.Set;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.natives.net.IoStatus;
import mill.natives.net.UnixAddress;
import mill.natives.net.UnixDatagram;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.Sockets.Family;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What Unix domain datagram sockets promise. */
class UnixDatagramContractTest extends PlatformContract {
  @TempDir Path folder;

  private UnixDatagram bound(String name) throws IOException {
    return closing(UnixDatagram.bind(platform(), UnixAddress.of(folder.resolve(name))));
  }

  @Test
  void aDatagramArrivesWithItsSender() throws IOException {
    UnixDatagram one = bound("1");
    UnixDatagram two = bound("2");
    poller.register(two, 1, Interest.READABLE, Trigger.LEVEL);
    one.sendTo(bytes("hello"), 0, 5, two.localAddress());
    await(1, Readiness.READABLE);
    var from = new NativeAddress();
    MemorySegment buffer = arena.allocate(64);
    assertEquals(5, two.receiveFrom(buffer, 0, 64, from));
    assertEquals("hello", text(buffer, 5));
    assertEquals(one.localAddress(), platform().addresses().decode(from));
    assertQuiet(1);
    assertEquals(IoStatus.WOULD_BLOCK, two.receive(buffer, 0, 64));
  }

  @Test
  void aSocketWithoutANameCanSend() throws IOException {
    UnixDatagram nameless = closing(UnixDatagram.open(platform()));
    UnixDatagram two = bound("2");
    nameless.connect(two.localAddress());
    assertEquals(2, nameless.send(bytes("hi"), 0, 2));
    waitOnce(two, Interest.READABLE);
    assertEquals(2, two.receive(arena.allocate(8), 0, 8));
  }

  // unix(7): a path may fill its place, without a NUL behind it.
  @Test
  void aNameThatFillsItsPlaceIsAnsweredAsItIsRead() throws IOException {
    int longest = 1;
    while (fits("x".repeat(longest + 1))) {
      longest++;
    }
    int room = longest - folder.toString().length() - 1;
    UnixDatagram one = bound("x".repeat(room));
    UnixDatagram two = bound("2");
    assertEquals(longest, ((UnixAddress) one.localAddress()).bytes().length);
    one.sendTo(bytes("hello"), 0, 5, two.localAddress());
    waitOnce(two, Interest.READABLE);
    var from = new NativeAddress();
    assertEquals(5, two.receiveFrom(arena.allocate(8), 0, 8, from));
    SocketAddress sender = platform().addresses().decode(from);
    assertEquals(one.localAddress(), sender);
    assertNotNull(sender);
    assertEquals(2, two.sendTo(bytes("hi"), 0, 2, sender));
    waitOnce(one, Interest.READABLE);
    assertEquals(2, one.receive(arena.allocate(8), 0, 8));
  }

  private boolean fits(String name) {
    try {
      UnixAddress address = UnixAddress.of(Path.of(name));
      platform().addresses().encode(address, Family.UNIX, new NativeAddress());
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  @Test
  void aNameOfNobodyIsRefused() throws IOException {
    UnixDatagram one = bound("1");
    UnixAddress nobody = UnixAddress.of(folder.resolve("nobody"));
    assertEquals("ENOENT", errorOf(() -> one.sendTo(bytes("x"), 0, 1, nobody)));
  }

  @Test
  void aSocketThatIsDisconnectedSendsAnywhere() throws IOException {
    UnixDatagram one = bound("1");
    UnixDatagram two = bound("2");
    UnixDatagram three = bound("3");
    one.connect(two.localAddress());
    one.disconnect();
    assertEquals(2, one.sendTo(bytes("hi"), 0, 2, three.localAddress()));
    waitOnce(three, Interest.READABLE);
    assertEquals(2, three.receive(arena.allocate(8), 0, 8));
    String error = errorOf(() -> one.send(bytes("x"), 0, 1));
    assertTrue(Set.of("ENOTCONN", "EDESTADDRREQ").contains(error), error);
  }
}
