package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import mill.core.net.CloseCause.Kind;
import mill.core.net.TestLayers.Counted;
import mill.core.net.TestLayers.Delegating;
import mill.core.net.TestLayers.Handshake;
import mill.core.net.TestLayers.Records;
import mill.testing.Await;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Layers between socket and handler: handshakes, records, ends, and work that is done elsewhere.
 */
class LayerTest extends ConnectionFixture {
  private final Counted counted = new Counted();

  @AfterEach
  @Override
  void stop() {
    super.stop();
    requireAtMostOneEnd();
    assertThat(counted.closed.get()).as("layers closed").isEqualTo(counted.made.get());
    assertThat(loops.runner.uncaught()).isEmpty();
  }

  private ConnectionConfig records(int... keys) {
    ConnectionConfig config = LINES;
    for (int key : keys) {
      config = config.layer(() -> new Records(key, counted));
    }
    return config;
  }

  private static byte[] records(byte[] first, byte[] rest) {
    byte[] all = java.util.Arrays.copyOf(first, first.length + rest.length);
    System.arraycopy(rest, 0, all, first.length, rest.length);
    return all;
  }

  private static ConnectionConfig handshake(boolean client) {
    return LINES.layer(() -> new Handshake(client, false));
  }

  // ---- before it is ready

  @Test
  void aHandshakeWithBytesBothWaysPassesBeforeOnOpen() throws Exception {
    heard.onOpen = c -> c.out().putAscii("greetings\n");
    try (var server = loops.listen(handshake(false), heard);
        var peer = Peer.connect(server)) {
      peer.send("hel");
      peer.send("lo\n");
      assertThat(peer.read(8)).isEqualTo("welcome\n");
      assertThat(heard.events).isEmpty();
      peer.send("go\nline in the same segment\n");
      assertThat(peer.read(10)).isEqualTo("greetings\n");
      assertThat(heard.next()).isEqualTo("open");
      assertThat(heard.next()).isEqualTo("frame line in the same segment\n");
    }
  }

  @Test
  void whatIsPutBeforeTheHandshakeEndsGoesOutBehindIt() throws Exception {
    try (var listener = Peer.listener()) {
      loops.run(() -> {
        Connection c =
            TcpClient.connect(loops.loop, Peer.address(listener), handshake(true), heard);
        c.out().putAscii("early\n");
        return true;
      });
      try (var peer = Peer.accept(listener)) {
        assertThat(peer.read(6)).isEqualTo("hello\n");
        peer.send("welcome\n");
        assertThat(peer.read(9)).isEqualTo("go\nearly\n");
        assertThat(heard.next()).isEqualTo("open");
      }
    }
  }

  @Test
  void aLayerReadsThoughTheConnectionIsPausedBeforeItOpens() throws Exception {
    try (var listener = Peer.listener()) {
      Connection c = TcpClient.connect(loops.loop, Peer.address(listener), handshake(true), heard);
      c.pause(heard);
      try (var peer = Peer.accept(listener)) {
        assertThat(peer.read(6)).isEqualTo("hello\n");
        peer.send("welcome\nframe\n");
        assertThat(heard.next()).isEqualTo("open");
        assertThat(peer.read(3)).isEqualTo("go\n");
        loops.run(() -> true);
        assertThat(heard.events).isEmpty();
        c.resume(heard);
        assertThat(heard.next()).isEqualTo("frame frame\n"); // though the socket is silent
      }
    }
  }

  @Test
  void aHandshakeThatNeverEndsIsAConnectTimeoutAlsoOfAServer() throws Exception {
    var config = handshake(false).connectTimeout(Duration.ofMillis(100));
    try (var server = loops.listen(config, heard);
        var peer = Peer.connect(server)) {
      peer.send("hel");
      assertThat(heard.ended().kind()).isEqualTo(Kind.CONNECT_TIMEOUT);
      assertThat(heard.ended().opened()).isFalse();
    }
  }

  @Test
  void theEndInTheMiddleOfAHandshakeIsTruncated() throws Exception {
    try (var server = loops.listen(handshake(false), heard);
        var peer = Peer.connect(server)) {
      peer.send("hel").end();
      assertThat(heard.ended().kind()).isEqualTo(Kind.TRUNCATED);
      assertThat(heard.ended().opened()).isFalse();
    }
  }

