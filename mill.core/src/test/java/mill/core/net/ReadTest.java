package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import mill.core.net.CloseCause.Kind;
import mill.testing.Await;
import mill.testing.ChildJvm;
import mill.testing.Threads;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** What arrives is read to its end, in its time, and by whoever handles it then. */
class ReadTest extends ConnectionFixture {
  /** Counts bytes. */
  private static final class Counter implements ConnectionHandler {
    final AtomicLong bytes = new AtomicLong();

    @Override
    public void onFrame(Connection c, MemorySegment memory, long offset, long length) {
      bytes.addAndGet(length);
    }
  }

  @Test
  void fourMegabytesWithoutAFollowUpAreReadFully() throws Exception {
    var counter = new Counter();
    try (var server = loops.listen(ConnectionConfig.defaults(), counter);
        var peer = Peer.connect(server)) {
      peer.send(new byte[4 << 20]);
      Await.eventually("all are read", () -> counter.bytes.get() == 4 << 20);
    }
  }

  @Test
  void aBusyPeerLeavesTheOthersTheirTurn() throws Exception {
    ConnectionHandler echo = (c, memory, offset, length) -> c.out().put(memory, offset, length);
    var stop = new AtomicBoolean();
    try (var firehose = loops.listen(ConnectionConfig.defaults(), new Counter());
        var server = loops.listen(ConnectionConfig.defaults(), echo);
        var busy = Peer.connect(firehose);
        var quiet = Peer.connect(server)) {
      var flood =
          Await.inBackground(
              "flood",
              () -> {
                byte[] bytes = new byte[1 << 20];
                while (!stop.get()) {
                  busy.send(bytes);
                }
                return true;
              });
      var latencies = new ArrayList<Long>();
      for (int i = 0; i < 200; i++) {
        long begin = System.nanoTime();
        quiet.send("x");
        quiet.read(1);
        latencies.add(System.nanoTime() - begin);
      }
      stop.set(true);
      Await.outcome(flood);
      latencies.sort(null);
      assertThat(latencies.get(100)).as("the median, in ns").isLessThan(10_000_000);
    }
  }

  // In the order of the loop, not by time: a peer that never lets the kernel run empty has had no
  // more than its share, of one turn or two, before each of the quiet ones is served.
  @Test
  void aFirehoseHasNoMoreThanItsShareBeforeAHundredQuietPeersAreServed() throws Exception {
    var spy = new SpyPlatform();
    var hose = new Counter();
    var before = new ConcurrentLinkedQueue<Long>();
    ConnectionHandler quiet = (c, memory, offset, length) -> before.add(hose.bytes.get());
    var peers = new ArrayList<Peer>();
    try (var watched = Loops.start(spy.platform());
        var firehose = watched.listen(ConnectionConfig.defaults(), hose);
        var server = watched.listen(ConnectionConfig.defaults(), quiet);
        var busy = Peer.connect(firehose)) {
      for (int i = 0; i < 100; i++) {
        peers.add(Peer.connect(server));
      }
      Await.eventually("all are there", () -> server.connections() == 100);
      Await.eventually("it is there", () -> firehose.connections() == 1);
      firehose.forEach(c -> spy.endless = c.socket().fd());
      Await.eventually("it is known which", () -> spy.endless >= 0);
      busy.send("x");
      Await.eventually("it comes without end", () -> hose.bytes.get() > 1 << 20);
      var released = mill.core.LoopRunner.hold(watched.loop);
      long until = hose.bytes.get();
      for (Peer peer : peers) {
        peer.send("x");
      }
      released.countDown();
      Await.eventually("all were served", () -> before.size() == 100);
      assertThat(before).allMatch(bytes -> bytes - until <= 2 * 4 * Blocks.LARGE);
    } finally {
      for (Peer peer : peers) {
        peer.leave();
      }
    }
  }

