package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import mill.natives.net.SockOpt;
import mill.testing.Await;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A relay passes on bytes, ends and resets both ways, and no faster than they are taken. */
class RelayTest {
  // Under Wine a Java socket that has ended its output hears an end in place of the last bytes, now
  // and then: mill had sent them all. There the client ends when it has all.
  private static final boolean ON_WINDOWS = File.separatorChar == '\\';

  private static final ConnectionConfig PLAIN = ConnectionConfig.defaults();

  /** How much goes through it; a GiB by hand. */
  private static final long BYTES = Long.getLong("mill.relay.bytes", 16 << 20);

  private Loops loops;
  private ServerSocket backend;

  @BeforeEach
  void start() throws Exception {
    loops = Loops.start();
    backend = Peer.listener();
  }

  @AfterEach
  void stop() throws Exception {
    backend.close();
    loops.close();
    assertThat(loops.runner.uncaught()).isEmpty();
  }

  /** A proxy in one call. */
  private TcpServer proxy() throws IOException {
    return loops.listen(PLAIN, () -> Relay.to(Peer.address(backend), PLAIN));
  }

  /** What a test does with both ends of a relay. */
  private interface Ends {
    void run(Peer client, Peer server) throws Exception;
  }

  private void through(Ends ends) throws Exception {
    try (var proxy = proxy();
        var client = Peer.connect(proxy);
        var server = Peer.accept(backend)) {
      ends.run(client, server);
    }
  }

  private void allHaveGone(TcpServer proxy) throws Exception {
    Await.eventually("both have gone", () -> proxy.connections() == 0);
    Await.eventually("nothing is lent", () -> loops.call(this::lent) <= Blocks.LARGE);
  }

  private long lent() {
    return loops.connections().blocks.lentBytes();
  }

  @Test
  void bytesPassBothWays() throws Exception {
    through((client, server) -> {
      client.send("question");
      assertThat(server.read(8)).isEqualTo("question");
      server.send("answer");
      assertThat(client.read(6)).isEqualTo("answer");
    });
  }

  @Test
  void whatTheClientSendsWhileItConnectsArrives() throws Exception {
    try (var proxy = proxy();
        var client = Peer.connect(proxy).send("early")) {
      client.end();
      try (var server = Peer.accept(backend)) {
        assertThat(server.readAll()).asString().isEqualTo("early");
      }
    }
  }

  @Test
  void theClientsEndIsPassedOnAndItsAnswerComes() throws Exception {
    try (var proxy = proxy();
        var client = Peer.connect(proxy);
        var server = Peer.accept(backend)) {
      client.send("all").end();
      assertThat(server.readAll()).asString().isEqualTo("all");
      server.send("sum of it");
      server.end();
      assertThat(client.readAll()).asString().isEqualTo("sum of it");
      allHaveGone(proxy);
    }
  }

  @Test
  void theServersEndIsPassedOnAndTheClientGoesOn() throws Exception {
    try (var proxy = proxy();
        var client = Peer.connect(proxy);
        var server = Peer.accept(backend)) {
      server.send("bye");
      server.end();
      assertThat(client.readAll()).asString().isEqualTo("bye");
      client.send("but I").send(" go on");
      assertThat(server.read(11)).isEqualTo("but I go on");
      client.end();
      assertThat(server.readAll()).isEmpty();
      allHaveGone(proxy);
    }
  }

  @Test
  void theClientsResetIsPassedOn() throws Exception {
    through((client, server) -> {
      client.send("some");
      assertThat(server.read(4)).isEqualTo("some");
      client.reset();
      server.requireReset();
    });
  }

  @Test
  void theServersResetIsPassedOn() throws Exception {
    through((client, server) -> {
      client.send("some");
      assertThat(server.read(4)).isEqualTo("some");
      server.reset();
      client.requireReset();
    });
  }

  @Test
  void aResetAfterAHalfCloseIsPassedOn() throws Exception {
    through((client, server) -> {
      client.send("some").end();
      assertThat(server.readAll()).asString().isEqualTo("some");
      server.reset();
      client.requireReset();
    });
  }

  @Test
  void aResetWhileTheOtherIsCongestedIsPassedOn() throws Exception {
    try (var proxy = proxy();
        var client = Peer.slow(proxy);
        var server = Peer.accept(backend)) {
      var sender = sending(server, 64 << 20);
      Await.eventually("the client's queue is full", () -> queuedForClients(proxy) > 200_000);
      client.reset();
      assertThat(Await.outcomeOf(sender)).isInstanceOf(SocketException.class);
      allHaveGone(proxy);
    }
  }

  // A FIN would tell the other end that this was all.
  @Test
  void whoIsIdleIsResetOnBothSides() throws Exception {
    var impatient = PLAIN.readIdle(Duration.ofMillis(50));
    try (var proxy = loops.listen(PLAIN, () -> Relay.to(Peer.address(backend), impatient));
        var client = Peer.connect(proxy).send("half of");
        var server = Peer.accept(backend)) {
      assertThat(server.read(7)).isEqualTo("half of");
      server.requireReset();
      client.requireReset();
      allHaveGone(proxy);
    }
  }

  @Test
  void whoCannotConnectResetsItsClient() throws Exception {
    backend.close();
    try (var proxy = proxy();
        var client = Peer.connect(proxy)) {
      client.requireReset();
      allHaveGone(proxy);
    }
  }

  @Test
  void aClientThatGoesBeforeItIsConnectedCancelsTheConnect() throws Exception {
    var never = PLAIN.layer(() -> new TestLayers.Handshake(true, true));
    try (var proxy = loops.listen(PLAIN, () -> Relay.to(Peer.address(backend), never));
        var client = Peer.connect(proxy);
        var server = Peer.accept(backend)) {
      assertThat(server.read(6)).isEqualTo("hello\n");
      client.reset();
      server.requireReset();
      allHaveGone(proxy);
    }
  }

