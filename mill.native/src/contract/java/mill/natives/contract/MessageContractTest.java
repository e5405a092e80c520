package mill.natives.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.natives.net.IoStatus;
import mill.natives.net.PipePair;
import mill.natives.net.RawFd;
import mill.natives.net.SockOpt;
import mill.natives.net.UdpSocket;
import mill.natives.net.UnixAddress;
import mill.natives.net.UnixDatagram;
import mill.natives.net.UnixStream;
import mill.natives.platform.ControlData;
import mill.natives.platform.DatagramBatch;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.Sockets.Family;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What messages with control data and batches of datagrams promise. */
class MessageContractTest extends PlatformContract {
  @TempDir Path folder;

  private UdpSocket socket() throws IOException {
    return closing(UdpSocket.bind(platform(), loopback()));
  }

  private ControlData control() {
    return closing(new ControlData(platform()));
  }

  private NativeAddress encoded(SocketAddress address) {
    var into = new NativeAddress();
    platform().addresses().encode(address, Family.INET, into);
    return into;
  }

  private int receive(UdpSocket socket, MemorySegment buffer, ControlData control)
      throws IOException {
    waitOnce(socket, Interest.READABLE);
    return socket.receiveMessage(buffer, 0, buffer.byteSize(), null, control);
  }

  /** Passes one descriptor over a pair of streams. */
  private ControlData passed(int fd, UnixStream.Pair pair) throws IOException {
    ControlData sent = control();
    sent.passDescriptor(fd);
    assertEquals(1, pair.first().sendMessage(bytes("x"), 0, 1, sent));
    ControlData received = control();
    waitOnce(pair.second(), Interest.READABLE);
    assertEquals(1, pair.second().receiveMessage(arena.allocate(8), 0, 8, received));
    assertEquals(1, received.descriptorCount());
    return received;
  }

  private UnixStream.Pair pair() throws IOException {
    UnixStream.Pair pair = UnixStream.pair(platform());
    closing(pair.first());
    closing(pair.second());
    return pair;
  }

  private PipePair pipe() throws IOException {
    return closing(PipePair.open(platform()));
  }

  @Test
  void aDatagramThatDoesNotFitSaysSo() throws IOException {
    UdpSocket sender = socket();
    UdpSocket receiver = socket();
    sender.sendTo(bytes("longer"), 0, 6, receiver.localAddress());
    sender.sendTo(bytes("next"), 0, 4, receiver.localAddress());
    MemorySegment small = arena.allocate(4);
    ControlData control = control();
    assertEquals(4, receive(receiver, small, control));
    assertEquals("long", text(small, 4));
    assertTrue(control.isTruncated());
    assertEquals(4, receive(receiver, small, control));
    assertEquals("next", text(small, 4));
    assertFalse(control.isTruncated());
    assertFalse(control.isControlTruncated());
    assertEquals(IoStatus.WOULD_BLOCK, receiver.receiveMessage(small, 0, 4, null, control));
  }

  @Test
  void aMessageGoesWhereItIsSentAndTellsItsSender() throws IOException {
    UdpSocket sender = socket();
    UdpSocket receiver = socket();
    ControlData control = control();
    NativeAddress to = encoded(receiver.localAddress());
    assertEquals(3, sender.sendMessage(bytes("..to."), 1, 3, to, control));
    waitOnce(receiver, Interest.READABLE);
    var from = new NativeAddress();
    MemorySegment buffer = arena.allocate(8);
    assertEquals(3, receiver.receiveMessage(buffer, 2, 6, from, control));
    assertEquals(".to", text(buffer.asSlice(2), 3));
    assertEquals(sender.localAddress(), platform().addresses().decode(from));
    sender.connect(receiver.localAddress());
    assertEquals(4, sender.sendMessage(bytes("peer"), 0, 4, null, control));
    assertEquals(4, receive(receiver, buffer, control));
  }

  private DatagramBatch batch(int capacity, int bytesEach) {
    return new DatagramBatch(platform(), arena.allocate((long) capacity * bytesEach), capacity);
  }

  private void put(DatagramBatch batch, int index, String text) {
    batch.buffer(index).copyFrom(bytes(text));
    batch.setLength(index, text.length());
  }

  /** Receives as many datagrams as there must be, in one batch or several. */
  private List<String> receive(UdpSocket socket, DatagramBatch batch, int expected)
      throws IOException {
    var texts = new ArrayList<String>();
    while (texts.size() < expected) {
      waitOnce(socket, Interest.READABLE);
      int received = socket.receiveBatch(batch);
      assertEquals(received, batch.count());
      for (int i = 0; i < received; i++) {
        texts.add(text(batch.buffer(i), batch.length(i)));
      }
    }
    return texts;
  }

