package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import mill.core.net.CloseCause.Kind;
import mill.testing.Await;
import mill.testing.Threads;
import org.junit.jupiter.api.Test;

/** What is put and written arrives, in order, whole and once. */
class WriteTest extends ConnectionFixture {
  @Test
  void moreBuffersThanOneSendTakesArriveInOrder() throws Exception {
    byte[] expected = Messages.pattern(1025 * 2000);
    List<Message> messages = new ArrayList<>();
    for (int i = 0; i < 1025; i++) { // longer than what is copied: a buffer each
      messages.add(Message.copyOf(MemorySegment.ofArray(expected), i * 2000L, 2000));
    }
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      Connection c = heard.connected();
      loops.run(() -> {
        messages.forEach(c::write);
        c.close();
        return true;
      });
      messages.forEach(Message::release);
      assertThat(peer.readAll()).isEqualTo(expected);
    }
  }

  @Test
  void aLargeReplyToASlowReaderArrivesIntact() throws Exception {
    byte[] bytes = Messages.pattern(10 << 20);
    heard.onOpen =
        c -> {
          for (int i = 0; i < 10; i++) { // one callback may go beyond the limit
            c.out().put(bytes, i << 20, 1 << 20);
          }
          c.close();
        };
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.slow(server)) {
      var digest = MessageDigest.getInstance("SHA-256");
      byte[] into = new byte[8192];
      int read;
      while ((read = peer.in().read(into)) >= 0) {
        digest.update(into, 0, read);
      }
      assertThat(digest.digest()).isEqualTo(MessageDigest.getInstance("SHA-256").digest(bytes));
    }
  }

  @Test
  void framesOfSeveralThreadsNeverInterleaveAndKeepTheirOrder() throws Exception {
    int each = 2000;
    try (var server = loops.listen(LINES.queueLimit(1 << 30), heard);
        var peer = Peer.connect(server)) {
      Connection c = heard.connected();
      var thread = new AtomicInteger();
      var reader = Await.inBackground("reader", peer::readAll);
      Threads.together(
          4,
          () -> {
            int id = thread.getAndIncrement();
            for (int i = 0; i < each; i++) {
              Message message = Messages.of(id + ":" + i + ":" + "x".repeat(i % 50) + "\n");
              while (!c.write(message)) {
                Thread.onSpinWait(); // the ring is full
              }
              message.release();
            }
          });
      c.close();
      String text = new String(Await.outcome(reader), StandardCharsets.UTF_8);
      int[] next = new int[4];
      for (String line : text.lines().toList()) {
        String[] parts = line.split(":", -1);
        int id = Integer.parseInt(parts[0]);
        assertThat(Integer.parseInt(parts[1])).isEqualTo(next[id]++);
        assertThat(parts[2]).isEqualTo("x".repeat((next[id] - 1) % 50));
      }
      assertThat(next).containsOnly(each);
    }
  }

  @Test
  void writesAndTheCloseOfOneThreadKeepTheirOrderThoughTheRingIsFull() throws Exception {
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      Connection c = heard.connected();
      var released = mill.core.LoopRunner.hold(loops.loop);
      Message message = Messages.of("m");
      int accepted = 0;
      while (c.write(message)) {
        accepted++;
      }
      assertThat(accepted).isGreaterThan(100);
      c.pause("a reason that the ring has no place for");
      c.close(); // behind all of them
      assertThat(c.write(message)).isFalse();
      released.countDown();
      assertThat(peer.readAll()).hasSize(accepted);
      peer.leave();
      message.release();
      assertThat(heard.ended().kind()).isEqualTo(Kind.LOCAL);
    }
  }

  @Test
  void aWriteThatTheRingRefusedIsFollowedByOnDrained() throws Exception {
    try (var server = loops.listen(LINES, heard);
        var _ = Peer.connect(server)) {
      Connection c = heard.connected();
      assertThat(heard.next()).isEqualTo("open");
      var released = mill.core.LoopRunner.hold(loops.loop);
      Message message = Messages.of("m");
      while (c.write(message)) {
        // until it is full
      }
      released.countDown();
      assertThat(heard.next()).isEqualTo("drained");
      assertThat(c.write(message)).isTrue();
      message.release();
    }
  }

  @Test
  void aWriteInsideOfOnDrainedNeverNests() throws Exception {
    byte[] chunk = Messages.pattern(1000);
    var rounds = new AtomicInteger();
    heard.onOpen = c -> c.out().put(chunk, 0, chunk.length);
    heard.onDrained =
        c -> {
          if (rounds.incrementAndGet() < 5) {
            c.out().put(chunk, 0, chunk.length);
          } else {
            c.close();
          }
        };
    try (var server = loops.listen(LINES.marks(10, 100), heard);
        var peer = Peer.connect(server)) {
      assertThat(peer.skipAll()).isEqualTo(5L * chunk.length);
      peer.leave();
      heard.ended();
      assertThat(heard.events.stream().filter("drained"::equals)).hasSize(5); // once per crossing
    }
  }

  @Test
  void theQueueThatFallsInsideOfTheVeryCallbackStillDrains() throws Exception {
    byte[] chunk = Messages.pattern(1000);
    var congested = new AtomicBoolean();
    heard.onOpen =
        c -> {
          c.out().put(chunk, 0, chunk.length);
          congested.set(c.isCongested());
          c.flush();
        };
    try (var server = loops.listen(LINES.marks(10, 100), heard);
        var peer = Peer.connect(server)) {
      peer.readBytes(chunk.length);
      assertThat(heard.next()).isEqualTo("open");
      assertThat(heard.next()).isEqualTo("drained");
      assertThat(congested).isTrue();
    }
  }

  @Test
  void anEmptyWriteSendsNothing() throws Exception {
    heard.onOpen =
        c -> {
          Message empty = Messages.of("");
          assertThat(c.write(empty)).isTrue();
          empty.release();
          c.out().put(new byte[0], 0, 0).putAscii("");
          assertThat(c.queuedBytes()).isZero();
          c.out().putAscii("x");
        };
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      assertThat(peer.read(1)).isEqualTo("x");
    }
  }

  @Test
  void messagesAreReleasedOnceHoweverTheyEnd() throws Exception {
    Message sent = Messages.of(Messages.pattern(5000));
    Message dropped = Messages.of(Messages.pattern(5000));
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      Connection c = heard.connected();
      c.write(sent);
      peer.readBytes(5000);
      loops.run(() -> {
        c.write(dropped);
        c.reset();
        return true;
      });
      heard.ended();
      assertThat(c.write(dropped)).isFalse();
    }
    for (Message message : List.of(sent, dropped)) {
      assertThat(message.toString()).contains(" 1 references");
      message.release();
      assertThatThrownBy(message::release).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void whoWritesOnAboveTheLimitEndsWithOverflow() throws Exception {
    byte[] chunk = Messages.pattern(1 << 20);
    try (var server = loops.listen(LINES.queueLimit(1 << 20), heard);
        var _ = Peer.slow(server)) {
      Connection c = heard.connected();
      Message message = Messages.of(chunk);
      int accepted = 0;
      do { // else the system may take all of it before the loop hears of what was refused
        assertThat(c.write(message)).isTrue();
        accepted++;
        loops.run(() -> true);
        loops.run(() -> true);
      } while (c.queuedBytes() == 0);
      while (c.write(message)) {
        accepted++;
        assertThat(accepted).isLessThan(100);
      }
      message.release();
      CloseCause cause = heard.ended();
      assertThat(cause.kind()).isEqualTo(Kind.OVERFLOW);
      assertThat(cause.undeliveredBytes()).isPositive().isLessThanOrEqualTo((long) accepted << 20);
      assertThat(accepted).isPositive();
    }
  }

  // Seed 51,462 of CONNECTIONS: the flag of the write is looked at behind the close.
  @Test
  void aWriteOverTheLimitThatAnEndHasOvertakenResetsNothing() throws Exception {
    byte[] much = new byte[16 << 20];
    var heard = new Recorder();
    heard.onOpen = c -> c.out().put(much, 0, much.length);
    var config = ConnectionConfig.defaults().queueLimit(1 << 10);
    try (var server = loops.listen(config, heard);
        var peer = Peer.connect(server)) {
      Connection connection = heard.connected();
      loops.run(() -> true);
      var released = mill.core.LoopRunner.hold(loops.loop);
      connection.close();
      Message more = Messages.of(new byte[100]);
      assertThat(connection.write(more)).isFalse();
      more.release();
      released.countDown();
      assertThat(peer.readAll()).hasSize(much.length);
      peer.leave();
      assertThat(heard.ended().undeliveredBytes()).isZero();
    }
  }

  @Test
  void aBroadcastFromTheLoopReachesEveryConnection() throws Exception {
    try (var server = loops.listen(LINES, Recorder::new)) {
      var peers = new ArrayList<Peer>();
      for (int i = 0; i < 50; i++) {
        peers.add(Peer.connect(server));
      }
      Await.eventually("all are there", () -> server.connections() == 50);
      var done = new CountDownLatch(1);
      Message message = Messages.of(Messages.pattern(3000));
      server.forEach(c -> c.write(message));
      loops.loop.execute(done::countDown);
      Await.await(done);
      message.release();
      for (Peer peer : peers) {
        assertThat(peer.readBytes(3000)).isEqualTo(Messages.pattern(3000));
        peer.leave();
      }
    }
  }
}
