package mill.natives.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import mill.natives.Interest;
import mill.natives.Pollable;
import mill.natives.Poller;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;
import mill.natives.net.IoStatus;
import mill.natives.net.PipePair;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.natives.net.UdpSocket;
import mill.natives.net.UnixStream;
import mill.natives.platform.ControlData;
import mill.natives.platform.DatagramBatch;
import mill.natives.platform.NativeAddress;
import org.junit.jupiter.api.Test;

/**
 * Promise 6, for signals: a transfer that one interrupts is made again. Who was told that it would
 * block would wait for an edge that has been told already.
 */
class InterruptedContractTest extends PlatformContract {
  /** As often as a transfer bears it. */
  private static final int MANY = 15;

  private Interruptions interruptions;

  private Interruptions interruptions() {
    if (interruptions == null) {
      interruptions = new Interruptions(platform());
    }
    return interruptions;
  }

  /** What a transfer brings that is interrupted many times. */
  private long interrupted(Transfer transfer) throws IOException {
    interruptions().next(MANY);
    long moved = transfer.move();
    assertEquals(0, interruptions().left(), "it was made again");
    return moved;
  }

  private interface Transfer {
    long move() throws IOException;
  }

  private void awaitReadable(Pollable pollable) throws IOException {
    try (var own = Poller.open(interruptions().platform(), token -> {})) {
      own.register(pollable, 1, Interest.READABLE, Trigger.LEVEL);
      var found = new ReadyEvents(4);
      long deadline = platform().nanoTime() + BOUND_NS;
      while (own.poll(found, BOUND_NS) == 0) {
        assertTrue(platform().nanoTime() < deadline, () -> pollable + " has nothing");
      }
      own.deregister(pollable);
    }
  }

  private Connection interruptedConnection() throws Exception {
    TcpListener listener = closing(TcpListener.bind(interruptions().platform(), loopback(), 8));
    TcpStream client =
        closing(TcpStream.connect(interruptions().platform(), listener.localAddress()));
    awaitReadable(listener);
    TcpStream server = listener.accept();
    assertNotNull(server, "a connection waits");
    until("the connect has ended", client::finishConnect);
    return new Connection(client, closing(server));
  }

  @Test
  void transfersOfAStreamAreMadeAgain() throws Exception {
    Connection connection = interruptedConnection();
    TcpStream from = connection.client();
    TcpStream to = connection.server();
    MemorySegment buffer = arena.allocate(8);
    MemorySegment[] buffers = {buffer};
    long[] offsets = {2};
    long[] lengths = {4};
    assertEquals(8, interrupted(() -> from.write(buffer)));
    awaitReadable(to);
    assertEquals(8, interrupted(() -> to.read(buffer)));
    assertEquals(8, interrupted(() -> from.writev(buffers, 0, 1)));
    awaitReadable(to);
    assertEquals(8, interrupted(() -> to.readv(buffers, 0, 1)));
    assertEquals(4, interrupted(() -> from.writev(buffers, offsets, lengths, 0, 1)));
    awaitReadable(to);
    assertEquals(4, interrupted(() -> to.readv(buffers, offsets, lengths, 0, 1)));
    assertEquals(IoStatus.WOULD_BLOCK, interrupted(to::readUrgent));
  }

  /** Two sockets, the first connected to the second. */
  private record Udp(UdpSocket from, UdpSocket to) {}

  private Udp udp() throws IOException {
    UdpSocket from = closing(UdpSocket.bind(interruptions().platform(), loopback()));
    UdpSocket to = closing(UdpSocket.bind(interruptions().platform(), loopback()));
    from.connect(to.localAddress());
    return new Udp(from, to);
  }

  @Test
  void transfersOfADatagramAreMadeAgain() throws IOException {
    Udp udp = udp();
    MemorySegment buffer = arena.allocate(8);
    var address = new NativeAddress();
    assertEquals(8, interrupted(() -> udp.from().send(buffer, 0, 8)));
    awaitReadable(udp.to());
    assertEquals(8, interrupted(() -> udp.to().receiveFrom(buffer, 0, 8, address)));
    assertEquals(8, interrupted(() -> udp.to().sendTo(buffer, 0, 8, address)));
    awaitReadable(udp.from());
    assertEquals(8, interrupted(() -> udp.from().receive(buffer, 0, 8)));
  }

  @Test
  void messagesAndBatchesAreMadeAgain() throws IOException {
    Udp udp = udp();
    MemorySegment buffer = arena.allocate(8);
    var address = new NativeAddress();
    var control = closing(new ControlData(interruptions().platform()));
    assertEquals(8, interrupted(() -> udp.from().sendMessage(buffer, 0, 8, null, control)));
    awaitReadable(udp.to());
    assertEquals(8, interrupted(() -> udp.to().receiveMessage(buffer, 0, 8, address, control)));
    var batch = new DatagramBatch(interruptions().platform(), arena.allocate(8), 1);
    assertEquals(1, interrupted(() -> udp.from().sendBatch(batch, 0, 1)));
    awaitReadable(udp.to());
    assertEquals(1, interrupted(() -> udp.to().receiveBatch(batch)));
  }

  @Test
  void theErrorQueueIsAskedAgain() throws IOException {
    Udp udp = udp();
    var control = closing(new ControlData(interruptions().platform()));
    MemorySegment buffer = arena.allocate(8);
    try {
      var to = new NativeAddress();
      long none = interrupted(() -> udp.to().receiveError(buffer, 0, 8, to, control));
      assertEquals(IoStatus.WOULD_BLOCK, none);
    } catch (mill.natives.ErrnoException e) {
      assertEquals("EOPNOTSUPP", e.errnoName(), "this system has no error queue");
      assertEquals(0, interruptions().left(), "it was made again");
    }
  }

  @Test
  void messagesOfAUnixStreamAreMadeAgain() throws IOException {
    UnixStream.Pair pair = UnixStream.pair(interruptions().platform());
    UnixStream from = closing(pair.first());
    UnixStream to = closing(pair.second());
    var control = closing(new ControlData(interruptions().platform()));
    MemorySegment buffer = arena.allocate(8);
    assertEquals(8, interrupted(() -> from.sendMessage(buffer, 0, 8, control)));
    awaitReadable(to);
    assertEquals(8, interrupted(() -> to.receiveMessage(buffer, 0, 8, control)));
  }

  @Test
  void transfersOfAPipeAreMadeAgain() throws IOException {
    PipePair pipe = PipePair.open(interruptions().platform());
    closing(pipe.source());
    closing(pipe.sink());
    MemorySegment buffer = arena.allocate(8);
    assertEquals(8, interrupted(() -> pipe.sink().write(buffer, 0, 8)));
    awaitReadable(pipe.source());
    assertEquals(8, interrupted(() -> pipe.source().read(buffer, 0, 8)));
  }

  @Test
  void aTransferThatIsInterruptedForEverWouldBlock() throws IOException {
    Udp udp = udp();
    MemorySegment buffer = arena.allocate(8);
    udp.from().send(buffer, 0, 8);
    awaitReadable(udp.to());
    interruptions().next(1_000);
    assertEquals(IoStatus.WOULD_BLOCK, udp.to().receive(buffer, 0, 8));
    assertTrue(interruptions().left() > 900, "each retry has a bound");
  }
}