  @Test
  void aBatchGoesWhereEachOfItsDatagramsIsSent() throws IOException {
    UdpSocket sender = socket();
    List<UdpSocket> receivers = List.of(socket(), socket());
    DatagramBatch sent = batch(3, 16);
    for (int i = 0; i < 3; i++) {
      put(sent, i, "number " + i);
      SocketAddress to = receivers.get(i % 2).localAddress();
      platform().addresses().encode(to, Family.INET, sent.address(i));
    }
    assertEquals(0, sender.sendBatch(sent, 3, 0));
    assertEquals(2, sender.sendBatch(sent, 1, 2));
    assertEquals(1, sender.sendBatch(sent, 0, 1));
    DatagramBatch received = batch(4, 16);
    assertEquals(List.of("number 1"), receive(receivers.get(1), received, 1));
    assertEquals(sender.localAddress(), platform().addresses().decode(received.address(0)));
    assertEquals(List.of("number 2", "number 0"), receive(receivers.get(0), received, 2));
  }

  @Test
  void whatCameInABatchIsSentBackAsItIs() throws IOException {
    UdpSocket asks = socket();
    UdpSocket answers = socket();
    asks.connect(answers.localAddress());
    DatagramBatch questions = batch(2, 16);
    put(questions, 0, "one");
    put(questions, 1, "");
    assertEquals(2, asks.sendBatch(questions, 0, 2));
    DatagramBatch batch = batch(2, 16);
    for (int answered = 0; answered < 2; answered += batch.count()) {
      receive(answers, batch, 1);
      assertEquals(batch.count(), answers.sendBatch(batch, 0, batch.count()));
    }
    assertEquals(List.of("one", ""), receive(asks, batch(2, 16), 2));
  }

  @Test
  void aBatchTellsWhichOfItsDatagramsDidNotFit() throws IOException {
    UdpSocket sender = socket();
    UdpSocket receiver = socket();
    sender.connect(receiver.localAddress());
    DatagramBatch batch = batch(1, 4);
    for (String text : new String[] {"fits", "longer", "fits"}) {
      sender.send(bytes(text), 0, text.length());
      assertEquals(List.of(text.substring(0, 4)), receive(receiver, batch, 1));
      assertEquals(text.length() > 4, batch.isTruncated(0), text);
    }
  }

  @Test
  void aBatchThatFindsNothingWouldBlock() throws IOException {
    UdpSocket receiver = socket();
    DatagramBatch batch = batch(2, 4);
    batch.setCount(2);
    assertEquals(IoStatus.WOULD_BLOCK, receiver.receiveBatch(batch));
    assertEquals(0, batch.count());
  }

  @Test
  void aBatchWhoseFirstDatagramIsRefusedSaysWhy() throws IOException {
    UdpSocket sender = socket();
    sender.connect(socket().localAddress());
    DatagramBatch batch = batch(2, 100_000);
    put(batch, 0, "fits");
    batch.setLength(1, 100_000);
    assertEquals(1, sender.sendBatch(batch, 0, 2));
    assertEquals("EMSGSIZE", errorOf(() -> sender.sendBatch(batch, 1, 1)));
  }

  @Test
  void aDescriptorIsPassedOverAStream() throws IOException {
    PipePair pipe = pipe();
    ControlData received = passed(pipe.source().fd(), pair());
    RawFd source = closing(RawFd.own(platform(), received.takeDescriptor()));
    assertEquals(-1, received.takeDescriptor());
    pipe.source().close();
    pipe.sink().write(bytes("through"), 0, 7);
    MemorySegment buffer = arena.allocate(8);
    assertEquals(7, source.read(buffer, 0, 8));
    assertEquals("through", text(buffer, 7));
  }

  @Test
  void descriptorsArePassedWithADatagram() throws IOException {
    UnixAddress name = UnixAddress.of(folder.resolve("r"));
    UnixDatagram receiver = closing(UnixDatagram.bind(platform(), name));
    UnixDatagram sender = closing(UnixDatagram.open(platform()));
    sender.connect(name);
    PipePair pipe = pipe();
    ControlData control = control();
    control.passDescriptor(pipe.source().fd());
    control.passDescriptor(pipe.sink().fd());
    assertEquals(2, sender.sendMessage(bytes("fd"), 0, 2, null, control));
    waitOnce(receiver, Interest.READABLE);
    assertEquals(2, receiver.receiveMessage(arena.allocate(8), 0, 8, null, control));
    assertEquals(2, control.descriptorCount());
    RawFd source = closing(RawFd.own(platform(), control.takeDescriptor()));
    RawFd sink = closing(RawFd.own(platform(), control.takeDescriptor()));
    assertEquals(1, sink.write(bytes("x"), 0, 1));
    assertEquals(1, source.read(arena.allocate(1), 0, 1));
  }

