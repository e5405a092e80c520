package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import mill.core.net.CloseCause.Kind;
import mill.testing.Await;
import org.junit.jupiter.api.Test;

/** What the programs of mill.sim have found, each again on real sockets. */
class FoundInSimulationTest extends ConnectionFixture {
  private static final int RESETS = 4;

  // It was sent with what was put after, if anything was.
  @Test
  void whatIsWrittenBeforeTheConnectionStandsGoesOutThoughNothingFollows() throws Exception {
    try (var listener = Peer.listener()) {
      Connection c =
          loops.call(() -> {
            Connection made = TcpClient.connect(loops.loop, Peer.address(listener), LINES, heard);
            made.out().putAscii("alone");
            return made;
          });
      try (var peer = Peer.accept(listener)) {
        assertThat(peer.read(5)).isEqualTo("alone");
        c.reset();
      }
    }
  }

  // The buffer was taken, and forgotten as the read threw.
  @Test
  void resetsWhileInputIsDiscardedKeepNoBuffer() throws Exception {
    heard.onFrame = (c, text) -> c.close();
    try (var server =
        loops.listen(
            LINES,
            () -> {
              var each = new Recorder();
              each.onFrame = heard.onFrame;
              return each;
            })) {
      for (int i = 0; i < RESETS; i++) {
        var peer = Peer.connect(server);
        peer.send("close\n");
        assertThat(peer.readAll()).as("its end").isEmpty();
        peer.reset();
      }
      Await.eventually("all have ended", () -> server.connections() == 0);
      loops.run(() -> {
        assertThat(loops.connections().blocks.lentBytes()).isLessThanOrEqualTo(Blocks.LARGE);
        return true;
      });
    }
  }

  // end() drops what is held; what the callback had put behind that was dropped once more.
  @Test
  void aCallbackThatThrowsAfterAnEndThatHasDroppedAHoldDropsNothingTwice() throws Exception {
    heard.onOpen =
        c -> {
          c.out().putAscii("sent");
          c.out().hold(4);
        };
    heard.onFrame =
        (c, text) -> {
          c.out().putAscii("lost");
          c.end();
          throw new IOException("on purpose");
        };
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      peer.send("go\n");
      assertThat(new String(peer.readAll(), StandardCharsets.UTF_8)).isEqualTo("sent");
      peer.leave();
      CloseCause cause = heard.ended();
      assertThat(cause.kind()).isEqualTo(Kind.HANDLER_THREW);
      assertThat(cause.undeliveredBytes()).isEqualTo(8);
    }
  }

  // The read that was owed came first.
  @Test
  void whoTakesOverOutsideOfACallbackHearsWhatWaits() throws Exception {
    var next = new Recorder();
    heard.onOpen = c -> c.pause(this);
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      Connection c = heard.connected();
      peer.send("for the next\n");
      loops.run(() -> {
        c.resume(this);
        c.handler(next);
        return true;
      });
      assertThat(next.next()).isEqualTo("open");
      assertThat(next.next()).startsWith("frame for the next");
      assertThat(heard.events).containsExactly("open", "closed HANDED_OVER");
      assertThat(next.faults).isEmpty();
    }
  }

  @Test
  void aShutdownThatIsDoneLeavesNoTimer() throws Exception {
    var server = loops.listen(LINES, heard);
    try (var peer = Peer.connect(server)) {
      heard.connected();
      var report = server.shutdown(Duration.ofHours(1)).toCompletableFuture();
      assertThat(peer.readAll()).isEmpty();
      peer.leave();
      assertThat(Await.outcomeOf(report).ended()).isEqualTo(1);
      Await.eventually("no timer", () -> loops.loop.metrics().timers().live() == 0);
    }
  }
}
