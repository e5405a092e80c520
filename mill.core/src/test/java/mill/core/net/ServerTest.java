package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import mill.core.EventLoop;
import mill.core.ShutdownReport;
import mill.core.group.EventLoopGroup;
import mill.core.group.LoopGroupConfig;
import mill.core.net.CloseCause.Kind;
import mill.natives.CurrentPlatform;
import mill.natives.net.UnixAddress;
import mill.natives.net.UnixStream;
import mill.testing.Await;
import mill.testnet.Net;
import org.junit.jupiter.api.Test;

/** A server: its limits, its pauses, its shutdown, on one loop and on a group. */
class ServerTest extends ConnectionFixture {
  private static final ConnectionHandler ECHO = (c, m, at, n) -> c.out().put(m, at, n);

  @Test
  void atTheLimitTheNextWaitsAndEntersWhenOneLeaves() throws Exception {
    try (var server = loops.listen(LINES.maxConnections(2, ConnectionConfig.NO_LIMIT), ECHO);
        var one = Peer.connect(server);
        var two = Peer.connect(server);
        var three = Peer.connect(server)) {
      assertThat(one.send("1\n").read(2)).isEqualTo("1\n");
      assertThat(two.send("2\n").read(2)).isEqualTo("2\n");
      three.send("3\n");
      loops.run(() -> true);
      assertThat(server.connections()).isEqualTo(2);
      assertThat(three.in().available()).isZero();
      one.leave();
      assertThat(three.read(2)).isEqualTo("3\n");
      assertThat(server.refused()).isZero();
    }
  }

  @Test
  void beyondTheLimitOfAnAddressOneIsClosedAndCounted() throws Exception {
    try (var server = loops.listen(LINES.maxConnections(10, 1), ECHO);
        var one = Peer.connect(server)) {
      assertThat(one.send("1\n").read(2)).isEqualTo("1\n");
      try (var two = Peer.connect(server)) {
        assertThat(two.readAll()).isEmpty();
      }
      assertThat(server.refused()).isEqualTo(1);
      one.leave();
      Await.eventually("it has left", () -> server.connections() == 0);
      try (var three = Peer.connect(server)) {
        assertThat(three.send("3\n").read(2)).isEqualTo("3\n");
      }
    }
  }

  // EMFILE, 25 ms apart, with a connection that waits: nobody else comes to wake the server.
  @Test
  void aServerWithoutDescriptorsAcceptsWhoWaitsWhenThereAreSomeAgain() throws Exception {
    int exhausted = CurrentPlatform.get().errnos().number("EMFILE");
    var spy = new SpyPlatform();
    try (var watched = Loops.start(spy.platform());
        var server = watched.listen(LINES, ECHO);
        var before = Peer.connect(server)) {
      assertThat(before.send("1\n").read(2)).isEqualTo("1\n");
      spy.acceptResult = () -> -exhausted;
      try (var waits = Peer.connect(server)) {
        waits.send("2\n");
        Await.eventually("it tries", () -> server.acceptPauses() >= 3);
        assertThat(before.send("1\n").read(2)).isEqualTo("1\n");
        int tries = spy.count("accept");
        assertThat(tries).as("it does not spin").isLessThan(100);
        spy.acceptResult = () -> 0;
        assertThat(waits.read(2)).isEqualTo("2\n");
        assertThat(server.failure()).isEmpty();
      }
    }
  }

  // A hundred bytes of each idle connection less.
  @Test
  void connectionsToOneAddressHaveOneObjectOfIt() throws Exception {
    var accepted = new LinkedBlockingQueue<Connection>();
    ConnectionHandler keeps = (c, memory, offset, length) -> accepted.add(c);
    try (var server = loops.listen(LINES, keeps);
        var one = Peer.connect(server);
        var two = Peer.connect(server)) {
      one.send("1\n");
      two.send("2\n");
      Connection first = accepted.poll(Await.PATIENCE_NS, TimeUnit.NANOSECONDS);
      Connection second = accepted.poll(Await.PATIENCE_NS, TimeUnit.NANOSECONDS);
      assertThat(first.localAddress()).isEqualTo(server.localAddress());
      assertThat(second.localAddress()).isSameAs(first.localAddress());
    }
  }

  @Test
  void acceptingPausesAndGoesOn() throws Exception {
    try (var server = loops.listen(LINES, ECHO)) {
      server.pauseAccept(true);
      try (var one = Peer.connect(server)) {
        one.send("1\n");
        loops.run(() -> true);
        assertThat(server.connections()).isZero();
        server.pauseAccept(false);
        assertThat(one.read(2)).isEqualTo("1\n");
        server.pauseAccept(true);
        server.pauseAccept(false);
        assertThat(one.send("2\n").read(2)).isEqualTo("2\n");
      }
    }
  }

  @Test
  void aClosedServerListensNoMoreAndItsConnectionsGoOn() throws Exception {
    var server = loops.listen(LINES, ECHO);
    try (var one = Peer.connect(server)) {
      assertThat(one.send("1\n").read(2)).isEqualTo("1\n");
      server.close();
      server.close();
      assertThat(one.send("2\n").read(2)).isEqualTo("2\n");
      Net.requireRefused(server.localAddress());
      assertThat(server.connections()).isEqualTo(1);
    }
  }