  @Test
  void pausesByTwoThreadsLoseNothing() throws Exception {
    int rounds = 500_000; // a million with the other's
    var counter = new Counter();
    var recorder = new Recorder();
    recorder.onFrame = (c, text) -> counter.bytes.addAndGet(text.length());
    try (var server = loops.listen(ConnectionConfig.defaults(), recorder);
        var peer = Peer.connect(server)) {
      Connection c = recorder.connected();
      var sender =
          Await.inBackground(
              "sender",
              () -> {
                for (int i = 0; i < rounds / 100; i++) {
                  peer.send("0123456789".repeat(10));
                }
                return true;
              });
      Threads.together(
          2,
          () -> {
            Object reason = new Object();
            for (int i = 0; i < rounds; i++) {
              c.pause(reason);
              c.resume(reason);
            }
          });
      Await.outcome(sender);
      Await.eventually("all are read", () -> counter.bytes.get() == rounds);
    }
  }

  @Test
  void aPausedReceiverCongestsTheSender() throws Exception {
    heard.onOpen = c -> c.pause(heard);
    try (var server = loops.listen(ConnectionConfig.defaults(), heard)) {
      var sending = new Recorder();
      Connection sender =
          TcpClient.connect(
              loops.loop, server.localAddress(), ConnectionConfig.defaults(), sending);
      heard.connected();
      sending.connected();
      Message message = Messages.of(new byte[64 << 10]);
      for (int i = 0; i < 1000 && !sender.isCongested(); i++) {
        while (!sender.write(message) && !sender.isCongested()) {
          Thread.onSpinWait();
        }
        loops.run(() -> true);
      }
      message.release();
      assertThat(sender.isCongested()).isTrue();
      assertThat(sender.queuedBytes()).isGreaterThan(256 << 10);
      heard.connected().resume(heard);
      Await.eventually("it is drained", () -> !sender.isCongested());
      assertThat(sending.next()).isEqualTo("open");
      assertThat(sending.next()).isEqualTo("drained");
      sender.reset();
    }
  }

  @Test
  void dataAndTheEndInOneSegmentAreToldInThatOrder() throws Exception {
    for (int i = 0; i < 50; i++) {
      var each = new Recorder();
      try (var server = loops.listen(LINES, each);
          var peer = Peer.connect(server)) {
        peer.send("data\n");
        peer.end();
        assertThat(peer.readAll()).isEmpty();
        each.ended();
        assertThat(each.events).containsExactly("open", "frame data\n", "end", "closed PEER_END");
      }
    }
  }

