package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import mill.core.net.CloseCause.Kind;
import mill.testing.Await;
import mill.testing.OpenFds;
import mill.testing.Threads;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How connections end: what is still delivered, which cause is told, and that it is told once. */
class EndTest extends ConnectionFixture {
  /** How many connections come and go; 50,000 by hand. */
  private static final int CYCLES = Integer.getInteger("mill.connection.cycles", 10_000);

  @AfterEach
  @Override
  void stop() {
    super.stop();
    requireAtMostOneEnd();
  }

  @Test
  void closeToADeadReaderEndsAtTheCloseTimeout() throws Exception {
    heard.onFrame =
        (c, text) -> {
          c.out().put(new byte[8 << 20], 0, 8 << 20);
          c.close();
        };
    try (var server = loops.listen(LINES.closeTimeout(Duration.ofMillis(50)), heard);
        var peer = Peer.slow(server)) {
      peer.send("go\n");
      CloseCause cause = heard.ended();
      assertThat(cause.kind()).isEqualTo(Kind.LOCAL);
      assertThat(cause.undeliveredBytes()).isPositive();
      peer.requireReset(); // and no clean end
    }
  }

  @Test
  void closeWaitsForThePeersEndNoLongerThanTheTimeout() throws Exception {
    heard.onFrame = (c, text) -> c.close();
    try (var server = loops.listen(LINES.closeTimeout(Duration.ofMillis(50)), heard);
        var peer = Peer.connect(server)) {
      peer.send("go\n");
      assertThat(peer.readAll()).isEmpty();
      assertThat(heard.ended().kind()).isEqualTo(Kind.LOCAL); // though the peer never ends
    }
  }

