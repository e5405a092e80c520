package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import mill.core.net.CloseCause.Kind;
import mill.natives.memory.BufferPoolConfig;
import mill.testing.Await;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Memory is bounded, and the want of it is an outcome: somebody waits, nobody is lost. */
class MemoryTest {
  private static final ConnectionConfig LINES = ConnectionConfig.defaults().framer(Framer.lines());

  private Loops loops;

  @AfterEach
  void stop() {
    if (loops != null) {
      assertThat(loops.runner.uncaught()).isEmpty();
      loops.close();
    }
  }

  private static BufferPoolConfig cap(long bytes) {
    return BufferPoolConfig.builder().maxBytes(bytes).slabBytes(64 << 10).build();
  }

  @Test
  void readsAndAcceptsWaitFromSevenEighthsOnAndGoOnAtARelease() throws Exception {
    loops = Loops.start(cap(1 << 20));
    var bytes = new AtomicLong();
    var frames = new AtomicLong();
    var all = new ArrayList<Connection>();
    Object reason = new Object();
    ConnectionHandler handler =
        new ConnectionHandler() {
          @Override
          public void onOpen(Connection c) {
            all.add(c);
          }

          @Override
          public void onFrame(
              Connection c, java.lang.foreign.MemorySegment m, long offset, long length) {
            frames.incrementAndGet();
            if (bytes.get() == 0) {
              c.pause(reason); // with the rest of its buffer unread
            } else {
              bytes.addAndGet(length);
            }
          }
        };
    var peers = new ArrayList<Peer>();
    try (var server = loops.listen(LINES, handler)) {
      Peer early = Peer.connect(server);
      peers.add(early);
      String lines = ("x".repeat(99) + "\n").repeat(200); // more than is kept in a small block
      for (int i = 0; i < 14; i++) {
        peers.add(Peer.connect(server).send(lines));
      }
      Await.eventually(
          "memory is short", () -> loops.call(() -> loops.connections().blocks.isShort()));
      long before = frames.get();
      early.send("early\n");
      Peer late = Peer.connect(server);
      peers.add(late);
      loops.run(() -> true);
      loops.run(() -> true);
      assertThat(server.connections()).as("the last one waits in the backlog").isEqualTo(15);
      assertThat(frames).as("and nothing is read").hasValue(before);
      bytes.set(1);
      loops.run(() -> {
        all.forEach(c -> c.resume(reason));
        return true;
      });
      late.send("here\n");
      long expected = 1 + 14L * 200 * 100 + 5 + 6;
      Await.eventually(
          "all is read but what the paused ones were given first",
          () -> bytes.get() >= expected - 14 * 100);
      assertThat(server.connections()).isEqualTo(16);
      for (Peer peer : peers) {
        peer.leave();
      }
      Await.eventually("all have left", () -> server.connections() == 0);
      assertThat(loops.call(() -> loops.connections().blocks.lentBytes()))
          .isLessThanOrEqualTo(Blocks.LARGE);
    }
  }

  @Test
  void aPutThatFindsNoMemoryEndsItsConnectionAlone() throws Exception {
    loops = Loops.start(cap(1 << 20));
    var greedy = new Recorder();
    greedy.onFrame = (c, text) -> c.out().put(new byte[32 << 20], 0, 32 << 20);
    try (var server = loops.listen(LINES, greedy);
        var others = loops.listen(LINES, (c, m, at, n) -> c.out().put(m, at, n));
        var peer = Peer.slow(server);
        var other = Peer.connect(others)) {
      peer.send("go\n");
      assertThat(greedy.ended().kind()).isEqualTo(Kind.NO_MEMORY);
      assertThat(other.send("alive\n").read(6)).isEqualTo("alive\n");
      assertThat(greedy.faults).isEmpty();
    }
  }

