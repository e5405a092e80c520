package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import mill.core.DispatchMode;
import mill.core.EventLoop;
import mill.core.LoopConfig;
import mill.core.net.CloseCause.Kind;
import mill.natives.CurrentPlatform;
import mill.natives.net.TcpListener;
import mill.natives.net.UnixAddress;
import mill.testing.Await;
import mill.testing.OpenFds;
import mill.testnet.Net;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Connecting: each outcome is told apart, and nothing is left behind. */
class ClientTest extends ConnectionFixture {
  @AfterEach
  @Override
  void stop() {
    super.stop();
    requireAtMostOneEnd();
  }

  private InetSocketAddress nobody() throws Exception {
    try (var listener = TcpListener.bind(Net.loopback())) {
      return (InetSocketAddress) listener.localAddress();
    }
  }

  @Test
  void whatIsWrittenBeforeTheConnectionStandsGoesOutFirstAndInOrder() throws Exception {
    try (var listener = Peer.listener()) {
      heard.onOpen = c -> c.out().putAscii("three");
      Connection c =
          loops.call(() -> {
            Connection made = TcpClient.connect(loops.loop, Peer.address(listener), LINES, heard);
            made.out().putAscii("one ");
            Message message = Messages.of("two ");
            assertThat(made.write(message)).isTrue();
            message.release();
            assertThat(made.isOpen()).isFalse();
            assertThatThrownBy(made::socket).isInstanceOf(IllegalStateException.class);
            assertThat(heard.events).as("nothing is called meanwhile").isEmpty();
            return made;
          });
      try (var peer = Peer.accept(listener)) {
        assertThat(peer.read(13)).isEqualTo("one two three");
        assertThat(c.remoteAddress()).isEqualTo(Peer.address(listener));
        assertThat(c.localAddress()).isEqualTo(peer.socket.getRemoteSocketAddress());
        c.reset();
      }
    }
  }

  @Test
  void whatWasWrittenIsUndeliveredWhenNobodyListens() throws Exception {
    Connection c = TcpClient.connect(loops.loop, nobody(), LINES, heard);
    Message message = Messages.of("lost");
    boolean accepted = c.write(message);
    message.release();
    CloseCause cause = heard.ended();
    assertThat(cause.kind()).isEqualTo(Kind.REFUSED);
    assertThat(cause.opened()).isFalse();
    assertThat(cause.error()).hasMessageContaining("ECONNREFUSED");
    assertThat(cause.undeliveredBytes()).isEqualTo(accepted ? 4 : 0);
    assertThat(heard.events).containsExactly("closed REFUSED");
    assertThat(c.write(Messages.of("late"))).isFalse();
  }

  @Test
  void whatCannotBeReachedIsToldAsSuch() throws Exception {
    // A multicast address has no connections.
    TcpClient.connect(loops.loop, new InetSocketAddress(Net.ip("224.0.0.1"), 80), LINES, heard);
    assertThat(heard.ended().kind()).isEqualTo(Kind.UNREACHABLE);
    assertThat(heard.ended().opened()).isFalse();
  }

  @Test
  void aConnectThatTakesTooLongTimesOut() throws Exception {
    try (var full = new FullListener()) {
      TcpClient.connect(
          loops.loop, full.address(), LINES.connectTimeout(Duration.ofMillis(50)), heard);
      assertThat(heard.ended().kind()).isEqualTo(Kind.CONNECT_TIMEOUT);
      assertThat(heard.ended().opened()).isFalse();
    }
  }

  /** A listener whose queue is full: further connects wait. */
  private static final class FullListener implements AutoCloseable {
    final TcpListener listener = TcpListener.bind(Net.loopback(), 1);
    final java.util.List<java.net.Socket> filling = new java.util.ArrayList<>();

    FullListener() throws Exception {
      for (int i = 0; i < 8; i++) {
        var socket = new java.net.Socket();
        filling.add(socket);
        try {
          socket.connect(address(), 100);
        } catch (java.net.SocketTimeoutException e) {
          return; // it is full
        }
      }
      throw new AssertionError("the queue is never full");
    }

    InetSocketAddress address() throws Exception {
      return (InetSocketAddress) listener.localAddress();
    }

