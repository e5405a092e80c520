package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import mill.core.net.CloseCause.Kind;
import mill.testing.Await;
import org.junit.jupiter.api.Test;

/** A layer that answers by itself, as TLS does to new keys, and a peer that only asks. */
class LayerFloodTest extends ConnectionFixture {
  private static final int PIECE = 64 << 10;
  private static final int PIECES = 400; // more than the system takes
  private static final int TURNS = 1000;

  /** Answers each byte with two. */
  private static final class Answers implements Layer {
    private final CountDownLatch flooded = new CountDownLatch(1);
    private LayerPlace place;
    private long taken;

    @Override
    public long decode(Site site, MemorySegment memory, long from, long to) {
      place = (LayerPlace) site;
      site.down().put(memory, from, to - from).put(memory, from, to - from);
      taken += to - from;
      if (place.down.waiting() > 128 << 10) {
        flooded.countDown();
      }
      return to - from;
    }

    @Override
    public long encode(Site site, MemorySegment memory, long from, long to) {
      return to - from;
    }
  }

  @Test
  void whoDoesNotTakeTheAnswersIsNotHeardUntilHeDoes() throws Exception {
    var layer = new Answers();
    var asked = new AtomicInteger();
    try (var server = loops.listen(LINES.layer(() -> layer), heard);
        var peer = Peer.slow(server)) {
      var asking =
          new FutureTask<>(() -> {
            for (byte[] some = new byte[PIECE]; asked.get() < PIECES; asked.incrementAndGet()) {
              peer.send(some);
            }
            peer.end();
            return null;
          });
      Thread.ofPlatform().start(asking);
      Await.await(layer.flooded);
      int before;
      do { // until the system takes no more from the one who asks
        before = asked.get();
        for (int i = 0; i < TURNS; i++) {
          loops.run(() -> {
            assertThat(layer.place.down.waiting()).isLessThan(512 << 10);
            return true;
          });
        }
      } while (asked.get() > before);
      assertThat(asking.isDone()).isFalse();
      assertThat(peer.skipAll()).isEqualTo(2L * PIECE * PIECES);
      Await.outcome(asking);
      assertThat(heard.ended().kind()).isEqualTo(Kind.PEER_END);
      assertThat(layer.taken).isEqualTo((long) PIECE * PIECES);
    }
  }
}
