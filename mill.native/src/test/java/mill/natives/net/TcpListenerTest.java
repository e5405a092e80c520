package mill.natives.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import mill.natives.CurrentPlatform;
import mill.natives.ErrnoException;
import mill.natives.Interest;
import mill.natives.Poller;
import mill.natives.Readiness;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.Sockets.Family;
import mill.testing.ChildJvm;
import mill.testnet.Net;
import mill.testnet.Net.TcpPair;
import mill.testnet.Watch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIf;

class TcpListenerTest {
  @Test
  void nobodyWaitingIsNull() throws IOException {
    try (TcpListener listener = TcpListener.bind(Net.loopback())) {
      assertThat(listener.accept()).isNull();
    }
  }

  @Test
  void connectionsAreAcceptedInTheOrderTheyCame() throws IOException {
    try (TcpListener listener = TcpListener.bind(Net.loopback())) {
      TcpStream[] clients = new TcpStream[20];
      for (int i = 0; i < clients.length; i++) {
        clients[i] = TcpStream.connect(listener.localAddress());
        Net.finishConnect(clients[i]);
      }
      for (TcpStream client : clients) {
        try (TcpStream server = listener.accept()) {
          assertThat(server).isNotNull();
          assertThat(server.remoteAddress()).isEqualTo(client.localAddress());
        }
        client.close();
      }
      assertThat(listener.accept()).isNull();
    }
  }

  @Test
  void acceptTellsWhereTheConnectionComesFrom() throws IOException {
    var peer = new NativeAddress();
    try (TcpListener listener = TcpListener.bind(Net.loopback());
        TcpStream client = TcpStream.connect(listener.localAddress())) {
      Net.untilReady(listener, Interest.READABLE);
      try (TcpStream server = listener.accept(peer)) {
        assertThat(server).isNotNull();
        assertThat(CurrentPlatform.get().addresses().decode(peer)).isEqualTo(client.localAddress());
      }
      assertThat(listener.accept(peer)).isNull();
      assertThat(peer.length()).as("no address").isZero();
    }
  }

  @Test
  void acceptedConnectionsDoNotBlock() throws IOException {
    try (TcpPair tcp = Net.tcpPair();
        Arena arena = Arena.ofConfined()) {
      assertThat(tcp.server().read(arena.allocate(1))).isEqualTo(IoStatus.WOULD_BLOCK);
    }
  }

  @Test
  void portInUseIsSaidWithItsNumber() throws IOException {
    try (TcpListener listener = TcpListener.bind(Net.loopback())) {
      var address = (InetSocketAddress) listener.localAddress();
      assertThatThrownBy(() -> TcpListener.bind(address))
          .isInstanceOfSatisfying(
              ErrnoException.class, e -> assertThat(e.errnoName()).isEqualTo("EADDRINUSE"))
          .hasMessage("bind(/127.0.0.1:" + address.getPort() + "): EADDRINUSE (errno 98)");
    }
  }

  @Test
  void portIsFreeAgainThoughOldConnectionsLinger() throws IOException {
    InetSocketAddress address;
    try (TcpListener listener = TcpListener.bind(Net.loopback());
        TcpPair tcp = Net.tcpPair(listener)) {
      address = (InetSocketAddress) listener.localAddress();
      tcp.server().close(); // the side that closes first keeps the port in TIME_WAIT
      Net.untilReady(tcp.client(), Interest.READABLE);
    }
    try (TcpListener again = TcpListener.bind(address)) {
      assertThat(again.localAddress()).isEqualTo(address);
    }
  }

  @Test
  void addressOfAnotherMachineIsRefused() {
    // TEST-NET-1, RFC 5737: nobody has it.
    assertThatThrownBy(() -> TcpListener.bind(new InetSocketAddress(Net.ip("192.0.2.1"), 0)))
        .hasMessage("bind(/192.0.2.1:0): EADDRNOTAVAIL (errno 99)");
  }

