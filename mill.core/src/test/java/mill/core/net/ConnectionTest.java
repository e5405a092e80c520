package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import mill.core.net.CloseCause.Kind;
import mill.natives.net.SockOpt;
import mill.testing.Await;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a connection does with frames, and in which order its handler hears of what. */
class ConnectionTest extends ConnectionFixture {
  @AfterEach
  @Override
  void stop() {
    super.stop();
    requireAtMostOneEnd();
  }

  @Test
  void framesAreEchoedAndTheEndIsTheLastThingHeard() throws Exception {
    heard.onFrame = (c, text) -> c.out().putAscii(text);
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      peer.send("one\ntwo\nthr");
      assertThat(peer.read(8)).isEqualTo("one\ntwo\n");
      peer.send("ee\n");
      assertThat(peer.read(6)).isEqualTo("three\n");
      peer.end();
      assertThat(peer.readAll()).isEmpty();
      assertThat(heard.ended().kind()).isEqualTo(Kind.PEER_END);
      assertThat(heard.ended().opened()).isTrue();
      assertThat(heard.events)
          .containsExactly(
              "open", "frame one\n", "frame two\n", "frame three\n", "end", "closed PEER_END");
    }
  }

  @Test
  void aPauseHoldsTheNextFrameOfTheSameReadAndResumeDeliversIt() throws Exception {
    heard.onFrame = (c, text) -> c.pause(heard);
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      peer.send("one\ntwo\n");
      assertThat(heard.next()).isEqualTo("open");
      assertThat(heard.next()).isEqualTo("frame one\n");
      assertThat(heard.events).isEmpty();
      loops.run(() -> heard.events.isEmpty());
      assertThat(heard.events).isEmpty();
      heard.connected().resume(heard);
      assertThat(heard.next()).isEqualTo("frame two\n");
    }
  }

  @Test
  void closeDeliversWhatIsQueuedThoughInputIsUnread() throws Exception {
    int length = 4 << 20;
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) (i * 31 + i / 251);
    }
    heard.onFrame =
        (c, text) -> {
          c.out().put(bytes, 0, length);
          c.close();
        };
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      peer.send("go\n" + "x".repeat(300 << 10)); // more than is read before the close
      assertThat(peer.readAll()).isEqualTo(bytes);
    }
    assertThat(heard.ended().kind()).isEqualTo(Kind.LOCAL);
    assertThat(heard.ended().undeliveredBytes()).isZero();
  }

  // The system has taken all of it, and the peer has not: a descriptor that is closed now, with a
  // byte unread or one that comes later, resets the connection and drops what is on its way.
  @Test
  void whatThePeerHasNotReadYetOutlivesACloseThoughMoreInputComes() throws Exception {
    int length = 200 << 10;
    byte[] bytes = Messages.pattern(length);
    heard.onOpen = c -> c.socket().setOption(SockOpt.SO_SNDBUF, 2 * length);
    heard.onFrame =
        (c, text) -> {
          c.out().put(bytes, 0, length);
          c.close();
        };
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.slow(server)) {
      peer.send("go\n");
      assertThat(peer.readBytes(1)).isEqualTo(Arrays.copyOf(bytes, 1));
      Connection c = heard.connected();
      Await.eventually("the system has taken all", () -> c.queuedBytes() == 0);
      peer.send("x".repeat(1000)); // which nobody will ask for
      loops.run(() -> true);
      peer.send("y");
      assertThat(peer.readAll()).isEqualTo(Arrays.copyOfRange(bytes, 1, length));
    }
    assertThat(heard.ended().kind()).isEqualTo(Kind.LOCAL);
    assertThat(heard.ended().undeliveredBytes()).isZero();
  }

  @Test
  void resetIsToldAsSuch() throws Exception {
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      peer.send("one\n");
      heard.connected();
      peer.reset();
      assertThat(heard.ended().kind()).isEqualTo(Kind.PEER_RESET);
    }
  }

  @Test
  void anotherThreadsWritesArriveInOrder() throws Exception {
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      Connection c = heard.connected();
      var expected = new StringBuilder();
      for (int i = 0; i < 1000; i++) {
        String text = "line " + i + "\n";
        expected.append(text);
        Message message = Messages.of(text);
        while (!c.write(message)) {
          Thread.onSpinWait();
        }
        message.release();
      }
      c.close();
      assertThat(new String(peer.readAll(), StandardCharsets.UTF_8)).isEqualTo(expected.toString());
    }
  }
}