  @Test
  void aResetInTheMiddleOfAHandshakeIsToldAsSuch() throws Exception {
    try (var server = loops.listen(handshake(false), heard);
        var peer = Peer.connect(server)) {
      peer.send("hello\n");
      assertThat(peer.read(8)).isEqualTo("welcome\n");
      peer.reset();
      assertThat(heard.ended().kind()).isEqualTo(Kind.PEER_RESET);
      assertThat(heard.ended().opened()).isFalse();
    }
  }

  @Test
  void closeBeforeTheHandshakeEndsCancels() throws Exception {
    try (var listener = Peer.listener()) {
      Connection c = TcpClient.connect(loops.loop, Peer.address(listener), handshake(true), heard);
      try (var peer = Peer.accept(listener)) {
        assertThat(peer.read(6)).isEqualTo("hello\n");
        c.close();
        assertThat(heard.ended().kind()).isEqualTo(Kind.LOCAL);
        assertThat(heard.ended().opened()).isFalse();
        assertThat(peer.readAll()).isEmpty();
      }
    }
  }

  @Test
  void aShutdownDoesNotWaitForAHandshake() throws Exception {
    try (var server = loops.listen(handshake(false), heard);
        var peer = Peer.connect(server)) {
      peer.send("hello\n");
      assertThat(peer.read(8)).isEqualTo("welcome\n");
      Await.outcomeOf(server.shutdown(Duration.ofSeconds(10)).toCompletableFuture());
      assertThat(heard.ended().kind()).isEqualTo(Kind.SHUTDOWN);
      assertThat(heard.events).containsExactly("closed SHUTDOWN");
    }
  }

  @Test
  void whatALayerSaysAsItFailsArrivesAndTheCauseTellsWhy() throws Exception {
    try (var server = loops.listen(handshake(false), heard);
        var peer = Peer.connect(server)) {
      peer.send("GET / HTTP/1.1\n");
      assertThat(new String(peer.readAll(), StandardCharsets.UTF_8)).isEqualTo("what?\n");
      peer.end();
      assertThat(heard.ended().kind()).isEqualTo(Kind.LAYER);
      assertThat(heard.ended().error()).hasMessageContaining("GET");
    }
  }

  // ---- out of the way

  @Test
  void aLayerThatBypassesLeavesTheConnectionAsIfThereWereNone() throws Exception {
    heard.onFrame = (c, text) -> c.out().putAscii(text);
    var config = LINES.layer(() -> new Handshake(false, true));
    try (var server = loops.listen(config, heard);
        var peer = Peer.connect(server)) {
      peer.send("hello\n");
      assertThat(peer.read(8)).isEqualTo("welcome\n");
      peer.send("go\nfirst\nsec");
      assertThat(peer.read(6)).isEqualTo("first\n");
      var connection = (SocketConnection) heard.connected();
      loops.run(() -> {
        assertThat(connection.layers).isNull();
        return true;
      });
      peer.send("ond\n");
      assertThat(peer.read(7)).isEqualTo("second\n");
      peer.end();
      assertThat(heard.ended().kind()).isEqualTo(Kind.PEER_END);
    }
  }

  @Test
  void theNextLayerStartsWhenTheOneBelowHasGone() throws Exception {
    var config =
        LINES
            .layer(() -> new Handshake(false, true))
            .layer(() -> new Records(5, counted))
            .layer(() -> new Handshake(false, true))
            .layer(() -> new Records(6, counted));
    heard.onFrame = (c, text) -> c.out().putAscii(text);
    try (var server = loops.listen(config, heard);
        var peer = Peer.connect(server)) {
      peer.send("hello\n");
      assertThat(peer.read(8)).isEqualTo("welcome\n");
      peer.send("go\n");
      peer.send(TestLayers.record(5, "hello\n"));
      assertThat(peer.readBytes(10)).isEqualTo(TestLayers.record(5, "welcome\n"));
      byte[] inner = TestLayers.record(6, "text\n");
      byte[] outer = TestLayers.record(5, "go\n" + new String(inner, StandardCharsets.ISO_8859_1));
      peer.send(outer);
      assertThat(peer.readBytes(9))
          .isEqualTo(TestLayers.record(5, new String(inner, StandardCharsets.ISO_8859_1)));
    }
  }

  // ---- records, stacked

