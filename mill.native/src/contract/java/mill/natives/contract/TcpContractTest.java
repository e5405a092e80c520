package mill.natives.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.natives.net.IoStatus;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.natives.platform.NativeAddress;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** What TCP listeners and streams promise: connecting, accepting, and moving bytes. */
class TcpContractTest extends PlatformContract {
  @Test
  void acceptingWithoutAConnectionReturnsNull() throws IOException {
    assertNull(listener().accept());
  }

  @Test
  void aListenerIsReadableWhileConnectionsWait() throws IOException {
    TcpListener listener = listener();
    poller.register(listener, 1, Interest.READABLE, Trigger.LEVEL);
    assertQuiet(1);
    List<TcpStream> clients = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      clients.add(connected(listener.localAddress()));
    }
    for (int i = 0; i < clients.size(); i++) {
      await(1, Readiness.READABLE);
      assertNotNull(closing(listener.accept()));
    }
    assertQuiet(1);
    assertNull(listener.accept());
  }

  @Test
  void aConnectEndsWithWritability() throws IOException {
    TcpListener listener = listener();
    TcpStream client = closing(TcpStream.connect(platform(), listener.localAddress()));
    poller.register(client, 1, Interest.WRITABLE, Trigger.LEVEL);
    int bits = await(1, Readiness.WRITABLE);
    assertEquals(0, bits & Readiness.ERROR);
    assertTrue(client.finishConnect());
    assertTrue(client.isConnected());
    assertTrue(client.finishConnect(), "asking again is allowed");
  }

  @Test
  void bothEndsKnowTheirAddresses() throws IOException {
    TcpListener listener = listener();
    SocketAddress address = listener.localAddress();
    assertTrue(((InetSocketAddress) address).getPort() > 0);
    TcpStream client = connected(address);
    waitOnce(listener, Interest.READABLE);
    var peer = new NativeAddress();
    TcpStream server = closing(listener.accept(peer));
    assertEquals(address, client.remoteAddress());
    assertEquals(address, server.localAddress());
    assertEquals(client.localAddress(), server.remoteAddress());
    assertEquals(client.localAddress(), platform().addresses().decode(peer));
  }

  @Test
  void aRefusedConnectIsReportedAndFinishConnectSaysWhy() throws IOException {
    TcpListener listener = listener();
    SocketAddress nobody = listener.localAddress();
    listener.close();
    TcpStream client;
    try {
      client = closing(TcpStream.connect(platform(), nobody));
    } catch (mill.natives.ErrnoException atOnce) {
      assertEquals("ECONNREFUSED", atOnce.errnoName());
      return;
    }
    poller.register(client, 1, Interest.WRITABLE, Trigger.LEVEL);
    await(1, Readiness.WRITABLE | Readiness.ERROR);
    assertEquals("ECONNREFUSED", errorOf(client::finishConnect));
    assertFalse(client.isOpen());
  }

  @Test
  void aRefusedConnectIsReportedWhateverTheInterest() throws IOException {
    TcpListener listener = listener();
    SocketAddress nobody = listener.localAddress();
    listener.close();
    TcpStream client;
    try {
      client = closing(TcpStream.connect(platform(), nobody));
    } catch (mill.natives.ErrnoException atOnce) {
      assertEquals("ECONNREFUSED", atOnce.errnoName());
      return;
    }
    poller.register(client, 1, Interest.READABLE, Trigger.LEVEL);
    await(1, Readiness.READABLE);
    assertEquals("ECONNREFUSED", errorOf(client::finishConnect));
  }

  @Test
  void aStreamThatWasNeverConnectedHasNoPeer() throws IOException {
    Connection connection = connection();
    assertNotNull(connection.client().remoteAddress());
    TcpStream fresh = closing(TcpStream.connect(platform(), listener().localAddress()));
    assertThrows(IllegalStateException.class, () -> fresh.startConnect(loopback()));
  }

  @Test
  void anAddressInUseIsRefused() throws IOException {
    SocketAddress taken = listener().localAddress();
    assertEquals("EADDRINUSE", errorOf(() -> closing(TcpListener.bind(platform(), taken, 1))));
  }

  @Test
  void anAddressOfNobodyHereIsRefused() {
    // TEST-NET-1, RFC 5737: on no machine's interfaces.
    var elsewhere = new InetSocketAddress(InetAddress.ofLiteral("192.0.2.1"), 0);
    assertEquals(
        "EADDRNOTAVAIL", errorOf(() -> closing(TcpListener.bind(platform(), elsewhere, 1))));
  }

  @Test
  void anUnresolvedAddressIsRefused() {
    var unresolved = InetSocketAddress.createUnresolved("nowhere.invalid", 1);
    assertThrows(IllegalArgumentException.class, () -> TcpStream.connect(platform(), unresolved));
  }

  @Test
  void ipv6WorksAsIpv4Does() throws IOException {
    var address = new InetSocketAddress(InetAddress.ofLiteral("::1"), 0);
    TcpListener listener;
    try {
      listener = closing(TcpListener.bind(platform(), address, 4));
    } catch (mill.natives.ErrnoException e) {
      Assumptions.abort("no IPv6 here: " + e.getMessage());
      return;
    }
    TcpStream client = connected(listener.localAddress());
    TcpStream server = closing(accepted(listener));
    assertEquals(listener.localAddress(), client.remoteAddress());
    send(client, "six");
    assertEquals("six", receive(server, 3));
  }

  @Test
  void bytesArriveInOrder() throws IOException {
    Connection connection = connection();
    var expected = new StringBuilder();
    for (int i = 0; i < 200; i++) {
      send(connection.client(), "message " + i + ";");
      expected.append("message ").append(i).append(';');
    }
    assertEquals(expected.toString(), receive(connection.server(), expected.length()));
  }

  @Test
  void readingWithoutBytesWouldBlock() throws IOException {
    Connection connection = connection();
    assertEquals(IoStatus.WOULD_BLOCK, connection.server().read(arena.allocate(8)));
    assertEquals(IoStatus.WOULD_BLOCK, connection.client().read(arena.allocate(8)));
  }

  @Test
  void writingWithoutRoomWouldBlockAndLosesNothing() throws IOException {
    Connection connection = connection();
    long taken = fill(connection.client());
    assertTrue(taken > 0);
    connection.server(); // reads below
    drain(connection.server(), taken);
    send(connection.client(), "last");
    assertEquals("last", receive(connection.server(), 4));
  }

  @Test
  void aTransferUsesItsRangeOfTheBufferAlone() throws IOException {
    Connection connection = connection();
    assertEquals(3, connection.client().write(bytes("..abc.."), 2, 3));
    MemorySegment buffer = bytes("-------");
    long deadline = platform().nanoTime() + BOUND_NS;
    int read;
    while ((read = connection.server().read(buffer, 2, 3)) == IoStatus.WOULD_BLOCK) {
      assertTrue(platform().nanoTime() < deadline, "nothing arrived");
    }
    assertEquals(3, read);
    assertEquals("--abc--", text(buffer, 7));
  }

  @Test
  void anEmptyTransferIsNoEndOfStream() throws IOException {
    Connection connection = connection();
    assertEquals(0, connection.server().read(arena.allocate(1).asSlice(0, 0)));
    assertEquals(0, connection.client().write(arena.allocate(1).asSlice(0, 0)));
  }

  @Test
  void gatheringWritesAndScatteringReadsKeepTheOrder() throws IOException {
    Connection connection = connection();
    MemorySegment[] out = {bytes("skipped"), bytes("ab"), bytes(""), bytes("cde"), bytes("f")};
    assertEquals(6, connection.client().writev(out, 1, 4));
    waitOnce(connection.server(), Interest.READABLE);
    MemorySegment[] in = {arena.allocate(1), arena.allocate(4), arena.allocate(4)};
    assertEquals(6, connection.server().readv(in, 0, 3));
    assertEquals("a", text(in[0], 1));
    assertEquals("bcde", text(in[1], 4));
    assertEquals("f", text(in[2], 1));
    assertEquals(IoStatus.WOULD_BLOCK, connection.server().readv(in, 0, 3));
  }

  @Test
  void partsOfBuffersAreTransferredWithoutWhatIsBesideThem() throws IOException {
    Connection connection = connection();
    MemorySegment[] out = {bytes("0123"), bytes("abcd")};
    long written = connection.client().writev(out, new long[] {2, 0}, new long[] {2, 3}, 0, 2);
    assertEquals(5, written);
    waitOnce(connection.server(), Interest.READABLE);
    MemorySegment[] in = {bytes("...."), bytes("....")};
    assertEquals(5, connection.server().readv(in, new long[] {3, 0}, new long[] {1, 4}, 0, 2));
    assertEquals("...2", text(in[0], 4));
    assertEquals("3abc", text(in[1], 4));
  }

  @Test
  void moreBuffersThanACallTakesAreAShortTransfer() throws IOException {
    Connection connection = connection();
    int count = 2_000;
    var out = new MemorySegment[count];
    for (int i = 0; i < count; i++) {
      out[i] = bytes(String.valueOf((char) ('a' + i % 26)));
    }
    int sent = 0;
    while (sent < count) {
      long written = connection.client().writev(out, sent, count - sent);
      assertTrue(written > 0, "one byte a buffer fits");
      sent += (int) written;
    }
    String received = receive(connection.server(), count);
    for (int i = 0; i < count; i++) {
      assertEquals((char) ('a' + i % 26), received.charAt(i));
    }
  }

  @Test
  void aClosedStreamRefusesEverything() throws IOException {
    Connection connection = connection();
    connection.server().close();
    connection.server().close();
    MemorySegment buffer = arena.allocate(1);
    assertThrows(ClosedChannelException.class, () -> connection.server().read(buffer));
    assertThrows(ClosedChannelException.class, () -> connection.server().write(buffer));
    assertThrows(ClosedChannelException.class, () -> connection.server().localAddress());
  }

  @Test
  void acceptedStreamsDoNotBlock() throws Exception {
    Connection connection = connection();
    // On a thread of its own: if this blocks, the test fails and does not hang.
    var read = background(() -> connection.server().read(arena.allocate(1)));
    assertEquals(IoStatus.WOULD_BLOCK, join(read));
  }
}
