package mill.natives.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import mill.natives.CurrentPlatform;
import mill.natives.ErrnoException;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.Sockets.Family;
import mill.testnet.Net;
import mill.testnet.Watch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class UdpSocketTest {
  private final Arena arena = Arena.ofShared();
  private final NativeAddress from = new NativeAddress();
  private UdpSocket one;
  private UdpSocket two;

  @BeforeEach
  void open() throws IOException {
    one = UdpSocket.bind(Net.loopback());
    two = UdpSocket.bind(Net.loopback());
  }

  @AfterEach
  void close() {
    one.close();
    two.close();
    arena.close();
  }

  @Test
  void datagramArrivesWithItsSender() throws IOException {
    assertThat(one.sendTo(Net.utf8(arena, "hello"), 0, 5, two.localAddress())).isEqualTo(5);
    assertThat(receiveFrom(two, 64)).isEqualTo("hello");
    assertThat(CurrentPlatform.get().addresses().decode(from)).isEqualTo(one.localAddress());
  }

  @Test
  void senderIsAnsweredWithoutDecodingItsAddress() throws IOException {
    for (int i = 0; i < 100; i++) {
      one.sendTo(Net.utf8(arena, "ping"), 0, 4, two.localAddress());
      assertThat(receiveFrom(two, 64)).isEqualTo("ping");
      assertThat(two.sendTo(Net.utf8(arena, "pong"), 0, 4, from)).isEqualTo(4);
      assertThat(receiveFrom(one, 64)).isEqualTo("pong");
    }
  }

  @Test
  void nothingThereWouldBlockAndLeavesNoAddress() throws IOException {
    MemorySegment buffer = arena.allocate(8);
    one.sendTo(buffer, 0, 1, two.localAddress());
    receiveFrom(two, 8);
    assertThat(two.receiveFrom(buffer, 0, 8, from)).isEqualTo(IoStatus.WOULD_BLOCK);
    assertThat(from.length()).isZero();
    assertThat(CurrentPlatform.get().addresses().decode(from)).isNull();
    assertThat(two.receive(buffer, 0, 8)).isEqualTo(IoStatus.WOULD_BLOCK);
  }

  @Test
  void emptyDatagramIsADatagram() throws IOException {
    MemorySegment buffer = arena.allocate(8);
    assertThat(one.sendTo(buffer, 0, 0, two.localAddress())).isZero();
    Net.untilReady(two, Interest.READABLE);
    assertThat(two.receiveFrom(buffer, 0, 8, from)).isZero();
    assertThat(from.length()).isPositive();
    assertThat(two.receiveFrom(buffer, 0, 8, from)).isEqualTo(IoStatus.WOULD_BLOCK);
  }

  @Test
  void whatDoesNotFitIsLost() throws IOException {
    one.sendTo(Net.utf8(arena, "0123456789"), 0, 10, two.localAddress());
    one.sendTo(Net.utf8(arena, "next"), 0, 4, two.localAddress());
    assertThat(receiveFrom(two, 4)).isEqualTo("0123");
    assertThat(receiveFrom(two, 64)).isEqualTo("next");
  }

  @Test
  void messagesKeepTheirBoundsAndOrder() throws IOException {
    for (int i = 0; i < 50; i++) {
      one.sendTo(Net.utf8(arena, "n" + i), 0, ("n" + i).length(), two.localAddress());
    }
    for (int i = 0; i < 50; i++) {
      assertThat(receiveFrom(two, 64)).isEqualTo("n" + i);
    }
  }

  @Test
  void onlyTheGivenRangeIsTransferred() throws IOException {
    one.sendTo(Net.utf8(arena, "0123456789"), 2, 3, two.localAddress());
    MemorySegment into = Net.utf8(arena, "..........");
    Net.untilReady(two, Interest.READABLE);
    assertThat(two.receiveFrom(into, 6, 4, from)).isEqualTo(3);
    assertThat(Net.text(into, 10)).isEqualTo("......234.");
  }

  @Test
  void connectedSocketSendsAndReceivesWithoutAddresses() throws IOException {
    assertThat(one.remoteAddress()).isNull();
    one.connect(two.localAddress());
    assertThat(one.remoteAddress()).isEqualTo(two.localAddress());
    assertThat(one.send(Net.utf8(arena, "hi"), 0, 2)).isEqualTo(2);
    assertThat(receiveFrom(two, 8)).isEqualTo("hi");
    two.sendTo(Net.utf8(arena, "back"), 0, 4, from);
    MemorySegment buffer = arena.allocate(8);
    Net.untilReady(one, Interest.READABLE);
    assertThat(one.receive(buffer, 0, 8)).isEqualTo(4);
    assertThat(Net.text(buffer, 4)).isEqualTo("back");
  }

  @Test
  void connectedSocketHearsItsPeerAlone() throws IOException {
    try (UdpSocket stranger = UdpSocket.bind(Net.loopback())) {
      one.connect(two.localAddress());
      stranger.sendTo(Net.utf8(arena, "psst"), 0, 4, one.localAddress());
      two.sendTo(Net.utf8(arena, "peer"), 0, 4, one.localAddress());
      assertThat(receiveFrom(one, 8)).isEqualTo("peer");
      assertThat(one.receive(arena.allocate(8), 0, 8)).isEqualTo(IoStatus.WOULD_BLOCK);
    }
  }

  @Test
  void sendingWithoutAPeerFails() {
    assertThatThrownBy(() -> one.send(arena.allocate(1), 0, 1))
        .isInstanceOfSatisfying(
            ErrnoException.class, e -> assertThat(e.errnoName()).isIn("EDESTADDRREQ", "ENOTCONN"));
  }

  @Test
  void datagramThatIsTooLongFails() {
    assertThatThrownBy(() -> one.sendTo(arena.allocate(70_000), 0, 70_000, two.localAddress()))
        .isInstanceOfSatisfying(
            ErrnoException.class, e -> assertThat(e.errnoName()).isEqualTo("EMSGSIZE"));
  }

  @Test
  void failureTellsWhereToTheDatagramWasToGo() throws IOException {
    SocketAddress to = two.localAddress();
    MemorySegment tooLong = arena.allocate(70_000);
    assertThatThrownBy(() -> one.sendTo(tooLong, 0, 70_000, to))
        .hasMessage("sendto(" + to + "): EMSGSIZE (errno 90)");
    CurrentPlatform.get().addresses().encode(to, Family.INET, from);
    assertThatThrownBy(() -> one.sendTo(tooLong, 0, 70_000, from))
        .hasMessage("sendto(" + to + "): EMSGSIZE (errno 90)");
  }

  @Test
  void connectedSocketHearsThatNobodyIsThere() throws IOException {
    SocketAddress nobody = two.localAddress();
    two.close();
    one.connect(nobody);
    one.send(arena.allocate(1), 0, 1);
    try (Watch watch = Watch.open()) {
      watch.register(one, 1, Interest.READABLE);
      assertThat(watch.await(1, Readiness.ERROR).isReadable()).isTrue();
    }
    assertThatThrownBy(() -> one.receive(arena.allocate(8), 0, 8))
        .hasMessage("recv: ECONNREFUSED (errno 111)");
    assertThat(one.receive(arena.allocate(8), 0, 8))
        .as("and goes on")
        .isEqualTo(IoStatus.WOULD_BLOCK);
  }

  @Test
  void addressInUseIsSaid() throws IOException {
    SocketAddress taken = one.localAddress();
    assertThatThrownBy(() -> UdpSocket.bind(taken)).hasMessageContaining("EADDRINUSE");
  }

  @Test
  void unboundSocketGetsAPortWhenItSends() throws IOException {
    try (UdpSocket unbound = UdpSocket.open(Family.INET)) {
      assertThat(((InetSocketAddress) unbound.localAddress()).getPort()).isZero();
      unbound.sendTo(arena.allocate(1), 0, 1, two.localAddress());
      assertThat(((InetSocketAddress) unbound.localAddress()).getPort()).isPositive();
    }
  }

  @Test
  void fullReceiverLosesDatagramsAndTheSenderGoesOn() throws IOException {
    two.setOption(SockOpt.SO_RCVBUF, 4 << 10);
    MemorySegment kilobyte = arena.allocate(1 << 10);
    for (int i = 0; i < 200; i++) {
      assertThat(one.sendTo(kilobyte, 0, 1 << 10, two.localAddress())).isEqualTo(1 << 10);
    }
    int received = 0;
    while (two.receive(kilobyte, 0, 1 << 10) != IoStatus.WOULD_BLOCK) {
      received++;
    }
    assertThat(received).isBetween(1, 199);
  }

  private String receiveFrom(UdpSocket socket, int capacity) throws IOException {
    MemorySegment buffer = arena.allocate(capacity);
    int received;
    while ((received = socket.receiveFrom(buffer, 0, capacity, from)) == IoStatus.WOULD_BLOCK) {
      Net.untilReady(socket, Interest.READABLE);
    }
    return Net.text(buffer, received);
  }
}