  @Test
  void twoLayersOfRecordsCarryMegabytesBothWays() throws Exception {
    int length = 3 << 20;
    byte[] bytes = new byte[length];
    new java.util.Random(7).nextBytes(bytes);
    var sum = new CompletableFuture<byte[]>();
    var got = new java.io.ByteArrayOutputStream();
    ConnectionHandler echo =
        (c, m, offset, n) -> {
          c.out().put(m, offset, n);
        };
    var raw = records(11, 22).framer(Framer.RAW).queueLimit(1 << 30);
    try (var server = loops.listen(raw, echo)) {
      TcpClient.connect(
          loops.loop,
          server.localAddress(),
          raw,
          new ConnectionHandler() {
            @Override
            public void onOpen(Connection c) {
              c.out().put(bytes, 0, length);
            }

            @Override
            public void onFrame(
                Connection c, java.lang.foreign.MemorySegment m, long offset, long n) {
              for (long i = offset; i < offset + n; i++) {
                got.write(TestLayers.byteAt(m, i));
              }
              if (got.size() == length) {
                c.close();
              }
            }

            @Override
            public void onClosed(Connection c, CloseCause cause) {
              sum.complete(got.toByteArray());
            }
          });
      assertThat(Await.outcomeOf(sum)).isEqualTo(bytes);
      Await.eventually("the server's end", () -> server.connections() == 0);
    }
  }

  @Test
  void recordsArriveByteByByte() throws Exception {
    heard.onFrame = (c, text) -> c.out().putAscii(text);
    try (var server = loops.listen(records(9), heard);
        var peer = Peer.connect(server)) {
      for (byte b : TestLayers.record(9, "slowly\n")) {
        peer.send(new byte[] {b});
      }
      assertThat(peer.readBytes(9)).isEqualTo(TestLayers.record(9, "slowly\n"));
    }
  }

  @Test
  void whatIsQueuedStaysAboveSoThatCongestionTellsTheTruth() throws Exception {
    var congested = new CompletableFuture<Long>();
    heard.onFrame =
        (c, text) -> {
          byte[] much = new byte[8 << 20];
          c.out().put(much, 0, much.length);
          c.flush();
          congested.complete(c.queuedBytes());
          c.end();
        };
    try (var server = loops.listen(records(3).queueLimit(1 << 30), heard);
        var peer = Peer.slow(server)) {
      peer.send(TestLayers.record(3, "go\n"));
      Connection c = heard.connected();
      assertThat(Await.outcomeOf(congested)).isPositive();
      byte[] read = peer.readBytes(4 << 20); // so that it has gone on after it was blocked
      loops.run(() -> {
        LayerStack stack = ((SocketConnection) c).layers;
        assertThat(stack.down.wire().waiting()).isLessThanOrEqualTo((32 << 10) + 1002);
        return true;
      });
      assertThat(TestLayers.lengthOf(records(read, peer.readAll()))).isEqualTo(8 << 20);
      assertThat(heard.next()).isEqualTo("open");
      assertThat(heard.next()).isEqualTo("frame go\n");
      assertThat(heard.next()).isEqualTo("drained");
    }
  }

  @Test
  void aPausedHandlerLeavesEncodedBytesUndecoded() throws Exception {
    heard.onFrame = (c, text) -> c.pause(heard);
    try (var server = loops.listen(records(3), heard);
        var peer = Peer.connect(server)) {
      peer.send(TestLayers.record(3, "one\ntwo\n"));
      peer.send(TestLayers.record(3, "three\n"));
      assertThat(heard.next()).isEqualTo("open");
      assertThat(heard.next()).isEqualTo("frame one\n");
      Connection c = heard.connected();
      loops.run(() -> true);
      assertThat(heard.events).isEmpty();
      c.resume(heard);
      assertThat(heard.next()).isEqualTo("frame two\n"); // decoded before: the socket is silent
      loops.run(() -> true);
      assertThat(heard.events).isEmpty();
      c.resume(heard);
      assertThat(heard.next()).isEqualTo("frame three\n");
    }
  }

  @Test
  void anAlertIsSentThoughItsRecordWasWrong() throws Exception {
    try (var server = loops.listen(records(4, 3), heard);
        var peer = Peer.connect(server)) {
      peer.send(TestLayers.record(4, "\u007f\u007f!"));
      assertThat(peer.readAll())
          .isEqualTo(new byte[] {0, 2, (byte) (0xff ^ 4), (byte) (0xff ^ 4), 0, 0});
      peer.end();
      assertThat(heard.ended().kind()).isEqualTo(Kind.LAYER);
      assertThat(heard.ended().error()).hasMessageContaining("a record of");
    }
  }

