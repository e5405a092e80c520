package mill.natives.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NotYetConnectedException;
import java.util.ArrayList;
import java.util.List;
import mill.natives.ErrnoException;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.platform.Sockets.Family;
import mill.testnet.Net;
import mill.testnet.Net.TcpPair;
import mill.testnet.Watch;
import org.junit.jupiter.api.Test;

class TcpConnectTest {
  @Test
  void connectSucceeds() throws IOException {
    try (TcpListener listener = TcpListener.bind(Net.loopback());
        TcpStream client = TcpStream.connect(listener.localAddress())) {
      Net.finishConnect(client);
      assertThat(client.isConnected()).isTrue();
      assertThat(client.finishConnect()).as("asked again").isTrue();
      assertThat(client.remoteAddress()).isEqualTo(listener.localAddress());
      try (TcpStream server = Net.accept(listener)) {
        assertThat(server.isConnected()).isTrue();
        assertThat(server.remoteAddress()).isEqualTo(client.localAddress());
        assertThat(server.localAddress()).isEqualTo(listener.localAddress());
      }
    }
  }

  @Test
  void connectIsRefusedWhereNobodyListens() throws IOException {
    SocketAddress nobody = addressOfNobody();
    assertThatThrownBy(() -> Net.finishConnect(TcpStream.connect(nobody)))
        .isInstanceOfSatisfying(
            ErrnoException.class,
            e -> {
              assertThat(e.errnoName()).isEqualTo("ECONNREFUSED");
              assertThat(e.errno()).isEqualTo(111);
              assertThat(e.call()).isEqualTo("connect(" + nobody + ")");
            });
  }

  @Test
  void refusedStreamIsClosed() throws IOException {
    try (TcpStream client = TcpStream.open(Family.INET)) {
      assertThatThrownBy(
              () -> {
                client.startConnect(addressOfNobody());
                Net.finishConnect(client);
              })
          .isInstanceOf(ErrnoException.class);
      assertThat(client.isOpen()).isFalse();
      assertThatThrownBy(client::finishConnect).isInstanceOf(ClosedChannelException.class);
    }
  }

  // A listener with a full queue leaves further connects in progress.
  @Test
  void connectInProgressHasNoOutcomeYet() throws IOException {
    List<TcpStream> clients = new ArrayList<>();
    try (TcpListener listener = TcpListener.bind(Net.loopback(), 1)) {
      TcpStream waiting = null;
      for (int i = 0; i < 64 && waiting == null; i++) {
        TcpStream client = TcpStream.connect(listener.localAddress());
        clients.add(client);
        if (!client.finishConnect()) {
          waiting = client;
        }
      }
      assertThat(waiting).as("a connect that waits").isNotNull();
      assertThat(waiting.isConnected()).isFalse();
      assertThat(waiting.remoteAddress()).isNull();
      assertThat(waiting.finishConnect()).isFalse();
      try (Arena arena = Arena.ofConfined()) {
        var buffer = arena.allocate(1);
        TcpStream pending = waiting;
        // Also so that a transfer cannot take away the error that finishConnect is to tell.
        assertThatThrownBy(() -> pending.read(buffer)).isInstanceOf(NotYetConnectedException.class);
        assertThatThrownBy(() -> pending.write(buffer))
            .isInstanceOf(NotYetConnectedException.class);
      }
      try (Watch watch = Watch.open()) {
        watch.register(waiting, 1, Interest.READABLE_WRITABLE);
        assertThat(watch.inAMoment()).isEmpty();
        // Once there is room, the kernel's next SYN gets through, about a second later.
        for (int i = 0; i < clients.size() - 1; i++) {
          TcpStream accepted = listener.accept();
          if (accepted != null) {
            clients.add(accepted);
          }
        }
        assertThat(watch.await(1, Readiness.WRITABLE).isError()).isFalse();
        assertThat(waiting.finishConnect()).isTrue();
      }
    } finally {
      clients.forEach(TcpStream::close);
    }
  }

