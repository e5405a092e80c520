package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import mill.core.EventLoop;
import mill.core.LoopRunner;
import mill.core.group.EventLoopGroup;
import mill.core.group.LoopGroupConfig;
import mill.natives.net.UnixAddress;
import mill.natives.net.UnixStream;
import mill.testing.Await;
import mill.testnet.Net;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A server on a group whose loops end, one or all: over TCP, and over the one Unix socket. */
class ServerMoveTest {
  private static final ConnectionConfig LINES = ConnectionConfig.defaults().framer(Framer.lines());

  @TempDir Path folder;
  private final Set<EventLoop> used = ConcurrentHashMap.newKeySet();
  private final ConnectionHandler echo =
      (c, m, at, n) -> {
        used.add(c.loop());
        c.out().put(m, at, n);
      };

  private static EventLoopGroup group(int loops) throws Exception {
    return EventLoopGroup.open(LoopGroupConfig.builder().loops(loops).name("moves").build());
  }

  private TcpServer listen(EventLoopGroup group, boolean unix) throws Exception {
    if (unix) {
      Net.assumeUnixSockets();
    }
    SocketAddress address = unix ? UnixAddress.of(folder.resolve("socket")) : Net.loopback();
    return TcpServer.listen(group, address, LINES, () -> echo);
  }

  private static void end(EventLoop loop, boolean closes) throws Exception {
    if (closes) {
      loop.close();
    } else {
      loop.stop();
    }
    Await.eventually("the loop has ended", loop::hasEnded);
  }

