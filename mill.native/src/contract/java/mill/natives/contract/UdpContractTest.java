package mill.natives.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import mill.natives.ErrnoException;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.natives.net.IoStatus;
import mill.natives.net.UdpSocket;
import mill.natives.platform.NativeAddress;
import org.junit.jupiter.api.Test;

/** What UDP sockets promise. */
class UdpContractTest extends PlatformContract {
  private UdpSocket socket() throws IOException {
    return closing(UdpSocket.bind(platform(), loopback()));
  }

  private int receive(UdpSocket socket, MemorySegment buffer, NativeAddress from)
      throws IOException {
    waitOnce(socket, Interest.READABLE);
    return socket.receiveFrom(buffer, 0, buffer.byteSize(), from);
  }

  @Test
  void receivingWithoutADatagramWouldBlock() throws IOException {
    UdpSocket socket = socket();
    assertEquals(IoStatus.WOULD_BLOCK, socket.receive(arena.allocate(8), 0, 8));
    assertEquals(
        IoStatus.WOULD_BLOCK, socket.receiveFrom(arena.allocate(8), 0, 8, new NativeAddress()));
  }

  @Test
  void aDatagramArrivesWithItsSender() throws IOException {
    UdpSocket sender = socket();
    UdpSocket receiver = socket();
    assertEquals(5, sender.sendTo(bytes("hello"), 0, 5, receiver.localAddress()));
    var from = new NativeAddress();
    MemorySegment buffer = arena.allocate(64);
    assertEquals(5, receive(receiver, buffer, from));
    assertEquals("hello", text(buffer, 5));
    assertEquals(sender.localAddress(), platform().addresses().decode(from));
  }

  @Test
  void anAnswerGoesToWhereADatagramCameFrom() throws IOException {
    UdpSocket client = socket();
    UdpSocket server = socket();
    client.sendTo(bytes("ping"), 0, 4, server.localAddress());
    var from = new NativeAddress();
    MemorySegment buffer = arena.allocate(64);
    receive(server, buffer, from);
    assertEquals(4, server.sendTo(bytes("pong"), 0, 4, from));
    assertEquals(4, receive(client, buffer, from));
    assertEquals("pong", text(buffer, 4));
  }

  @Test
  void datagramsKeepTheirBoundaries() throws IOException {
    UdpSocket sender = socket();
    UdpSocket receiver = socket();
    SocketAddress to = receiver.localAddress();
    sender.sendTo(bytes("one"), 0, 3, to);
    sender.sendTo(bytes("three"), 0, 5, to);
    MemorySegment buffer = arena.allocate(64);
    assertEquals(3, receive(receiver, buffer, new NativeAddress()));
    assertEquals(5, receive(receiver, buffer, new NativeAddress()));
  }

  @Test
  void anEmptyDatagramArrives() throws IOException {
    UdpSocket sender = socket();
    UdpSocket receiver = socket();
    assertEquals(0, sender.sendTo(bytes(""), 0, 0, receiver.localAddress()));
    assertEquals(0, receive(receiver, arena.allocate(8), new NativeAddress()));
  }

  @Test
  void whatDoesNotFitOfADatagramIsLost() throws IOException {
    UdpSocket sender = socket();
    UdpSocket receiver = socket();
    sender.sendTo(bytes("longer"), 0, 6, receiver.localAddress());
    sender.sendTo(bytes("next"), 0, 4, receiver.localAddress());
    MemorySegment small = arena.allocate(4);
    assertEquals(4, receive(receiver, small, new NativeAddress()));
    assertEquals("long", text(small, 4));
    assertEquals(4, receive(receiver, small, new NativeAddress()));
    assertEquals("next", text(small, 4));
  }

  @Test
  void aSocketIsReadableUntilItsLastDatagramWasReceived() throws IOException {
    UdpSocket sender = socket();
    UdpSocket receiver = socket();
    poller.register(receiver, 1, Interest.READABLE, Trigger.LEVEL);
    assertQuiet(1);
    sender.sendTo(bytes("a"), 0, 1, receiver.localAddress());
    sender.sendTo(bytes("b"), 0, 1, receiver.localAddress());
    MemorySegment buffer = arena.allocate(8);
    for (int i = 0; i < 2; i++) {
      await(1, Readiness.READABLE);
      assertEquals(1, receive(buffer, receiver));
    }
    assertQuiet(1);
  }