  // ---- ends

  @Test
  void anOrderlyEndAboveIsHeardAsAnEndAndTheOtherDirectionGoesOn() throws Exception {
    heard.onEnd = c -> c.out().putAscii("still here\n");
    try (var server = loops.listen(records(3), heard);
        var peer = Peer.connect(server)) {
      peer.send(TestLayers.record(3, "one\n"));
      peer.send(new byte[] {0, 0}); // close_notify, and no FIN
      assertThat(heard.next()).isEqualTo("open");
      assertThat(heard.next()).isEqualTo("frame one\n");
      assertThat(heard.next()).isEqualTo("end");
      assertThat(peer.readBytes(13)).isEqualTo(TestLayers.record(3, "still here\n"));
      heard.connected().end();
      assertThat(peer.readAll()).isEqualTo(new byte[] {0, 0});
      assertThat(heard.ended().kind()).isEqualTo(Kind.PEER_END);
    }
  }

  @Test
  void anEndBelowWithoutAnOrderlyOneAboveIsAFailure() throws Exception {
    try (var server = loops.listen(records(3), heard);
        var peer = Peer.connect(server)) {
      peer.send(TestLayers.record(3, "one\n")).end();
      assertThat(heard.ended().kind()).isEqualTo(Kind.LAYER);
      assertThat(heard.ended().error()).hasMessage("cut off without its end");
      assertThat(heard.events).containsExactly("open", "frame one\n", "closed LAYER");
    }
  }

  @Test
  void anEndBelowIsOneAboveWhereALayerHasNoEndOfItsOwn() throws Exception {
    heard.onEnd =
        c -> {
          c.out().putAscii("bye\n");
          c.close();
        };
    try (var server = loops.listen(handshake(false), heard);
        var peer = Peer.connect(server)) {
      peer.send("hello\ngo\nlast\n").end();
      assertThat(new String(peer.readAll(), StandardCharsets.UTF_8)).isEqualTo("welcome\nbye\n");
      assertThat(heard.ended().kind()).isEqualTo(Kind.PEER_END);
      assertThat(heard.events).containsExactly("open", "frame last\n", "end", "closed PEER_END");
    }
  }

  @Test
  void anEndWhileHandlerIsPausedIsToldAfterTheFrames() throws Exception {
    heard.onFrame = (c, text) -> c.pause(heard);
    try (var server = loops.listen(handshake(false), heard);
        var peer = Peer.connect(server)) {
      peer.send("hello\ngo\none\ntwo\n").end();
      assertThat(heard.next()).isEqualTo("open");
      assertThat(heard.next()).isEqualTo("frame one\n");
      loops.run(() -> true);
      assertThat(heard.events).isEmpty();
      heard.connected().resume(heard);
      assertThat(heard.next()).isEqualTo("frame two\n");
      heard.connected().resume(heard);
      assertThat(heard.next()).isEqualTo("end");
    }
  }

  @Test
  void closeEncodesAllThenSaysItsEndOfEveryLayerThenFin() throws Exception {
    heard.onFrame =
        (c, text) -> {
          byte[] much = new byte[1 << 20];
          c.out().put(much, 0, much.length);
          c.close();
        };
    try (var server = loops.listen(records(1), heard);
        var peer = Peer.slow(server)) {
      peer.send(TestLayers.record(1, "go\nunread\n"));
      assertThat(TestLayers.lengthOf(peer.readAll())).isEqualTo(1 << 20);
      peer.end();
      assertThat(heard.ended().kind()).isEqualTo(Kind.LOCAL);
      assertThat(heard.ended().undeliveredBytes()).isZero();
    }
  }

  @Test
  void bytesThatWereEncodedAndNotTakenCountAsUndelivered() throws Exception {
    heard.onFrame =
        (c, text) -> {
          byte[] much = new byte[8 << 20];
          c.out().put(much, 0, much.length);
        };
    try (var server = loops.listen(records(1).queueLimit(1 << 30), heard);
        var peer = Peer.slow(server)) {
      peer.send(TestLayers.record(1, "go\n"));
      Connection c = heard.connected();
      Await.eventually("much is queued", () -> c.queuedBytes() > 1 << 20);
      var above = new AtomicReference<Long>();
      loops.run(() -> {
        above.set(c.queuedBytes());
        c.reset();
        return true;
      });
      assertThat(heard.ended().undeliveredBytes())
          .isGreaterThan(above.get())
          .isLessThanOrEqualTo(above.get() + (32 << 10) + 1002);
    }
  }