  @Test
  void resetIsOneForThePeer() throws Exception {
    heard.onFrame =
        (c, text) -> {
          c.out().putAscii("dropped");
          c.reset();
        };
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      peer.send("go\n");
      peer.requireReset();
      assertThat(heard.ended().kind()).isEqualTo(Kind.LOCAL);
      assertThat(heard.ended().undeliveredBytes()).isEqualTo(7);
    }
  }

  @Test
  void afterItsEndAConnectionStillReadsTheReply() throws Exception {
    try (var listener = Peer.listener()) {
      heard.onOpen =
          c -> {
            c.out().putAscii("request\n");
            c.end();
            assertThat(c.isOpen()).isFalse();
          };
      TcpClient.connect(loops.loop, Peer.address(listener), LINES, heard);
      try (var peer = Peer.accept(listener)) {
        assertThat(new String(peer.readAll(), StandardCharsets.UTF_8)).isEqualTo("request\n");
        peer.send("reply\n");
      }
      assertThat(heard.ended().kind()).isEqualTo(Kind.LOCAL);
      assertThat(heard.events).containsExactly("open", "frame reply\n", "end", "closed LOCAL");
    }
  }

  @Test
  void thePeersEndDoesNotLoseTheQueuedReply() throws Exception {
    byte[] reply = Messages.pattern(4 << 20);
    heard.onFrame = (c, text) -> c.out().put(reply, 0, reply.length);
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.slow(server)) {
      peer.send("request\n");
      peer.end();
      assertThat(peer.readAll()).isEqualTo(reply);
      assertThat(heard.ended().kind()).isEqualTo(Kind.PEER_END);
    }
  }

  @Test
  void anEndIsSaidOnceHoweverManySayIt() throws Exception {
    for (int i = 0; i < 200; i++) {
      var recorder = new Recorder();
      recorder.onFrame = (c, text) -> c.close();
      try (var server = loops.listen(LINES, recorder);
          var peer = Peer.connect(server)) {
        Connection c = recorder.connected();
        peer.send("x\n");
        Threads.together(
            4,
            () -> {
              c.end();
              c.close();
              if (c.hashCode() % 2 == 0) {
                c.reset();
              }
            });
        peer.leave();
        recorder.ended();
        loops.run(() -> true);
        assertThat(recorder.closed).hasValue(1);
        assertThat(recorder.faults).isEmpty();
      }
    }
  }

  @Test
  void anEndInTheMiddleOfAFrameIsTruncatedAndWhatIsQueuedIsDelivered() throws Exception {
    heard.onFrame = (c, text) -> c.out().putAscii("reply");
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      peer.send("whole\nhal");
      peer.end();
      assertThat(new String(peer.readAll(), StandardCharsets.UTF_8)).isEqualTo("reply");
      assertThat(heard.ended().kind()).isEqualTo(Kind.TRUNCATED);
      assertThat(heard.events)
          .containsExactly("open", "frame whole\n", "closing TRUNCATED", "closed TRUNCATED");
    }
  }

  @Test
  void aFrameThatThrowsClosesItsConnectionAloneAndDropsWhatItHasPut() throws Exception {
    heard.onFrame =
        (c, text) -> {
          c.out().putAscii(text);
          if (text.equals("bad\n")) {
            throw new IOException("planted");
          }
        };
    try (var server = loops.listen(LINES, heard);
        var others = loops.listen(LINES, (c, m, at, n) -> c.out().put(m, at, n));
        var peer = Peer.connect(server);
        var other = Peer.connect(others)) {
      peer.send("good\nbad\nnever\n");
      assertThat(new String(peer.readAll(), StandardCharsets.UTF_8)).isEqualTo("good\n");
      peer.leave();
      assertThat(heard.ended().kind()).isEqualTo(Kind.HANDLER_THREW);
      assertThat(heard.ended().error()).hasMessage("planted");
      assertThat(other.send("alive\n").read(6)).isEqualTo("alive\n");
    }
  }

  @Test
  void anOnOpenThatThrowsIsFollowedByOnClosed() throws Exception {
    heard.onOpen =
        c -> {
          throw new IllegalStateException("planted");
        };
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      assertThat(peer.readAll()).isEmpty();
      peer.leave();
      assertThat(heard.ended().kind()).isEqualTo(Kind.HANDLER_THREW);
      assertThat(heard.ended().opened()).isTrue();
      assertThat(heard.events).containsExactly("open", "closed HANDLER_THREW");
    }
  }

  @Test
  void anOnClosedThatThrowsHarmsNobody() throws Exception {
    heard.onClosed =
        c -> {
          throw new IOException("planted");
        };
    try (var server = loops.listen(LINES, heard);
        var others = loops.listen(LINES, (c, m, at, n) -> c.out().put(m, at, n));
        var peer = Peer.connect(server);
        var other = Peer.connect(others)) {
      heard.connected();
      peer.reset();
      heard.ended();
      assertThat(other.send("alive\n").read(6)).isEqualTo("alive\n");
      assertThat(server.connections()).isZero();
      assertThat(loops.runner.uncaught()).isEmpty();
    }
  }

  @Test
  void callbacksNeverNestThoughAHandlerEndsOthers() throws Exception {
    var inside = new AtomicInteger();
    var faults = new CopyOnWriteArrayList<String>();
    var all = new CopyOnWriteArrayList<Connection>();
    ConnectionHandler handler =
        new ConnectionHandler() {
          @Override
          public void onOpen(Connection c) {
            all.add(c);
          }

          @Override
          public void onFrame(
              Connection c, java.lang.foreign.MemorySegment m, long offset, long length) {
            inside.incrementAndGet();
            all.forEach(Connection::reset);
            inside.decrementAndGet();
          }

          @Override
          public void onClosed(Connection c, CloseCause cause) {
            if (inside.get() > 0) {
              faults.add("nested");
            }
            all.remove(c);
          }
        };
    try (var server = loops.listen(LINES, handler);
        var one = Peer.connect(server);
        var two = Peer.connect(server)) {
      Await.eventually("both are there", () -> all.size() == 2);
      one.send("x\n");
      Await.eventually("both are gone", all::isEmpty);
      assertThat(faults).isEmpty();
      two.requireReset();
    }
  }

  @Test
  void tasksThatWereAcceptedRunBeforeOnClosedAndNoneIsAcceptedLater() throws Exception {
    var ran = new AtomicInteger();
    var before = new AtomicInteger(-1);
    heard.onClosed = c -> before.set(ran.get());
    try (var server = loops.listen(LINES, heard);
        var _ = Peer.connect(server)) {
      Connection c = heard.connected();
      var released = mill.core.LoopRunner.hold(loops.loop);
      c.execute(ran::incrementAndGet);
      c.reset();
      c.execute(ran::incrementAndGet);
      released.countDown();
      heard.ended();
      assertThat(before).hasValue(2);
      assertThatThrownBy(() -> c.execute(ran::incrementAndGet))
          .isInstanceOf(RejectedExecutionException.class)
          .hasMessageContaining("ended");
    }
  }

  @Test
  void aTaskAcceptedInTheVeryTurnOfAResetRunsBeforeOnClosed() throws Exception {
    var ran = new AtomicInteger();
    var before = new AtomicInteger(-1);
    heard.onClosed = c -> before.set(ran.get());
    ConnectionHandler other = (c, m, at, n) -> heard.connected().execute(ran::incrementAndGet);
    try (var server = loops.listen(LINES, heard);
        var others = loops.listen(LINES, other);
        var reset = Peer.connect(server);
        var talks = Peer.connect(others)) {
      heard.connected();
      Await.eventually("both are there", () -> others.connections() == 1);
      loops.run(() -> true);
      loops.run(() -> true); // that they are writable was reported
      var released = mill.core.LoopRunner.hold(loops.loop);
      talks.send("x\n");
      reset.reset();
      released.countDown(); // both events come with one poll, in this order
      heard.ended();
      assertThat(before).hasValue(1);
    }
  }

  @Test
  void aTaskThatThrowsEndsItsConnection() throws Exception {
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      heard
          .connected()
          .execute(() -> {
            throw new IllegalStateException("planted");
          });
      peer.readAll();
      peer.leave();
      assertThat(heard.ended().kind()).isEqualTo(Kind.HANDLER_THREW);
    }
  }

  // One poll brings: a frame whose handler resets the other, a connection that takes its number,
  // and the other's reset, which would end that one as it opens.
  @Test
  void aDescriptorThatIsUsedAgainBringsNobodyElsesEvents() throws Exception {
    boolean reused = false;
    for (int i = 0; i < 50 && !reused; i++) {
      reused = isUsedAgain();
    }
    org.junit.jupiter.api.Assumptions.assumeTrue(reused, "the number was never used again");
  }

  private boolean isUsedAgain() throws Exception {
    var other = new Recorder();
    var next = new Recorder();
    var resetting = new Recorder();
    resetting.onFrame = (c, text) -> other.connected().reset();
    try (var ours = loops.listen(LINES, resetting);
        var others = loops.listen(LINES, other);
        var nexts = loops.listen(LINES, next);
        var one = Peer.connect(ours);
        var two = Peer.connect(others)) {
      resetting.connected();
      int number = other.connected().socket().fd();
      loops.run(() -> true);
      loops.run(() -> true); // that they are writable was reported
      var released = mill.core.LoopRunner.hold(loops.loop);
      one.send("go\n");
      try (var three = Peer.connect(nexts)) {
        two.reset(); // foreign to who has its number then
        released.countDown();
        three.send("own\n");
        assertThat(next.next()).isEqualTo("open");
        assertThat(next.next()).isEqualTo("frame own\n");
        if (other.ended().kind() == Kind.PEER_RESET) {
          return false; // on two processors the system may deliver the reset before the frame
        }
        assertThat(other.events).containsExactly("open", "closed LOCAL");
        return next.connected().socket().fd() == number;
      }
    }
  }

  @Test
  @Timeout(300) // each step is bounded: it has much to do
  void manyCyclesLeaveEverythingAsItWas() throws Exception {
    ConnectionHandler echo = (c, m, at, n) -> c.out().put(m, at, n);
    try (var server = loops.listen(LINES.readIdle(Duration.ofMinutes(1)), echo)) {
      cycles(server, 100);
      Await.eventually("all are gone", () -> server.connections() == 0);
      loops.run(() -> true);
      long fds = OpenFds.count();
      long timers = loops.loop.metrics().timers().live();
      cycles(server, CYCLES);
      Await.eventually("all are gone", () -> server.connections() == 0);
      assertThat(loops.loop.metrics().timers().live()).isEqualTo(timers);
      assertThat(loops.loop.metrics().registrations()).isEqualTo(1);
      Await.eventually("descriptors are back", () -> OpenFds.count() <= fds);
      assertThat(loops.call(() -> loops.connections().blocks.lentBytes()))
          .isLessThanOrEqualTo(Blocks.LARGE);
    }
  }

  private static void cycles(TcpServer server, int count) throws IOException {
    for (int i = 0; i < count; i++) {
      try (var peer = Peer.connect(server)) {
        peer.send("x\n");
        if (i % 16 < 8) {
          peer.read(2);
        }
        if (i % 16 > 0) {
          peer.reset(); // else its port is out of use for a minute
        }
      }
    }
  }

  @Test
  void addressesAreKnownAfterTheEnd() throws Exception {
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      Connection c = heard.connected();
      var from = peer.socket.getLocalSocketAddress();
      peer.reset();
      heard.ended();
      assertThat(c.localAddress()).isEqualTo(server.localAddress());
      assertThat(c.remoteAddress()).isEqualTo(from);
      assertThat(c.isOpen()).isFalse();
      assertThat(c.queuedBytes()).isZero();
    }
  }
}