  @Test
  void connectingTwiceIsRefused() throws IOException {
    try (TcpListener listener = TcpListener.bind(Net.loopback());
        TcpStream client = TcpStream.connect(listener.localAddress())) {
      SocketAddress address = listener.localAddress();
      assertThatThrownBy(() -> client.startConnect(address))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("connected before");
      Net.finishConnect(client);
      assertThatThrownBy(() -> client.startConnect(address))
          .isInstanceOf(IllegalStateException.class);
      assertThat(client.isOpen()).isTrue();
    }
  }

  @Test
  void finishingWhatWasNotBegunIsRefused() throws IOException {
    try (TcpStream stream = TcpStream.open(Family.INET)) {
      assertThatThrownBy(stream::finishConnect)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("no connect was begun");
      assertThat(stream.isConnected()).isFalse();
      assertThat(stream.remoteAddress()).isNull();
    }
  }

  @Test
  void unresolvedAddressIsRefusedWithAdvice() {
    for (Family family : new Family[] {Family.INET, Family.INET6}) {
      assertThatThrownBy(
              () -> {
                try (TcpStream stream = TcpStream.open(family)) {
                  stream.startConnect(Net.unresolved());
                }
              })
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("mill.invalid")
          .hasMessageContaining("resolve the name first");
    }
    assertThatThrownBy(() -> TcpStream.connect(Net.unresolved()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void addressThatDoesNotFitTheSocketIsRefused() throws IOException {
    var path = UnixDomainSocketAddress.of("/nowhere");
    assertThatThrownBy(() -> TcpStream.connect(path))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not an IP address with a port: /nowhere");
    try (TcpStream ipv4 = TcpStream.open(Family.INET)) {
      assertThatThrownBy(() -> ipv4.startConnect(Net.loopback6(1)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("IPv4 socket cannot use the IPv6 address");
      assertThatThrownBy(() -> ipv4.startConnect(path))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("a socket of family INET cannot use the address /nowhere");
      assertThat(ipv4.isOpen()).isTrue();
    }
  }

  @Test
  void refusalAtOnceLeavesNothingOpen() throws IOException {
    try (TcpStream stream = TcpStream.open(Family.INET)) {
      // A broadcast address cannot be connected to.
      assertThatThrownBy(
              () -> stream.startConnect(new InetSocketAddress(Net.ip("255.255.255.255"), 9)))
          .isInstanceOf(ErrnoException.class)
          .hasMessageContaining("connect(/255.255.255.255:9)");
      assertThat(stream.isOpen()).isFalse();
    }
  }

  @Test
  void nearEndCanBeBoundBefore() throws IOException {
    try (TcpListener listener = TcpListener.bind(Net.loopback());
        TcpStream client = TcpStream.open(Family.INET)) {
      client.bindTo(new InetSocketAddress(Net.ip("127.0.0.2"), 0));
      client.startConnect(listener.localAddress());
      Net.finishConnect(client);
      assertThat(((InetSocketAddress) client.localAddress()).getAddress())
          .isEqualTo(Net.ip("127.0.0.2"));
    }
  }

  @Test
  void closedStreamRefusesEverything() throws IOException {
    try (TcpPair tcp = Net.tcpPair();
        Arena arena = Arena.ofConfined()) {
      var buffer = arena.allocate(4);
      TcpStream closed = tcp.client();
      closed.close();
      assertThatThrownBy(() -> closed.read(buffer)).isInstanceOf(ClosedChannelException.class);
      assertThatThrownBy(() -> closed.write(buffer)).isInstanceOf(ClosedChannelException.class);
      assertThatThrownBy(closed::shutdownWrite).isInstanceOf(ClosedChannelException.class);
      assertThatThrownBy(closed::localAddress).isInstanceOf(ClosedChannelException.class);
      assertThatThrownBy(closed::remoteAddress).isInstanceOf(ClosedChannelException.class);
      assertThatThrownBy(() -> closed.getOption(SockOpt.TCP_NODELAY))
          .isInstanceOf(ClosedChannelException.class);
    }
  }

  private static SocketAddress addressOfNobody() throws IOException {
    try (TcpListener listener = TcpListener.bind(Net.loopback())) {
      return listener.localAddress();
    }
  }
}