  private static int receive(MemorySegment buffer, UdpSocket socket) throws IOException {
    return socket.receive(buffer, 0, buffer.byteSize());
  }

  @Test
  void aSocketIsWritable() throws IOException {
    poller.register(socket(), 1, Interest.WRITABLE, Trigger.LEVEL);
    assertEquals(Readiness.WRITABLE, await(1, Readiness.WRITABLE));
  }

  @Test
  void aConnectedSocketHasAPeer() throws IOException {
    UdpSocket one = socket();
    UdpSocket two = socket();
    assertNull(one.remoteAddress());
    one.connect(two.localAddress());
    assertEquals(two.localAddress(), one.remoteAddress());
    assertEquals(2, one.send(bytes("hi"), 0, 2));
    assertEquals(2, receive(two, arena.allocate(8), new NativeAddress()));
  }

  @Test
  void aConnectedSocketReceivesFromItsPeerAlone() throws IOException {
    UdpSocket one = socket();
    UdpSocket peer = socket();
    UdpSocket stranger = socket();
    one.connect(peer.localAddress());
    stranger.sendTo(bytes("strange"), 0, 7, one.localAddress());
    peer.sendTo(bytes("peer"), 0, 4, one.localAddress());
    assertEquals(4, receive(one, arena.allocate(64), new NativeAddress()));
    assertEquals(IoStatus.WOULD_BLOCK, receive(arena.allocate(64), one));
  }

  @Test
  void aConnectedSocketHearsThatNobodyListens() throws IOException {
    UdpSocket one = socket();
    UdpSocket gone = socket();
    one.connect(gone.localAddress());
    gone.close();
    poller.register(one, 1, Interest.READABLE, Trigger.LEVEL);
    one.send(bytes("x"), 0, 1);
    await(1, Readiness.READABLE);
    assertEquals("ECONNREFUSED", errorOf(() -> receive(arena.allocate(8), one)));
    assertQuiet(1);
  }

  @Test
  void anErrorOfADatagramClosesNothing() throws IOException {
    UdpSocket one = socket();
    UdpSocket gone = socket();
    UdpSocket there = socket();
    one.connect(gone.localAddress());
    gone.close();
    poller.register(one, 1, Interest.READABLE, Trigger.LEVEL);
    one.send(bytes("x"), 0, 1);
    int bits = await(1, Readiness.READABLE);
    assertEquals(0, bits & (Readiness.READ_CLOSED | Readiness.WRITE_CLOSED), () -> "" + events);
    assertEquals("ECONNREFUSED", errorOf(() -> receive(arena.allocate(8), one)));
    one.connect(there.localAddress());
    assertEquals(2, one.send(bytes("hi"), 0, 2));
    assertEquals(2, receive(there, arena.allocate(8), new NativeAddress()));
  }

  @Test
  void aDatagramThatIsTooLongIsRefused() throws IOException {
    UdpSocket one = socket();
    MemorySegment huge = arena.allocate(100_000);
    SocketAddress to = one.localAddress();
    assertEquals("EMSGSIZE", errorOf(() -> one.sendTo(huge, 0, huge.byteSize(), to)));
  }

  @Test
  void sendingWithoutAPeerIsRefused() throws IOException {
    UdpSocket one = socket();
    try {
      one.send(bytes("x"), 0, 1);
    } catch (ErrnoException e) {
      assertTrue(
          e.errnoName().equals("EDESTADDRREQ") || e.errnoName().equals("ENOTCONN"), e::getMessage);
      return;
    }
    throw new AssertionError("sent to nobody");
  }

  @Test
  void aSocketThatIsDisconnectedHearsEverybodyAgain() throws IOException {
    UdpSocket one = socket();
    UdpSocket two = socket();
    UdpSocket stranger = socket();
    SocketAddress before = one.localAddress();
    one.disconnect();
    one.connect(two.localAddress());
    one.disconnect();
    assertNull(one.remoteAddress());
    assertEquals(before, one.localAddress());
    stranger.sendTo(bytes("psst"), 0, 4, before);
    assertEquals(4, receive(one, arena.allocate(8), new NativeAddress()));
    assertEquals(2, one.sendTo(bytes("hi"), 0, 2, stranger.localAddress()));
  }
}