  // Promise 11.
  @Test
  void descriptorsThatAreNotTakenAreClosed() throws IOException {
    MemorySegment buffer = arena.allocate(8);
    for (boolean byReceiving : new boolean[] {true, false}) {
      PipePair pipe = pipe();
      UnixStream.Pair pair = pair();
      ControlData received = passed(pipe.sink().fd(), pair);
      pipe.sink().close();
      assertEquals(IoStatus.WOULD_BLOCK, pipe.source().read(buffer, 0, 8));
      if (byReceiving) {
        assertEquals(IoStatus.WOULD_BLOCK, pair.second().receiveMessage(buffer, 0, 8, received));
      } else {
        received.close();
      }
      assertEquals(0, received.descriptorCount());
      assertEquals(IoStatus.END_OF_STREAM, pipe.source().read(buffer, 0, 8));
    }
  }

  @Test
  void aDescriptorThatIsNotOpenIsNotPassed() throws IOException {
    UnixStream.Pair pair = pair();
    PipePair pipe = pipe();
    ControlData control = control();
    control.passDescriptor(pipe.source().fd());
    pipe.close();
    assertEquals("EBADF", errorOf(() -> pair.first().sendMessage(bytes("x"), 0, 1, control)));
    assertEquals(IoStatus.WOULD_BLOCK, pair.second().read(arena.allocate(8)));
  }

  @Test
  void aMessageIsSentAsSegments() throws IOException {
    UdpSocket sender = socket();
    UdpSocket receiver = socket();
    sender.connect(receiver.localAddress());
    ControlData control = control();
    control.setSegmentBytes(4);
    assertEquals(10, sender.sendMessage(bytes("0123456789"), 0, 10, null, control));
    DatagramBatch sent = batch(1, 16);
    put(sent, 0, "abcdef");
    sent.setSegmentBytes(0, 3);
    assertEquals(1, sender.sendBatch(sent, 0, 1));
    assertEquals(List.of("0123", "4567", "89", "abc", "def"), receive(receiver, batch(8, 16), 5));
  }

  @Test
  void segmentsAreReceivedAsOneMessage() throws IOException {
    UdpSocket sender = socket();
    UdpSocket receiver = socket();
    receiver.setOption(SockOpt.UDP_GRO, true);
    sender.connect(receiver.localAddress());
    ControlData control = control();
    for (int i = 0; i < 2; i++) {
      control.setSegmentBytes(4);
      assertEquals(10, sender.sendMessage(bytes("0123456789"), 0, 10, null, control));
      if (i == 0) {
        assertEquals(10, receive(receiver, arena.allocate(16), control));
        assertEquals(4, control.segmentBytes());
      } else {
        DatagramBatch batch = batch(1, 16);
        assertEquals(List.of("0123456789"), receive(receiver, batch, 1));
        assertEquals(4, batch.segmentBytes(0));
      }
    }
    sender.send(bytes("alone"), 0, 5);
    assertEquals(5, receive(receiver, arena.allocate(16), control));
    assertEquals(0, control.segmentBytes());
  }

  @Test
  void theErrorQueueTellsOfADatagramThatFoundNobody() throws IOException {
    UdpSocket sender = socket();
    sender.setOption(SockOpt.IP_RECVERR, true);
    UdpSocket gone = socket();
    SocketAddress nobody = gone.localAddress();
    gone.close();
    poller.register(sender, 1, Interest.READABLE, Trigger.LEVEL);
    ControlData control = control();
    var to = new NativeAddress();
    MemorySegment buffer = arena.allocate(8);
    assertEquals(IoStatus.WOULD_BLOCK, sender.receiveError(buffer, 0, 8, to, control));
    sender.sendTo(bytes("lost"), 0, 4, nobody);
    int bits = await(1, Readiness.ERROR);
    assertEquals(0, bits & (Readiness.READ_CLOSED | Readiness.WRITE_CLOSED));
    assertEquals(4, sender.receiveError(buffer, 0, 8, to, control));
    assertEquals("lost", text(buffer, 4));
    assertEquals(nobody, platform().addresses().decode(to));
    assertEquals("ECONNREFUSED", platform().errnos().name(control.errorNumber()));
    assertEquals(2, control.errorOrigin(), "ICMP");
    assertEquals(3, control.errorType(), "destination unreachable");
    assertEquals(3, control.errorCode(), "port unreachable");
    assertEquals(IoStatus.WOULD_BLOCK, sender.receiveError(buffer, 0, 8, to, control));
    assertEquals(0, control.errorNumber());
    assertQuiet(1);
  }
}
