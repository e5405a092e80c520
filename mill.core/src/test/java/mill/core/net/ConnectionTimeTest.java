package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import mill.core.net.CloseCause.Kind;
import mill.natives.net.SockOpt;
import mill.testing.Await;
import org.junit.jupiter.api.Test;

/** The times of a connection: idle, stalled, its deadline; and that they cost nothing meanwhile. */
class ConnectionTimeTest extends ConnectionFixture {
  @Test
  void readsMoveNoTimer() throws Exception {
    var bytes = new AtomicLong();
    ConnectionHandler handler =
        new ConnectionHandler() {
          @Override
          public void onOpen(Connection c) {
            c.deadline(Duration.ofMinutes(1));
          }

          @Override
          public void onFrame(Connection c, MemorySegment m, long offset, long length) {
            bytes.addAndGet(length);
            c.deadline(Duration.ofMinutes(1));
          }
        };
    var config =
        ConnectionConfig.defaults().framer(Framer.fixed(1)).readIdle(Duration.ofMinutes(2));
    try (var server = loops.listen(config, handler);
        var peer = Peer.connect(server)) {
      peer.send(new byte[1_000_000]);
      Await.eventually("all are read", () -> bytes.get() == 1_000_000);
      assertThat(loops.loop.metrics().timers().live()).isEqualTo(1);
      assertThat(loops.loop.metrics().timers().fired()).isZero();
    }
    Await.eventually("no timer is left", () -> loops.loop.metrics().timers().live() == 0);
  }

  @Test
  void idleIsToldAfterTheLastByteAndNotEarlier() throws Exception {
    long idleNs = 100_000_000;
    var lastNs = new AtomicLong();
    heard.onFrame = (c, text) -> lastNs.set(System.nanoTime());
    try (var server = loops.listen(LINES.readIdle(Duration.ofNanos(idleNs)), heard);
        var peer = Peer.connect(server)) {
      long until = System.nanoTime() + 3 * idleNs;
      while (System.nanoTime() < until) {
        peer.send("x\n");
      }
      assertThat(peer.readAll()).isEmpty();
      long afterNs = System.nanoTime() - lastNs.get();
      peer.leave();
      assertThat(heard.ended().kind()).isEqualTo(Kind.READ_IDLE);
      assertThat(afterNs).isGreaterThan(idleNs - 20_000_000).isLessThan(10 * idleNs);
    }
  }

  // Nothing is said to this end, and that is what there is to it.
  @Test
  void aSlowDownloadIsNotIdleThoughItsReaderSaysNothing() throws Exception {
    long idleNs = 400_000_000;
    // With small buffers the kernel takes the last bytes when the reader is nearly there.
    heard.onOpen = c -> c.socket().setOption(SockOpt.SO_SNDBUF, 4096);
    heard.onFrame = (c, text) -> c.out().put(new byte[1 << 20], 0, 1 << 20);
    var config = LINES.readIdle(Duration.ofNanos(idleNs)).idle(Duration.ofNanos(idleNs));
    try (var server = loops.listen(config, heard);
        var peer = Peer.slow(server)) {
      peer.send("go\n");
      long begunNs = System.nanoTime();
      readSlowly(peer, 15 << 16, 3 * idleNs);
      assertThat(heard.closed).hasValue(0);
      peer.readBytes(1 << 16);
      assertThat(System.nanoTime() - begunNs).isGreaterThan(2 * idleNs);
      assertThat(peer.readAll()).isEmpty(); // and then it is
      peer.leave();
      assertThat(heard.ended().kind()).isIn(Kind.IDLE, Kind.READ_IDLE);
      assertThat(heard.ended().undeliveredBytes()).isZero();
    }
  }

  private static void readSlowly(Peer peer, int bytes, long takingNs) throws Exception {
    long begunNs = System.nanoTime();
    byte[] into = new byte[64 << 10];
    int got = 0;
    while (got < bytes) {
      long due = (System.nanoTime() - begunNs) * bytes / takingNs;
      if (got < due) {
        got += peer.in().read(into, 0, Math.min(into.length, bytes - got));
      } else {
        Thread.onSpinWait();
      }
    }
  }

  // The queue is never there for long: only what is said by this end keeps it from being idle.
  @Test
  void whoIsSpokenToIsNotIdleButReadIdle() throws Exception {
    long idleNs = 100_000_000;
    var both = new Recorder();
    talksAlone(both, LINES.idle(Duration.ofNanos(idleNs)), 3 * idleNs);
    assertThat(both.ended().kind()).isEqualTo(Kind.PEER_END);
    talksAlone(heard, LINES.readIdle(Duration.ofNanos(idleNs)), 3 * idleNs);
    assertThat(heard.ended().kind()).isEqualTo(Kind.READ_IDLE);
  }