  @Test
  void aFrameThatMemoryCanNeverHoldEndsItsConnection() throws Exception {
    loops = Loops.start(cap(1 << 20));
    var heard = new Recorder();
    var config = ConnectionConfig.defaults().framer(Framer.lengthPrefixed(4)).maxFrame(8 << 20);
    try (var server = loops.listen(config, heard);
        var peer = Peer.connect(server)) {
      peer.send(new byte[] {0, 0x7f, 0, 0});
      try {
        peer.send(new byte[1 << 20]);
      } catch (java.io.IOException reset) {
        // it may be reset before all is sent
      }
      assertThat(heard.ended().kind()).isEqualTo(Kind.NO_MEMORY);
    }
  }

  // It said how much it had taken, nothing of that was taken from the queue, and it was asked
  // again.
  @Test
  void aLayerThatFindsNoMemoryEndsItsConnectionAloneAndTheLoopGoesOn() throws Exception {
    loops = Loops.start(cap(1 << 20));
    Blocks blocks = loops.connections().blocks;
    var taken = new ArrayList<Block>();
    var counted = new TestLayers.Counted();
    var heard = new Recorder();
    heard.onOpen =
        c -> {
          long held = c.out().hold(4);
          c.out().put(new byte[5_000], 0, 5_000);
          takeAll(blocks, taken, Blocks.MEDIUM);
          takeAll(blocks, taken, Blocks.SMALL);
          c.out().patchIntBE(held, 5_000);
        };
    var layered = ConnectionConfig.defaults().layer(() -> new TestLayers.Records(7, counted));
    try (var server = loops.listen(layered, heard);
        var peer = Peer.connect(server)) {
      CloseCause cause = heard.ended();
      assertThat(cause.kind()).isEqualTo(Kind.NO_MEMORY);
      assertThat(cause.undeliveredBytes()).isEqualTo(5_004);
      loops.run(() -> {
        taken.forEach(blocks::release);
        return true;
      });
      peer.requireReset();
    }
    assertThat(counted.closed).hasValue(1);
    assertThat(heard.faults).isEmpty();
  }

  private static void takeAll(Blocks from, List<Block> to, int bytes) {
    for (Block b = from.acquire(bytes); b != null; b = from.acquire(bytes)) {
      to.add(b);
    }
  }

  @Test
  void aSegmentThatIsKeptAfterTheFrameThrowsInACheckedPool() throws Exception {
    loops = Loops.start(BufferPoolConfig.builder().checked(true).build());
    var kept = new java.util.concurrent.CompletableFuture<java.lang.foreign.MemorySegment>();
    try (var server =
            loops.listen(
                LINES,
                (c, m, at, n) -> {
                  kept.complete(m);
                  c.out().put(m, at, n);
                });
        var peer = Peer.connect(server)) {
      assertThat(peer.send("x\n").read(2)).isEqualTo("x\n");
      loops.run(() -> true);
      org.assertj.core.api.Assertions.assertThatThrownBy(
              () -> Await.outcomeOf(kept).get(java.lang.foreign.ValueLayout.JAVA_BYTE, 0))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void allMemoryIsGivenBackInACheckedPool() throws Exception {
    var leaks = new AtomicLong();
    var config =
        BufferPoolConfig.builder().checked(true).onLeak(report -> leaks.incrementAndGet()).build();
    loops = Loops.start(config);
    byte[] reply = new byte[1 << 20];
    ConnectionHandler handler =
        (c, m, at, n) -> {
          c.out().put(reply, 0, reply.length);
          if (m.get(java.lang.foreign.ValueLayout.JAVA_BYTE, at) == 'r') {
            c.reset();
          }
        };
    try (var server = loops.listen(LINES, handler)) {
      for (String text : new String[] {"a\n", "a\na\nincomplete", "r\n", "a\nr\n"}) {
        try (var peer = Peer.slow(server)) {
          peer.send(text);
          peer.in().read();
        } catch (java.io.IOException reset) {
          // as was asked for
        }
      }
    }
    loops.close();
    loops = null;
    assertThat(leaks).hasValue(0);
  }
}
