package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import mill.testing.Await;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Handlers that hand over to others as they open, with an end and without. */
class HandoverTest extends ConnectionFixture {
  private static final ConnectionHandler ECHO = (c, m, at, n) -> c.out().put(m, at, n);

  @AfterEach
  @Override
  void stop() {
    super.stop();
    assertThat(loops.runner.uncaught()).isEmpty();
  }

  /** Hands over to itself as it opens, so many times; then echoes. */
  private static final class Chain implements ConnectionHandler {
    final AtomicInteger left;
    final AtomicInteger taken = new AtomicInteger();

    Chain(int times) {
      left = new AtomicInteger(times);
    }

    @Override
    public void onOpen(Connection c) {
      if (left.getAndDecrement() > 0) {
        taken.incrementAndGet();
        c.handler(this);
      }
    }

    @Override
    public void onFrame(Connection c, MemorySegment m, long offset, long length) {
      c.out().put(m, offset, length);
    }
  }

  @Test
  void handlersThatHandOverWithoutEndLeaveOthersTheirTurn() throws Exception {
    var endless = new Chain(Integer.MAX_VALUE);
    try (var server = loops.listen(LINES, endless);
        var others = loops.listen(LINES, ECHO);
        var one = Peer.connect(server);
        var other = Peer.connect(others)) {
      one.send("1\n2\n");
      Await.eventually("it is at it", () -> endless.taken.get() > 1000);
      for (int i = 0; i < 10; i++) {
        assertThat(other.send("x\n").read(2)).isEqualTo("x\n");
      }
      int then = endless.taken.get();
      Await.eventually("it still is", () -> endless.taken.get() > then);
      endless.left.set(0);
      assertThat(one.read(4)).isEqualTo("1\n2\n"); // its frames have waited
    }
  }

  @Test
  void whoHasHandedOverHasNoSayAnyMore() throws Exception {
    var first = new Recorder();
    var second = new Recorder();
    var refused = new CompletableFuture<Throwable>();
    first.onFrame = (c, text) -> c.handler(second);
    first.onClosed = c -> refused.complete(catchThrowable(() -> c.handler(first)));
    second.onClosed = c -> c.handler(first); // which is logged
    try (var server = loops.listen(LINES, first);
        var peer = Peer.connect(server)) {
      peer.send("1\n2\n");
      peer.end();
      second.ended();
      assertThat(refused.get())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("taken over");
      assertThat(first.events).containsExactly("open", "frame 1\n", "closed HANDED_OVER");
      assertThat(second.events).containsExactly("open", "frame 2\n", "end", "closed PEER_END");
    }
  }

  @Test
  void aLoopIsClosedThoughHandlersHandOverWithoutEnd() throws Exception {
    var endless = new Chain(Integer.MAX_VALUE);
    try (var server = loops.listen(LINES, endless);
        var _ = Peer.connect(server)) {
      Await.eventually("it is at it", () -> endless.taken.get() > 1000);
      loops.close();
      assertThat(server.connections()).isZero();
    }
  }

  @Test
  void aChainOfHandlersEndsAndItsLastHasEveryFrame() throws Exception {
    var chain = new Chain(100);
    try (var server = loops.listen(LINES, chain);
        var peer = Peer.connect(server)) {
      assertThat(peer.send("1\n2\n").read(4)).isEqualTo("1\n2\n");
      assertThat(chain.taken).hasValue(100);
    }
  }
}