  /** Lets the server say a byte each few milliseconds, to a peer that says nothing. */
  private void talksAlone(Recorder to, ConnectionConfig config, long forNs) throws Exception {
    to.onOpen = c -> c.deadline(Duration.ofMillis(5));
    to.onDeadline =
        c -> {
          c.out().putAscii(".");
          c.deadline(Duration.ofMillis(5));
        };
    try (var server = loops.listen(config, to);
        var peer = Peer.connect(server)) {
      long begunNs = System.nanoTime();
      while (System.nanoTime() - begunNs < forNs && peer.in().read() >= 0) {
        // it goes on
      }
      peer.end();
      peer.skipAll();
    }
  }

  @Test
  void whoNeitherSaysNorHearsAnythingIsIdle() throws Exception {
    var talking = new Recorder();
    try (var server = loops.listen(LINES.idle(Duration.ofMillis(50)), heard);
        var silent = Peer.connect(server);
        var others = loops.listen(LINES.idle(Duration.ofMillis(200)), talking);
        var talks = Peer.connect(others)) {
      assertThat(silent.readAll()).isEmpty();
      silent.leave();
      assertThat(heard.ended().kind()).isEqualTo(Kind.IDLE);
      long begunNs = System.nanoTime();
      while (System.nanoTime() - begunNs < 400_000_000) {
        talks.send("x\n");
      }
      assertThat(talking.closed).hasValue(0);
    }
  }

  // Its peer has ended, this end has not, and nothing moves any more.
  @Test
  void aHalfClosedConnectionOnWhichNothingMovesIsIdle() throws Exception {
    heard.onEnd = c -> {};
    try (var server = loops.listen(LINES.idle(Duration.ofMillis(50)), heard);
        var peer = Peer.connect(server)) {
      peer.end();
      assertThat(peer.readAll()).isEmpty();
      assertThat(heard.ended().kind()).isEqualTo(Kind.IDLE);
    }
  }

  @Test
  void whoIsPausedIsNotIdle() throws Exception {
    heard.onOpen = c -> c.pause(heard);
    var config = LINES.readIdle(Duration.ofMillis(20)).idle(Duration.ofMillis(20));
    try (var server = loops.listen(config, heard);
        var _ = Peer.connect(server)) {
      Connection c = heard.connected();
      c.execute(() -> c.deadline(Duration.ofMillis(150)));
      assertThat(heard.next()).isEqualTo("open");
      assertThat(heard.next()).isEqualTo("deadline");
    }
  }

  @Test
  void aReaderThatTakesNothingStallsTheWriter() throws Exception {
    heard.onOpen = c -> c.out().put(new byte[16 << 20], 0, 16 << 20);
    try (var server = loops.listen(LINES.writeStall(Duration.ofMillis(50)), heard);
        var _ = Peer.slow(server)) {
      assertThat(heard.ended().kind()).isEqualTo(Kind.WRITE_STALLED);
      assertThat(heard.ended().undeliveredBytes()).isPositive();
    }
  }

  @Test
  void aSlowReaderThatGoesOnDoesNotStallTheWriter() throws Exception {
    heard.onOpen =
        c -> {
          c.out().put(new byte[16 << 20], 0, 16 << 20);
          c.end();
        };
    heard.onEnd = c -> {};
    long stallNs =
        1_000_000_000; // a reader that gets no processor for so long is not slow, it stands
    try (var server = loops.listen(LINES.writeStall(Duration.ofNanos(stallNs)), heard);
        var peer = Peer.connect(server)) {
      long begunNs = System.nanoTime();
      long got = 0;
      byte[] into = new byte[64 << 10];
      // As slowly as to take three times the limit.
      while (System.nanoTime() - begunNs < 3 * stallNs && got < 15 << 20) {
        long due = (System.nanoTime() - begunNs) * (15 << 20) / (3 * stallNs);
        if (got < due) {
          got += peer.in().read(into);
        } else {
          Thread.onSpinWait();
        }
      }
      got += peer.skipAll();
      assertThat(got).isEqualTo(16 << 20);
    }
    assertThat(heard.ended().kind()).isEqualTo(Kind.LOCAL);
  }

  @Test
  void theDeadlineIsToldOnceAndCanBeMovedAndTakenBack() throws Exception {
    heard.onOpen = c -> c.deadline(Duration.ofMillis(1));
    heard.onDeadline = c -> c.out().putAscii("late\n");
    heard.onFrame =
        (c, text) -> {
          c.deadline(Duration.ofMillis(1));
          c.deadline(null);
          c.deadline(Duration.ofMillis(5));
        };
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      assertThat(peer.read(5)).isEqualTo("late\n");
      peer.send("again\n");
      assertThat(peer.read(5)).isEqualTo("late\n");
      assertThat(heard.events).containsExactly("open", "deadline", "frame again\n", "deadline");
    }
  }

  @Test
  void aClosedConnectionLeavesNoTimer() throws Exception {
    heard.onOpen = c -> c.deadline(Duration.ofHours(1));
    try (var server = loops.listen(LINES.readIdle(Duration.ofHours(1)), heard);
        var peer = Peer.connect(server)) {
      heard.connected();
      loops.run(() -> true);
      assertThat(loops.loop.metrics().timers().live()).isPositive();
      peer.reset();
      heard.ended();
      loops.run(() -> true);
      assertThat(loops.loop.metrics().timers().live()).isZero();
    }
  }
}