  @Test
  void anEndWhilePausedIsToldAfterTheResume() throws Exception {
    heard.onOpen = c -> c.pause(heard);
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      Connection c = heard.connected();
      peer.send("one\ntwo\n");
      peer.end();
      loops.run(() -> true);
      loops.run(() -> true);
      assertThat(heard.next()).isEqualTo("open");
      assertThat(heard.events).isEmpty();
      c.resume(heard);
      assertThat(heard.next()).isEqualTo("frame one\n");
      assertThat(heard.next()).isEqualTo("frame two\n");
      assertThat(heard.next()).isEqualTo("end");
      assertThat(heard.next()).isEqualTo("closed PEER_END");
    }
  }

  @Test
  void aResetWhilePausedIsToldAtOnce() throws Exception {
    heard.onOpen = c -> c.pause(heard);
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      heard.connected();
      peer.send("dropped\n");
      peer.reset();
      assertThat(heard.next()).isEqualTo("open");
      assertThat(heard.next()).isEqualTo("closed PEER_RESET");
    }
  }

  @Test
  void pausesAreASetOfReasonsAndNotACount() throws Exception {
    heard.onOpen =
        c -> {
          c.pause("a");
          c.pause("a");
          c.pause("b");
          c.resume("a");
          c.resume("a");
        };
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      peer.send("one\n");
      assertThat(heard.next()).isEqualTo("open");
      loops.run(() -> true);
      assertThat(heard.events).isEmpty();
      heard.connected().resume("b");
      assertThat(heard.next()).isEqualTo("frame one\n");
    }
  }

  @Test
  void aFrameLongerThanABufferArrivesWhole() throws Exception {
    byte[] body = Messages.pattern(1 << 20);
    var got = new java.util.concurrent.CompletableFuture<byte[]>();
    ConnectionHandler handler =
        (c, memory, offset, length) -> {
          byte[] bytes = new byte[(int) length - 4];
          MemorySegment.copy(
              memory, java.lang.foreign.ValueLayout.JAVA_BYTE, offset + 4, bytes, 0, bytes.length);
          got.complete(bytes);
          c.out().putAscii("ok");
        };
    var config =
        ConnectionConfig.defaults().framer(Framer.lengthPrefixed(4)).maxFrame((1 << 20) + 4);
    try (var server = loops.listen(config, handler);
        var peer = Peer.connect(server)) {
      peer.send(new byte[] {0, 16, 0, 0});
      peer.send(body);
      assertThat(peer.read(2)).isEqualTo("ok");
      assertThat(Await.outcomeOf(got)).isEqualTo(body);
      assertThat(loops.call(() -> loops.connections().blocks.lentBytes()))
          .as("nothing but what is kept for the next read")
          .isLessThanOrEqualTo(Blocks.LARGE);
    }
  }

  @Test
  void idleConnectionsHoldNoBuffer() throws Exception {
    heard.onFrame = (c, text) -> c.out().putAscii(text);
    var peers = new ArrayList<Peer>();
    try (var server = loops.listen(LINES, Recorder::new)) {
      for (int i = 0; i < 100; i++) {
        Peer peer = Peer.connect(server);
        peers.add(peer);
        peer.send("one\n");
      }
      Await.eventually("all are there", () -> server.connections() == 100);
      loops.run(() -> true);
      assertThat(loops.call(() -> loops.connections().blocks.lentBytes()))
          .isLessThanOrEqualTo(Blocks.LARGE);
      for (Peer peer : peers) {
        peer.send("incomplete");
      }
      Await.eventually(
          "each holds a small one",
          () -> loops.call(() -> loops.connections().blocks.lentBytes()) > 100 * 256);
      assertThat(loops.call(() -> loops.connections().blocks.lentBytes()))
          .isLessThanOrEqualTo(Blocks.LARGE + 100 * 256);
    } finally {
      for (Peer peer : peers) {
        peer.leave();
      }
    }
  }

  // The peers are another process's: one has not so many descriptors.
  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "so many connections take minutes under Wine")
  @Timeout(300) // each step is bounded: it has much to do
  void tenThousandIdleConnectionsHoldNoBuffer() throws Exception {
    ConnectionHandler echo = (c, memory, offset, length) -> c.out().put(memory, offset, length);
    try (var server = loops.listen(LINES, echo)) {
      int port = ((InetSocketAddress) server.localAddress()).getPort();
      var peers =
          Await.inBackground(
              "peers", () -> ChildJvm.of(IdlePeers.class).working().run("10000", "" + port));
      for (int all = 1000; all <= 10_000; all += 1000) {
        int some = all;
        Await.eventually(
            some + " are there, or it has ended",
            () -> peers.isDone() || server.connections() >= some);
      }
      if (peers.isDone()) {
        abort("no room for so many: " + peers.get());
      }
      loops.run(() -> true);
      assertThat(loops.call(() -> loops.connections().blocks.lentBytes()))
          .as("nothing but what is kept for the next read")
          .isLessThanOrEqualTo(Blocks.LARGE);
      server.forEach(Connection::close); // which lets the peers end
      assertThat(Await.outcome(peers).exitCode()).isZero();
    }
  }

  @Test
  void aFramerCanBeSwitchedFromTheFirstUntakenByteOn() throws Exception {
    heard.onFrame =
        (c, text) -> {
          if (text.equals("fixed\n")) {
            c.framer(Framer.fixed(3));
          }
        };
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      peer.send("line\nfixed\nabcdef");
      assertThat(heard.next()).isEqualTo("open");
      assertThat(heard.next()).isEqualTo("frame line\n");
      assertThat(heard.next()).isEqualTo("frame fixed\n");
      assertThat(heard.next()).isEqualTo("frame abc");
      assertThat(heard.next()).isEqualTo("frame def");
    }
  }

  @Test
  void anotherHandlerTakesOverWithTheNextFrameAndBothHearWhatTheyShould() throws Exception {
    var second = new Recorder();
    heard.onFrame = (c, text) -> c.handler(second);
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      peer.send("one\ntwo\nthree\n");
      assertThat(second.next()).isEqualTo("open");
      assertThat(second.next()).isEqualTo("frame two\n");
      assertThat(second.next()).isEqualTo("frame three\n");
      assertThat(heard.events).containsExactly("open", "frame one\n", "closed HANDED_OVER");
      peer.end();
      assertThat(second.next()).isEqualTo("end");
      assertThat(second.next()).isEqualTo("closed PEER_END");
      assertThat(second.ended().opened()).isTrue();
    }
    assertThat(second.faults).isEmpty();
  }

  @Test
  void aHandlerThatTookOverOfAnEndedConnectionHearsThatItNeverOpened() throws Exception {
    var second = new Recorder();
    heard.onFrame =
        (c, text) -> {
          c.handler(second);
          c.reset();
        };
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      peer.send("one\n");
      assertThat(second.next()).isEqualTo("closed LOCAL");
      assertThat(second.ended().opened()).isFalse();
      assertThat(heard.events).containsExactly("open", "frame one\n", "closed HANDED_OVER");
    }
  }

  @Test
  void pauseWhileLastsUntilTheOtherIsDrained() throws Exception {
    var readers = new Recorder();
    try (var talking = loops.listen(LINES, heard);
        var listening = loops.listen(LINES, readers);
        var reader = Peer.slow(listening);
        var talker = Peer.connect(talking)) {
      Connection to = readers.connected();
      byte[] chunk = new byte[16 << 20];
      heard.onFrame =
          (c, text) -> {
            if (text.equals("fill\n")) {
              to.out().put(chunk, 0, chunk.length);
              to.flush();
              c.pauseWhile(to);
              c.pauseWhile(c);
            }
          };
      talker.send("fill\nnext\n");
      assertThat(heard.next()).isEqualTo("open");
      assertThat(heard.next()).isEqualTo("frame fill\n");
      loops.run(() -> true);
      assertThat(heard.events).isEmpty();
      reader.readBytes(chunk.length);
      assertThat(heard.next()).isEqualTo("frame next\n");
    }
  }

  @Test
  void pauseWhileEndsWithTheOther() throws Exception {
    var readers = new Recorder();
    try (var talking = loops.listen(LINES, heard);
        var listening = loops.listen(LINES, readers);
        var reader = Peer.slow(listening);
        var talker = Peer.connect(talking)) {
      Connection to = readers.connected();
      heard.onFrame =
          (c, text) -> {
            if (text.equals("fill\n")) {
              to.out().put(new byte[16 << 20], 0, 16 << 20);
              to.flush();
              c.pauseWhile(to);
            }
          };
      talker.send("fill\nnext\n");
      assertThat(heard.next()).isEqualTo("open");
      assertThat(heard.next()).isEqualTo("frame fill\n");
      reader.reset();
      assertThat(heard.next()).isEqualTo("frame next\n");
    }
  }

  @Test
  void aServerReadsNoMoreFromWhomItCannotSendTo() throws Exception {
    var requests = new AtomicLong();
    byte[] reply = new byte[128 << 10];
    heard.onFrame =
        (c, text) -> {
          requests.incrementAndGet();
          c.out().put(reply, 0, reply.length);
        };
    int all = 200;
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.slow(server)) {
      Connection c = heard.connected();
      peer.send("r\n".repeat(all));
      Await.eventually("it is congested", c::isCongested);
      loops.run(() -> true);
      assertThat(requests.get()).isLessThan(all);
      assertThat(c.queuedBytes()).isLessThan((256 << 10) + reply.length + 1);
      assertThat(peer.readBytes(all * reply.length)).hasSize(all * reply.length);
      assertThat(requests).hasValue(all);
    }
  }

  @Test
  void aFrameIsTakenWhateverTheHandlerDoes() throws Exception {
    heard.onFrame =
        (c, text) -> {
          if (text.equals("close\n")) {
            c.close();
          }
        };
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      peer.send("one\nclose\nnever\n");
      assertThat(new String(peer.readAll(), StandardCharsets.UTF_8)).isEmpty();
      peer.leave();
      assertThat(heard.ended().kind()).isEqualTo(Kind.LOCAL);
      assertThat(heard.events)
          .containsExactly("open", "frame one\n", "frame close\n", "closed LOCAL");
    }
  }
}