  // ---- later

  @Test
  void aLayerThatBeginsLaterLetsPassWhatWasPutBefore() throws Exception {
    heard.onFrame =
        (c, text) -> {
          if (text.equals("starttls\n")) {
            c.out().putAscii("go ahead\n");
            c.layer(new Records(7, counted));
          }
          c.out().putAscii("heard " + text);
        };
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      peer.send("starttls\n");
      assertThat(peer.read(9)).isEqualTo("go ahead\n");
      assertThat(peer.readBytes(17)).isEqualTo(TestLayers.record(7, "heard starttls\n"));
      peer.send(TestLayers.record(7, "secret\n"));
      assertThat(peer.readBytes(15)).isEqualTo(TestLayers.record(7, "heard secret\n"));
      assertThat(heard.events)
          .containsExactly("open", "frame starttls\n", "frame secret\n"); // open but once
    }
  }

  @Test
  void unreadPlaintextIsRefusedByALayerThatBeginsLater() throws Exception {
    heard.onFrame = (c, text) -> c.layer(new Records(7, new Counted()));
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      peer.send("starttls\ninjected\n");
      assertThat(heard.ended().kind()).isEqualTo(Kind.HANDLER_THREW);
      assertThat(heard.ended().error()).hasMessageContaining("unread");
      assertThat(heard.events).containsExactly("open", "frame starttls\n", "closed HANDLER_THREW");
    }
  }

  @Test
  void aLayerIsRefusedByAConnectionThatHasEnded() throws Exception {
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      Connection c = heard.connected();
      peer.end();
      heard.ended();
      loops.run(() -> {
        assertThatThrownBy(() -> c.layer(new Handshake(true, false)))
            .isInstanceOf(IllegalStateException.class);
        return true;
      });
    }
  }

  // ---- work that is done elsewhere

  @Test
  void aLayerThatHoldsGoesOnWhenAnotherThreadReleasesIt() throws Exception {
    var tasks = new java.util.concurrent.LinkedBlockingQueue<Runnable>();
    var layer = new Delegating(tasks::add);
    heard.onFrame = (c, text) -> c.out().putAscii(text);
    try (var server = loops.listen(LINES.layer(() -> layer), heard);
        var peer = Peer.connect(server)) {
      peer.send("one\n");
      Runnable task = tasks.poll(Await.PATIENCE_NS, java.util.concurrent.TimeUnit.NANOSECONDS);
      peer.send("two\n");
      loops.run(() -> true);
      assertThat(heard.events).isEmpty();
      assertThat(layer.calls).hasValue(1); // nothing more while the task is out
      task.run();
      assertThat(heard.next()).isEqualTo("open");
      assertThat(heard.next()).isEqualTo("frame judged one\n");
      assertThat(heard.next()).isEqualTo("frame two\n");
      assertThat(peer.read(15)).isEqualTo("judged one\ntwo\n");
    }
  }

  @Test
  void aReleaseAfterTheEndDoesNothing() throws Exception {
    var tasks = new java.util.concurrent.LinkedBlockingQueue<Runnable>();
    try (var server = loops.listen(LINES.layer(() -> new Delegating(tasks::add)), heard);
        var peer = Peer.connect(server)) {
      peer.send("one\n");
      Runnable task = tasks.poll(Await.PATIENCE_NS, java.util.concurrent.TimeUnit.NANOSECONDS);
      peer.reset();
      assertThat(heard.ended().kind()).isEqualTo(Kind.PEER_RESET);
      task.run();
      loops.run(() -> true);
      assertThat(heard.events).containsExactly("closed PEER_RESET");
    }
  }

  @Test
  void aLayerThatThrowsInAnyMethodEndsItsConnectionAlone() throws Exception {
    heard.onFrame =
        (c, text) -> {
          throw new IOException("not reached");
        };
    var config =
        LINES.layer(() ->
            new Handshake(false, false) {
              @Override
              public void start(Site site) {
                throw new IllegalStateException("start");
              }
            });
    try (var server = loops.listen(config, heard);
        var peer = Peer.connect(server)) {
      assertThat(peer.readAll()).isEmpty();
      peer.end();
      assertThat(heard.ended().kind()).isEqualTo(Kind.LAYER);
      assertThat(heard.ended().error()).hasMessage("start");
    }
  }
}