  @Test
  void aFactoryThatThrowsResetsAndTheServerGoesOn() throws Exception {
    var first = new java.util.concurrent.atomic.AtomicBoolean(true);
    try (var server =
        loops.listen(
            LINES,
            () -> {
              if (first.getAndSet(false)) {
                throw new IllegalStateException("planted");
              }
              return ECHO;
            })) {
      assertThatThrownBy(
              () -> {
                try (var one = Peer.connect(server)) {
                  one.readAll();
                }
              })
          .isInstanceOf(SocketException.class); // perhaps as it connects already
      try (var two = Peer.connect(server)) {
        assertThat(two.send("2\n").read(2)).isEqualTo("2\n");
      }
    }
  }

  @Test
  void forEachGoesInTheOrderOfAccepting() throws Exception {
    try (var server = loops.listen(LINES, ECHO)) {
      var peers = new ArrayList<Peer>();
      for (int i = 0; i < 5; i++) {
        peers.add(Peer.connect(server));
        int now = i + 1;
        Await.eventually("it is there", () -> server.connections() == now);
      }
      peers.remove(2).leave();
      Await.eventually("it is gone", () -> server.connections() == 4);
      var seen = new CopyOnWriteArrayList<Object>();
      server.forEach(c -> seen.add(c.remoteAddress()));
      loops.run(() -> true);
      assertThat(seen)
          .containsExactlyElementsOf(
              peers.stream().map(peer -> (Object) peer.socket.getLocalSocketAddress()).toList());
      for (Peer peer : peers) {
        peer.leave();
      }
    }
  }

  @Test
  void aShutdownDeliversOrReportsEveryByte() throws Exception {
    int connections = 8;
    int each = 6 << 20; // more than the system takes for who reads nothing
    heard.onOpen = c -> c.out().put(new byte[each], 0, each);
    var server =
        loops.listen(
            LINES,
            () -> {
              var recorder = new Recorder();
              recorder.onOpen = heard.onOpen;
              return recorder;
            });
    var peers = new ArrayList<Peer>();
    for (int i = 0; i < connections; i++) {
      peers.add(i % 4 == 0 ? Peer.connect(server) : Peer.slow(server));
    }
    Await.eventually("all are there", () -> server.connections() == connections);
    var reading = new ArrayList<java.util.concurrent.FutureTask<Long>>();
    for (int i = 0; i < connections; i += 2) { // the others read nothing
      reading.add(Await.inBackground("reader", peers.get(i)::skipAll));
    }
    ShutdownReport report = Await.outcomeOf(server.shutdown(Duration.ofMillis(500)));
    long delivered = 0;
    for (var reader : reading) {
      delivered += Await.outcome(reader);
    }
    for (int i = 1; i < connections; i += 2) {
      delivered += peers.get(i).skipAll();
    }
    assertThat(report.undeliveredBytes()).isPositive();
    assertThat(report.listenersClosed()).isEqualTo(1);
    assertThat(report.ended() + report.forced()).isEqualTo(connections);
    assertThat(delivered + report.undeliveredBytes()).isEqualTo((long) connections * each);
    assertThat(server.connections()).isZero();
    for (Peer peer : peers) {
      peer.leave();
    }
  }

  @Test
  void aShutdownTellsEachHandlerOnceAndEndsInTime() throws Exception {
    var server = loops.listen(LINES, heard);
    try (var peer = Peer.connect(server)) {
      heard.connected();
      heard.onShutdown =
          c -> {
            c.out().putAscii("bye\n");
            c.close();
          };
      var first = server.shutdown(Duration.ofSeconds(10));
      var second = server.shutdown(Duration.ofSeconds(10));
      assertThat(new String(peer.readAll(), StandardCharsets.UTF_8)).isEqualTo("bye\n");
      peer.leave();
      ShutdownReport report = Await.outcomeOf(first);
      assertThat(report.inTime()).isTrue();
      assertThat(report.ended()).isEqualTo(1);
      assertThat(report.undeliveredBytes()).isZero();
      assertThat(Await.outcomeOf(second)).isEqualTo(report);
      assertThat(heard.events).containsExactly("open", "shutdown", "closed LOCAL");
    }
  }

  @Test
  void whoDoesNotFinishInTimeIsClosedWithThatCause() throws Exception {
    heard.onShutdown = c -> {};
    var server = loops.listen(LINES, heard);
    try (var peer = Peer.connect(server)) {
      heard.connected();
      ShutdownReport report = Await.outcomeOf(server.shutdown(Duration.ofMillis(20)));
      assertThat(report.inTime()).isFalse();
      assertThat(report.forced()).isEqualTo(1);
      assertThat(heard.ended().kind()).isEqualTo(Kind.SHUTDOWN);
      assertThat(peer.readAll()).isEmpty();
    }
  }