    @Override
    public void close() throws java.io.IOException {
      for (var socket : filling) {
        socket.close();
      }
      listener.close();
    }
  }

  @Test
  void cancellingInAnyStateLeaksNothing() throws Exception {
    try (var full = new FullListener();
        var listener = Peer.listener()) {
      loops.run(() -> true);
      int fds = OpenFds.count();
      var quick = LINES.closeTimeout(Duration.ofMillis(10)); // nobody accepts, or ends
      var targets =
          java.util.List.of(
              full.address(),
              Peer.address(listener),
              nobody(),
              InetSocketAddress.createUnresolved("mill.invalid", 1));
      for (InetSocketAddress target : targets) {
        for (int how = 0; how < 6; how++) {
          var each = new Recorder();
          int way = how;
          Connection c =
              loops.call(() -> {
                Connection made = TcpClient.connect(loops.loop, target, quick, each);
                if (way == 0) {
                  made.close();
                } else if (way == 1) {
                  made.reset();
                }
                return made;
              });
          if (way == 2) {
            c.close();
          } else if (way == 3) {
            c.reset();
          } else {
            loops.run(() -> true);
            if (way == 4) {
              c.close();
            } else {
              c.reset();
            }
          }
          each.ended();
          assertThat(each.closed).hasValue(1);
          assertThat(each.faults).isEmpty();
        }
      }
      Await.eventually(
          "all are back",
          () -> OpenFds.count() <= fds && loops.loop.metrics().timers().live() == 0);
    }
  }

  @Test
  void aCancelledConnectNeverOpened() throws Exception {
    try (var full = new FullListener()) {
      Connection c = TcpClient.connect(loops.loop, full.address(), LINES, heard);
      loops.run(() -> true);
      c.close();
      assertThat(heard.ended().kind()).isEqualTo(Kind.LOCAL);
      assertThat(heard.ended().opened()).isFalse();
      assertThat(heard.events).containsExactly("closed LOCAL");
    }
  }

  @Test
  void aNameIsResolvedAndOneThatThereIsNotIsToldAsSuch() throws Exception {
    try (var server = loops.listen(LINES, (c, m, at, n) -> c.out().put(m, at, n))) {
      int port = ((InetSocketAddress) server.localAddress()).getPort();
      heard.onOpen = c -> c.out().putAscii("hello\n");
      heard.onFrame = (c, text) -> c.close();
      TcpClient.connect(
          loops.loop, InetSocketAddress.createUnresolved("localhost", port), LINES, heard);
      assertThat(heard.ended().kind()).isEqualTo(Kind.LOCAL);
      assertThat(heard.events).containsExactly("open", "frame hello\n", "closed LOCAL");
      var literal = new Recorder();
      literal.onOpen = Connection::close;
      TcpClient.connect(
          loops.loop, InetSocketAddress.createUnresolved("127.0.0.1", port), LINES, literal);
      assertThat(literal.ended().opened()).isTrue();
      var unknown = new Recorder();
      TcpClient.connect(loops.loop, Net.unresolved(), LINES, unknown);
      assertThat(unknown.ended().kind()).isEqualTo(Kind.NOT_RESOLVED);
      assertThat(unknown.ended().opened()).isFalse();
    }
  }

  // As many names as it asks for at a time are stuck, and one waits behind them.
  @Test
  void aSystemThatResolvesSlowlyHoldsUpNamesAndNeverTheLoop() throws Exception {
    var asked = new CountDownLatch(2);
    var goOn = new CountDownLatch(1);
    var resolver =
        new SystemResolver(
            loops.loop,
            CurrentPlatform.get(),
            name -> {
              asked.countDown();
              Await.await(goOn);
              return new InetAddress[] {Net.ip("127.0.0.1")};
            });
    try (var listener = Peer.listener()) {
      int port = Peer.address(listener).getPort();
      var config = LINES.resolver(resolver);
      var all = new ArrayList<Recorder>();
      for (int i = 0; i < 3; i++) {
        all.add(new Recorder());
        var name = InetSocketAddress.createUnresolved("name" + i + ".test", port);
        TcpClient.connect(loops.loop, name, config, all.get(i));
      }
      Await.await(asked);
      var other = new Recorder();
      TcpClient.connect(loops.loop, Peer.address(listener), LINES, other);
      other.connected(); // the loop goes on
      assertThat(all).allMatch(each -> each.events.isEmpty());
      goOn.countDown();
      for (Recorder each : all) {
        each.connected();
      }
    } finally {
      goOn.countDown();
      resolver.close();
    }
  }