  @Test
  void backlogBelowOneIsRefused() throws IOException {
    try (TcpListener listener = TcpListener.open(Family.INET)) {
      listener.bindTo(Net.loopback());
      assertThatThrownBy(() -> listener.listen(0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("at least 1, not 0");
    }
  }

  @Test
  void acceptWithoutListeningFails() throws IOException {
    try (TcpListener listener = TcpListener.open(Family.INET)) {
      listener.bindTo(Net.loopback());
      assertThatThrownBy(listener::accept).hasMessage("accept: EINVAL (errno 22)");
    }
  }

  @Test
  void closedListenerRefusesToAccept() throws IOException {
    TcpListener listener = TcpListener.bind(Net.loopback());
    listener.close();
    assertThatThrownBy(listener::accept).isInstanceOf(ClosedChannelException.class);
    assertThatThrownBy(listener::localAddress).isInstanceOf(ClosedChannelException.class);
  }

  @Test
  void closedListenerResetsWhoWaits() throws IOException {
    TcpListener listener = TcpListener.bind(Net.loopback());
    try (TcpStream client = TcpStream.connect(listener.localAddress());
        Watch watch = Watch.open()) {
      Net.finishConnect(client);
      watch.register(client, 1, Interest.READABLE);
      listener.close();
      watch.await(1, Readiness.ERROR);
    }
  }

  // Linux accepts a connection that was reset in the queue and reports the reset on it.
  @Test
  void connectionResetInTheQueueDisturbsNobodyElse() throws IOException {
    try (TcpListener listener = TcpListener.bind(Net.loopback());
        Arena arena = Arena.ofConfined()) {
      TcpStream dead = TcpStream.connect(listener.localAddress());
      Net.finishConnect(dead);
      try (TcpStream alive = TcpStream.connect(listener.localAddress())) {
        Net.finishConnect(alive);
        Net.reset(dead);
        int accepted = 0;
        int resets = 0;
        TcpStream server;
        while ((server = listener.accept()) != null) {
          accepted++;
          try (TcpStream closing = server) {
            if (closing.remoteAddress() == null
                || !closing.remoteAddress().equals(alive.localAddress())) {
              assertThatThrownBy(() -> closing.read(arena.allocate(1)))
                  .hasMessageContaining("ECONNRESET");
              resets++;
            }
          }
        }
        assertThat(accepted - resets).isEqualTo(1);
      }
    }
  }

  // BlueSocket#94, bun#1443: who shares a port asks for it.
  @Test
  void shardsShareTheirAddressAmongThemselvesAlone() throws IOException {
    List<TcpListener> shards = TcpListener.bindShards(CurrentPlatform.get(), Net.loopback(), 16, 3);
    try {
      SocketAddress address = shards.getFirst().localAddress();
      assertThat(shards).hasSize(3);
      for (TcpListener shard : shards) {
        assertThat(shard.localAddress()).isEqualTo(address);
      }
      assertThatThrownBy(() -> TcpListener.bind(address)).hasMessageContaining("EADDRINUSE");
      assertThatThrownBy(() -> TcpListener.bindShards(CurrentPlatform.get(), address, 16, 2))
          .hasMessageContaining("EADDRINUSE");
    } finally {
      shards.forEach(TcpListener::close);
    }
  }

  @Test
  void shardsShareTheConnections() throws IOException {
    assumeTrue(
        CurrentPlatform.get().balancesListeners(), "this kernel does not spread connections");
    List<TcpListener> shards =
        TcpListener.bindShards(CurrentPlatform.get(), Net.loopback(), 128, 2);
    List<TcpStream> clients = new ArrayList<>();
    try {
      for (int i = 0; i < 64; i++) {
        clients.add(TcpStream.connect(shards.getFirst().localAddress()));
        Net.finishConnect(clients.getLast());
      }
      assertThat(acceptAll(shards.get(0))).as("of 64, by a hash").isBetween(1, 63);
      assertThat(acceptAll(shards.get(1))).isBetween(1, 63);
    } finally {
      clients.forEach(TcpStream::close);
      shards.forEach(TcpListener::close);
    }
  }

  @Test
  void fewerThanOneShardIsRefused() {
    assertThatThrownBy(() -> TcpListener.bindShards(CurrentPlatform.get(), Net.loopback(), 16, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at least 1, not 0");
  }

  private static int acceptAll(TcpListener listener) throws IOException {
    int accepted = 0;
    TcpStream stream;
    while ((stream = listener.accept()) != null) {
      stream.close();
      accepted++;
    }
    return accepted;
  }

  static boolean noIpv6() {
    try (TcpListener listener = TcpListener.bind(Net.loopback6(0))) {
      return listener == null;
    } catch (IOException e) {
      return true;
    }
  }

  @Test
  @DisabledIf(value = "noIpv6", disabledReason = "this machine has no ::1")
  void ipv6ConnectionsWork() throws IOException {
    try (TcpListener listener = TcpListener.bind(Net.loopback6(0));
        TcpPair tcp = Net.tcpPair(listener)) {
      assertThat(((InetSocketAddress) tcp.server().remoteAddress()).getAddress())
          .isEqualTo(Net.ip("::1"));
      Net.writeText(tcp.client(), "six");
      assertThat(Net.readText(tcp.server(), 3)).isEqualTo("six");
    }
  }

  @Test
  @DisabledIf(value = "noIpv6", disabledReason = "this machine has no ::1")
  void dualStackListenerAcceptsIpv4UnderItsOwnAddress() throws IOException {
    try (TcpListener listener = TcpListener.open(Family.INET6)) {
      listener.setOption(SockOpt.IPV6_V6ONLY, false);
      listener.bindTo(new InetSocketAddress(Net.ip("::"), 0));
      listener.listen(4);
      int port = ((InetSocketAddress) listener.localAddress()).getPort();
      try (TcpPair tcp = Net.tcpPair(listener, Net.loopback(port))) {
        assertThat(tcp.server().remoteAddress()).isEqualTo(tcp.client().localAddress());
      }
      try (TcpPair tcp = Net.tcpPair(listener, Net.loopback6(port))) {
        assertThat(tcp.server().remoteAddress()).isEqualTo(tcp.client().localAddress());
      }
    }
  }

  @Test
  @DisabledIf(value = "noIpv6", disabledReason = "this machine has no ::1")
  void ipv6SocketConnectsToAnIpv4Address() throws IOException {
    try (TcpListener listener = TcpListener.bind(Net.loopback());
        TcpStream client = TcpStream.open(Family.INET6)) {
      client.startConnect(listener.localAddress());
      Net.finishConnect(client);
      assertThat(client.remoteAddress()).isEqualTo(listener.localAddress());
    }
  }

  @Test
  @DisabledIf(value = "noIpv6", disabledReason = "this machine has no ::1")
  void ipv4WildcardIsTheWildcardOfADualStackSocketToo() throws IOException {
    try (TcpListener listener = TcpListener.open(Family.INET6)) {
      listener.bindTo(new InetSocketAddress(Net.ip("0.0.0.0"), 0));
      assertThat(((InetSocketAddress) listener.localAddress()).getAddress())
          .isEqualTo(Net.ip("::"));
    }
  }

  @Test
  void everyPortSurvivesTheWayThroughTheKernel() throws IOException {
    try (TcpListener listener = TcpListener.bind(Net.loopback())) {
      int port = ((InetSocketAddress) listener.localAddress()).getPort();
      assertThat(port).isBetween(1, 65_535);
      // The JDK's own socket reads the port the other way.
      try (var jdk = new Socket()) {
        jdk.connect(Net.loopback(port));
        try (TcpStream server = Net.accept(listener)) {
          assertThat(((InetSocketAddress) server.remoteAddress()).getPort())
              .isEqualTo(jdk.getLocalPort());
        }
      }
    }
  }

  @Test
  void descriptorsRunningOutIsSaidAndPasses() throws Exception {
    ChildJvm.Outcome outcome = ChildJvm.of(RunOut.class).withDescriptorLimit(64).run();
    assertThat(outcome.exitCode()).as("%s", outcome).isZero();
    assertThat(outcome.out()).contains("accepts again");
  }

  /** Opens connections until there are no descriptors left. */
  static final class RunOut {
    public static void main(String[] arguments) throws Exception {
      try (TcpListener listener = TcpListener.bind(Net.loopback());
          Watch watch = Watch.open()) {
        // A class that is not loaded yet would need a descriptor for its file.
        Net.tcpPair().close();
        PipePair.open().close();
        UnixStream.pair().first().close();
        Poller.open().close();
        expect("ENOENT", () -> UnixStream.connect(UnixAddress.of(Path.of("/nowhere/at/all"))));
        watch.register(listener, 1, Interest.READABLE);
        try (TcpStream early = TcpStream.connect(listener.localAddress())) {
          watch.await(1, Readiness.READABLE);
          early.finishConnect();
          TcpStream accepted = listener.accept();
          if (accepted != null) {
            accepted.close();
          }
        }
        var clients = new ArrayList<TcpStream>();
        var held = new ArrayList<TcpStream>();
        expect(
            "socket(INET, STREAM): EMFILE",
            () -> {
              while (true) {
                clients.add(TcpStream.connect(listener.localAddress()));
              }
            });
        expect("EMFILE", PipePair::open);
        expect("EMFILE", UnixStream::pair);
        expect("epoll_create1: EMFILE", Poller::open);
        watch.await(1, Readiness.READABLE);
        expect("accept: EMFILE (errno 24)", listener::accept);
        clients.removeLast().close();
        expect("eventfd: EMFILE", Poller::open);
        watch.await(1, Readiness.READABLE);
        held.add(listener.accept());
        if (held.getLast() == null) {
          throw new AssertionError("the connection should still have waited");
        }
        expect("accept: EMFILE (errno 24)", listener::accept);
        held.removeLast().close();
        clients.forEach(TcpStream::close);
        TcpStream accepted;
        while ((accepted = listener.accept()) != null) {
          accepted.close();
        }
        System.out.println("accepts again");
      }
    }

    private static void expect(String message, Callable<?> call) throws Exception {
      try {
        call.call();
      } catch (ErrnoException e) {
        if (e.getMessage().contains(message)) {
          return;
        }
        throw new AssertionError("expected " + message, e);
      }
      throw new AssertionError("expected " + message);
    }
  }
}