  private long queuedForClients(TcpServer proxy) throws Exception {
    var all = new ArrayList<Long>();
    loops.run(() -> {
      proxy.forEach(c -> all.add(c.queuedBytes()));
      return true;
    });
    return all.stream().mapToLong(Long::longValue).sum();
  }

  private static CompletableFuture<Exception> sending(Peer peer, int bytes) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            byte[] chunk = new byte[1 << 16];
            for (int sent = 0; sent < bytes; sent += chunk.length) {
              peer.send(chunk);
            }
            return null;
          } catch (IOException e) {
            return e;
          }
        },
        work -> Thread.ofPlatform().daemon().start(work));
  }

  @Test
  void aSlowReaderHoldsTheSenderBackAndLosesNothing() throws Exception {
    int length = 48 << 20;
    try (var proxy = proxy();
        var client = Peer.slow(proxy);
        var server = Peer.accept(backend)) {
      var sender = sending(server, length);
      Await.eventually("the client's queue is full", () -> queuedForClients(proxy) > 256 << 10);
      for (int i = 0; i < 50; i++) {
        assertThat(queuedForClients(proxy)).isLessThanOrEqualTo((256 << 10) + (64 << 10));
        assertThat(loops.call(this::lent)).isLessThanOrEqualTo(1 << 20);
      }
      assertThat(sender).isNotDone();
      assertThat(client.readBytes(length)).hasSize(length);
      assertThat(Await.outcomeOf(sender)).isNull();
    }
  }

  @Test
  void aSlowServerDoesNotHoldItsOwnAnswersBack() throws Exception {
    try (var proxy = proxy();
        var client = Peer.connect(proxy);
        var server = Peer.accept(backend)) {
      server.socket.setReceiveBufferSize(4096);
      var sender = sending(client, 64 << 20); // nobody reads it
      var answers = sending(server, 32 << 20);
      assertThat(client.readBytes(32 << 20)).hasSize(32 << 20);
      assertThat(Await.outcomeOf(answers)).isNull();
      assertThat(sender).isNotDone();
    }
  }

  @Test
  void aRelayPassesThroughLayers() throws Exception {
    var counted = new TestLayers.Counted();
    var records = PLAIN.layer(() -> new TestLayers.Records(5, counted));
    try (var proxy = loops.listen(records, () -> Relay.to(Peer.address(backend), PLAIN));
        var client = Peer.connect(proxy);
        var server = Peer.accept(backend)) {
      client.send(TestLayers.record(5, "secret"));
      assertThat(server.read(6)).isEqualTo("secret");
      server.send("answer");
      server.end();
      assertThat(client.readBytes(8)).isEqualTo(TestLayers.record(5, "answer"));
      assertThat(client.readAll()).isEqualTo(new byte[] {0, 0});
      client.send(new byte[] {0, 0}).end();
      assertThat(server.readAll()).isEmpty();
      allHaveGone(proxy);
    }
    assertThat(counted.closed).hasValue(1);
  }

  // ---- much of it

  private static byte[] digest(MessageDigest of) {
    return of.digest();
  }

  private static void sendAtRandom(Socket to, long bytes, MessageDigest digest) throws IOException {
    var random = new Random(42);
    byte[] chunk = new byte[100_000];
    long left = bytes;
    while (left > 0) {
      int n = (int) Math.min(left, 1 + random.nextInt(random.nextInt(20) == 0 ? 100_000 : 3_000));
      random.nextBytes(chunk);
      digest.update(chunk, 0, n);
      to.getOutputStream().write(chunk, 0, n);
      left -= n;
    }
    if (!ON_WINDOWS) {
      to.shutdownOutput();
    }
  }

  private static void tiny(Connection c) throws IOException {
    c.socket().setOption(SockOpt.SO_SNDBUF, 4096);
  }

  @Test
  void muchComesBackUnchangedFromAnEchoBehindARelayWithTinyBuffers() throws Exception {
    ConnectionHandler echo =
        new ConnectionHandler() {
          @Override
          public void onOpen(Connection c) throws IOException {
            tiny(c);
          }

          @Override
          public void onFrame(
              Connection c, java.lang.foreign.MemorySegment m, long offset, long length) {
            c.out().put(m, offset, length);
          }
        };
    var patient = PLAIN.closeTimeout(Duration.ofMinutes(1)); // whatever else the machine does
    try (var server = loops.listen(patient, echo);
        var proxy = loops.listen(patient, () -> Relay.to(server.localAddress(), patient));
        var client = Peer.connect(proxy)) {
      client.socket.setSendBufferSize(4096);
      loops.run(() -> {
        proxy.forEach(c -> {
          try {
            tiny(c);
          } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
          }
        });
        return true;
      });
      var sent = MessageDigest.getInstance("SHA-256");
      var sender =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  sendAtRandom(client.socket, BYTES, sent);
                  return digest(sent);
                } catch (IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              },
              work -> Thread.ofPlatform().daemon().start(work));
      var got = MessageDigest.getInstance("SHA-256");
      byte[] into = new byte[50_000];
      var random = new Random(43);
      long total = 0;
      int n;
      while ((n = client.in().read(into, 0, 1 + random.nextInt(into.length))) >= 0) {
        got.update(into, 0, n);
        total += n;
        if (ON_WINDOWS && total == BYTES) {
          client.socket.shutdownOutput();
        }
      }
      assertThat(total).isEqualTo(BYTES);
      assertThat(HexFormat.of().formatHex(got.digest()))
          .isEqualTo(HexFormat.of().formatHex(Await.outcomeOf(sender)));
      allHaveGone(proxy);
      allHaveGone(server);
    }
  }
}