  @Test
  void aLoopThatIsClosedEndsWhatIsOnItsWay() throws Exception {
    try (var full = new FullListener()) {
      TcpClient.connect(loops.loop, full.address(), LINES, heard);
      loops.run(() -> true);
      loops.close();
      assertThat(heard.ended().kind()).isEqualTo(Kind.SHUTDOWN);
      assertThat(heard.ended().opened()).isFalse();
      assertThatThrownBy(() -> TcpClient.connect(loops.loop, nobody(), LINES, heard))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("ended");
    }
  }

  @Test
  void aLoopThatNeverRanTellsItsConnectionsOfItsEnd() throws Exception {
    var idle = new Recorder();
    try (var other = EventLoop.open();
        var listener = Peer.listener()) {
      Connection c = TcpClient.connect(other, Peer.address(listener), LINES, idle);
      Message message = Messages.of("lost");
      assertThat(c.write(message)).isTrue();
      message.release();
    }
    assertThat(idle.ended().kind()).isEqualTo(Kind.SHUTDOWN);
    assertThat(idle.ended().undeliveredBytes()).isEqualTo(4);
    assertThat(idle.events).containsExactly("closed SHUTDOWN");
  }

  @Test
  void aLoopWithWorkersIsRefusedWithTheWayOut() throws Exception {
    var config = LoopConfig.builder().dispatch(DispatchMode.WORKERS).build();
    try (var workers = EventLoop.open(config)) {
      assertThatThrownBy(() -> TcpClient.connect(workers, Net.loopback(1), LINES, heard))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("offload");
      assertThatThrownBy(() -> TcpServer.listen(workers, Net.loopback(), LINES, () -> heard))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("offload");
    }
  }

  @Test
  void aClientRefusesALimitOfConnections() {
    assertThatThrownBy(
            () -> TcpClient.connect(loops.loop, Net.loopback(1), LINES.maxConnections(1, 1), heard))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("maxConnections");
  }

  @Test
  void unixSocketsAreServedAndConnectedTo(@TempDir Path folder) throws Exception {
    Net.assumeUnixSockets();
    var address = UnixAddress.of(folder.resolve("socket"));
    try (var server =
        TcpServer.listen(
            loops.loop, address, LINES, () -> (c, m, at, n) -> c.out().put(m, at, n))) {
      heard.onOpen = c -> c.out().putAscii("hello\n");
      heard.onFrame = (c, text) -> c.end();
      Connection c = TcpClient.connect(loops.loop, address, LINES, heard);
      assertThat(heard.ended().kind()).isEqualTo(Kind.LOCAL);
      assertThat(heard.events).containsExactly("open", "frame hello\n", "end", "closed LOCAL");
      assertThat(c.remoteAddress()).isEqualTo(address);
      assertThat(server.localAddress()).isEqualTo(address);
    }
    Files.deleteIfExists(folder.resolve("socket"));
    var nobody = new Recorder();
    TcpClient.connect(loops.loop, address, LINES, nobody);
    assertThat(nobody.ended().kind()).isEqualTo(Kind.REFUSED);
  }

  @Test
  void aReplyThatComesWithTheConnectIsRead() throws Exception {
    try (var listener = Peer.listener()) {
      TcpClient.connect(loops.loop, Peer.address(listener), LINES, heard);
      try (var peer = Peer.accept(listener)) {
        peer.send("first\n");
        peer.end();
        assertThat(new String(peer.readAll(), StandardCharsets.UTF_8)).isEmpty();
      }
      assertThat(heard.ended().kind()).isEqualTo(Kind.PEER_END);
      assertThat(heard.events).containsExactly("open", "frame first\n", "end", "closed PEER_END");
    }
  }
}