  private static void requireEcho(TcpServer server, boolean unix) throws Exception {
    if (!unix) {
      try (var peer = Peer.connect(server)) {
        assertThat(peer.send("x\n").read(2)).isEqualTo("x\n");
      }
      return;
    }
    try (var peer = UnixStream.connect(server.localAddress())) {
      Net.writeText(peer, "x\n");
      assertThat(Net.readText(peer, 2)).isEqualTo("x\n");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "true, 0, false",
    "true, 0, true",
    "true, 1, false",
    "true, 1, true",
    "false, 0, false",
    "false, 0, true",
    "false, 1, false",
    "false, 1, true"
  })
  void theLoopsThatAreLeftServeEveryConnection(boolean unix, int victim, boolean closes)
      throws Exception {
    try (var group = group(2).start();
        var server = listen(group, unix)) {
      requireEcho(server, unix);
      end(group.loops().get(victim), closes);
      used.clear();
      for (int i = 0; i < 10; i++) {
        requireEcho(server, unix);
      }
      assertThat(used).containsExactly(group.loops().get(1 - victim));
      assertThat(server.failure()).isEmpty();
      assertThat(server.refused()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theSocketMovesAsOftenAsLoopsEndAndAlsoFromOneThatNeverRan(boolean unix) throws Exception {
    try (var group = group(3)) {
      var server = listen(group, unix);
      group.loops().get(0).close(); // before any has run
      LoopRunner.start(group.loops().get(1));
      LoopRunner.start(group.loops().get(2));
      requireEcho(server, unix);
      end(group.loops().get(1), false);
      requireEcho(server, unix);
      assertThat(used).doesNotContain(group.loops().get(0));
      assertThat(server.failure()).isEmpty();
      server.close();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aServerWhoseLoopsHaveAllEndedByThemselvesSaysSoAndListensNoMore(boolean unix)
      throws Exception {
    try (var group = group(2).start();
        var server = listen(group, unix)) {
      end(group.loops().get(1), true);
      assertThat(server.failure()).isEmpty();
      end(group.loops().get(0), false);
      Await.eventually("it is told", () -> server.failure().isPresent());
      assertThat(server.failure().orElseThrow()).hasMessageContaining("all loops of the server");
      assertThatThrownBy(() -> requireEcho(server, unix)).isInstanceOf(java.io.IOException.class);
    }
  }

  @Test
  void aGroupThatIsShutDownIsNoFailureOfItsServer() throws Exception {
    var group = group(2).start();
    var server = listen(group, true);
    requireEcho(server, true);
    group.close();
    assertThat(group.isShutDown()).isTrue();
    assertThat(server.failure()).isEmpty();
  }

  @Test
  void whatIsOnItsWayToALoopThatEndsGoesToAnother() throws Exception {
    try (var group = group(2);
        var server = listen(group, true)) {
      LoopRunner.start(group.loops().get(0));
      EventLoop victim = group.loops().get(1); // which never runs
      var peers = List.of(connect(server), connect(server), connect(server), connect(server));
      for (UnixStream peer : peers) {
        Net.writeText(peer, "x\n");
      }
      Await.eventually("half of them wait", () -> victim.metrics().tasks().queued() == 2);
      victim.close();
      for (UnixStream peer : peers) {
        assertThat(Net.readText(peer, 2)).isEqualTo("x\n");
        peer.close();
      }
      assertThat(used).containsExactly(group.loops().get(0));
    }
  }

  private static UnixStream connect(TcpServer server) throws Exception {
    return UnixStream.connect(server.localAddress());
  }

  // It closed the one socket, and what the others could not take along was no socket any more.
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theOthersAcceptFromTheMomentOnThatALoopShutsDown(boolean unix) throws Exception {
    try (var group = group(2).start();
        var server = listen(group, unix)) {
      EventLoop victim = group.loops().get(0);
      var work = new CompletableFuture<Boolean>(); // which its shutdown waits for
      var _ = victim.offload(task -> Thread.ofVirtual().start(task), work::join);
      var report = victim.shutdown(Duration.ofSeconds(30)).toCompletableFuture();
      awaitTurn(victim); // at whose end it has begun
      awaitTurn(victim);
      for (int i = 0; i < 4; i++) {
        requireEcho(server, unix);
      }
      assertThat(used).doesNotContain(victim);
      assertThat(report).isNotDone();
      work.complete(true);
      report.get(10, TimeUnit.SECONDS);
      requireEcho(server, unix);
      assertThat(server.failure()).isEmpty();
    }
  }

  private static void awaitTurn(EventLoop loop) throws Exception {
    var fired = new CompletableFuture<Boolean>();
    loop.schedule(Duration.ZERO, () -> fired.complete(true));
    fired.get(10, TimeUnit.SECONDS);
  }

  // Both loops had told all of their own by then, and nobody looked after those who came later.
  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void whoIsOnTheWayToALoopAsTheServerShutsDownIsToldAndReported(int taker) throws Exception {
    try (var group = group(2).start()) {
      var server = listen(group, true);
      for (int i = 0; i < taker; i++) {
        requireEcho(server, true); // the first turn is that of the loop that accepts
      }
      Await.eventually("it has gone", () -> server.connections() == 0);
      var held = new CompletableFuture<Boolean>();
      group.loops().get(0).execute(held::join);
      try (var peer = connect(server)) {
        var report = server.shutdown(Duration.ofSeconds(5)).toCompletableFuture();
        awaitTurn(group.loops().get(1)); // which has told its own
        assertThat(report).isNotDone();
        held.complete(true);
        assertThatThrownBy(() -> Net.readText(peer, 1)).hasMessageContaining("ended after 0");
        peer.shutdownWrite(); // which the server waits for
        assertThat(report.get(10, TimeUnit.SECONDS).ended()).isOne();
      } finally {
        held.complete(true);
      }
    }
  }

  // The other loop's time was over, and with it that of who came later, who had none.
  @Test
  void whoComesToALoopWhenTheTimeOfTheShutdownIsOverIsForcedAtOnce() throws Exception {
    try (var group = group(2).start()) {
      Net.assumeUnixSockets();
      var address = UnixAddress.of(folder.resolve("socket"));
      var server = TcpServer.listen(group, address, LINES, () -> new Deaf(echo));
      try (var first = connect(server)) {
        Net.writeText(first, "x\n");
        assertThat(Net.readText(first, 2)).isEqualTo("x\n");
        var held = new CompletableFuture<Boolean>();
        group.loops().get(0).execute(held::join);
        try (var second = connect(server)) {
          var report = server.shutdown(Duration.ZERO).toCompletableFuture();
          awaitTurn(group.loops().get(1));
          held.complete(true);
          assertThat(report.get(10, TimeUnit.SECONDS).forced()).isEqualTo(2);
          assertThatThrownBy(() -> Net.readText(second, 1)).hasMessageContaining("ended after 0");
        } finally {
          held.complete(true);
        }
      }
    }
  }

  /** Does not end because of a shutdown. */
  private record Deaf(ConnectionHandler echo) implements ConnectionHandler {
    @Override
    public void onFrame(Connection c, MemorySegment memory, long offset, long length)
        throws IOException {
      echo.onFrame(c, memory, offset, length);
    }

    @Override
    public void onShutdown(Connection c) {
      // goes on
    }
  }

  // Its timer was refused, and so its report never came.
  @Test
  void aShutdownThatIsOneOfTheLastTasksOfALoopIsReported() throws Exception {
    var loop = EventLoop.open();
    var server = TcpServer.listen(loop, Net.loopback(), LINES, () -> echo);
    var report = server.shutdown(Duration.ofSeconds(30)).toCompletableFuture();
    loop.close();
    assertThat(report.get(10, TimeUnit.SECONDS).ended()).isZero();
  }
}