  @Test
  void aShutdownOfTheLoopTellsTheHandlersAndReportsWhatIsLeft() throws Exception {
    heard.onOpen = c -> c.out().put(new byte[16 << 20], 0, 16 << 20);
    var server = loops.listen(LINES, heard);
    try (var peer = Peer.slow(server)) {
      heard.connected();
      ShutdownReport report = Await.outcomeOf(loops.loop.shutdown(Duration.ofMillis(50)));
      loops.runner.join();
      assertThat(heard.events).containsExactly("open", "shutdown", "closed LOCAL");
      assertThat(report.undeliveredBytes()).isPositive();
      assertThat(report.undeliveredBytes()).isEqualTo(heard.ended().undeliveredBytes());
      assertThat(peer.skipAll() + report.undeliveredBytes()).isEqualTo(16 << 20);
    }
  }

  @Test
  void aClosedLoopEndsEverythingOnce() throws Exception {
    var server = loops.listen(LINES, heard);
    try (var _ = Peer.connect(server)) {
      heard.connected();
      loops.close();
      assertThat(heard.ended().kind()).isEqualTo(Kind.SHUTDOWN);
      assertThat(heard.closed).hasValue(1);
      assertThat(server.connections()).isZero();
    }
  }

  private static EventLoopGroup group(int loops) throws Exception {
    return EventLoopGroup.open(LoopGroupConfig.builder().loops(loops).build()).start();
  }

  @Test
  void aGroupServesOnAllOfItsLoopsAndEachConnectionStaysOnOne() throws Exception {
    Set<EventLoop> used = ConcurrentHashMap.newKeySet();
    var wrong = new ConcurrentLinkedQueue<String>();
    ConnectionHandler handler =
        (c, m, at, n) -> {
          if (!c.loop().isLoopThread()) {
            wrong.add("on another thread");
          }
          used.add(c.loop());
          c.out().put(m, at, n);
        };
    try (var group = group(3);
        var server = TcpServer.listen(group, Net.loopback(), LINES, () -> handler)) {
      for (int i = 0; i < 100; i++) {
        try (var peer = Peer.connect(server)) {
          assertThat(peer.send("x\n").read(2)).isEqualTo("x\n");
        }
      }
      assertThat(used).hasSize(3);
      assertThat(wrong).isEmpty();
      Await.eventually("all have left", () -> server.connections() == 0);
    }
  }

  @Test
  void aGroupsLimitIsThatOfAllLoopsTogether() throws Exception {
    var config = LINES.maxConnections(3, ConnectionConfig.NO_LIMIT);
    try (var group = group(3);
        var server = TcpServer.listen(group, Net.loopback(), config, () -> ECHO)) {
      List<Peer> peers = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        Peer peer = Peer.connect(server);
        peer.send("x\n");
        peers.add(peer);
      }
      Await.eventually("so many are there", () -> server.connections() == 3);
      for (int i = 0; i < 12; i++) { // one after the other enters as others leave
        Peer served = null;
        while (served == null) {
          for (Peer peer : peers) {
            if (peer.in().available() > 0) {
              served = peer;
            }
          }
        }
        // A place is free when the descriptor is closed, and the handler hears of that a little
        // later.
        Await.eventually("three at most", () -> server.connections() <= 3);
        assertThat(served.read(2)).isEqualTo("x\n");
        served.leave();
        peers.remove(served);
      }
      assertThat(server.refused()).isZero();
    }
  }

  @Test
  void aGroupServesAUnixSocketByHandingOff(@org.junit.jupiter.api.io.TempDir java.nio.file.Path in)
      throws Exception {
    Set<EventLoop> used = ConcurrentHashMap.newKeySet();
    ConnectionHandler handler =
        (c, m, at, n) -> {
          used.add(c.loop());
          c.out().put(m, at, n);
        };
    Net.assumeUnixSockets();
    var address = UnixAddress.of(in.resolve("socket"));
    try (var group = group(2);
        var _ = TcpServer.listen(group, address, LINES, () -> handler)) {
      for (int i = 0; i < 4; i++) {
        try (var client = UnixStream.connect(address)) {
          Net.writeText(client, "x\n");
          assertThat(Net.readText(client, 2)).isEqualTo("x\n");
        }
      }
      assertThat(used).hasSize(2);
    }
  }

  @Test
  void aShutdownOfAServerOnAGroupReportsForAllLoops() throws Exception {
    try (var group = group(2)) {
      var server = TcpServer.listen(group, Net.loopback(), LINES, () -> ECHO);
      var peers = new ArrayList<Peer>();
      for (int i = 0; i < 20; i++) {
        peers.add(Peer.connect(server));
      }
      Await.eventually("all are there", () -> server.connections() == 20);
      var report = server.shutdown(Duration.ofSeconds(5));
      for (Peer peer : peers) {
        assertThat(peer.readAll()).isEmpty();
        peer.leave();
      }
      assertThat(Await.outcomeOf(report).ended()).isEqualTo(20);
      assertThat(Await.outcomeOf(report).inTime()).isTrue();
    }
  }
}
