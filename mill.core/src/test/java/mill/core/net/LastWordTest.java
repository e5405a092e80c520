package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import mill.core.net.CloseCause.Kind;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a handler still says to a peer that it is closed because of. */
class LastWordTest extends ConnectionFixture {
  /** A line that begins with '!' is none. */
  private static final ConnectionConfig PICKY =
      LINES.framer((m, from, seen, to) ->
          m.get(java.lang.foreign.ValueLayout.JAVA_BYTE, from) == '!'
              ? Framer.MALFORMED
              : Framer.lines().frame(m, from, seen, to));

  @BeforeEach
  @Override
  void start() throws Exception {
    super.start();
    heard.onFrame = (c, text) -> c.out().putAscii(text);
    heard.onClosing =
        c -> {
          assertThat(c.isOpen()).isTrue();
          c.out().putAscii("sorry");
        };
  }

  private String answer(ConnectionConfig config, String said, boolean ends) throws Exception {
    try (var server = loops.listen(config, heard);
        var peer = Peer.connect(server)) {
      peer.send(said);
      if (ends) {
        peer.end();
      }
      String answer = new String(peer.readAll(), StandardCharsets.UTF_8);
      peer.leave();
      heard.ended();
      return answer;
    }
  }

  @Test
  void whatIsMalformedIsAnsweredBehindWhatWasQueued() throws Exception {
    assertThat(answer(PICKY, "good\n!bad\nnever\n", false)).isEqualTo("good\nsorry");
    assertThat(heard.events)
        .containsExactly("open", "frame good\n", "closing MALFORMED", "closed MALFORMED");
    assertThat(heard.ended().undeliveredBytes()).isZero();
  }

  @Test
  void aFrameThatIsTooLongIsAnswered() throws Exception {
    assertThat(answer(LINES.maxFrame(10), "good\n01234567890123", false)).isEqualTo("good\nsorry");
    assertThat(heard.events)
        .containsExactly("open", "frame good\n", "closing FRAME_TOO_LONG", "closed FRAME_TOO_LONG");
  }

  @Test
  void aFrameThatIsCutOffIsAnswered() throws Exception {
    assertThat(answer(LINES, "good\nhal", true)).isEqualTo("good\nsorry");
    assertThat(heard.events)
        .containsExactly("open", "frame good\n", "closing TRUNCATED", "closed TRUNCATED");
  }

  @Test
  void whoIsIdleIsToldSo() throws Exception {
    assertThat(answer(LINES.readIdle(Duration.ofMillis(30)), "good\n", false))
        .isEqualTo("good\nsorry");
    assertThat(heard.ended().kind()).isEqualTo(Kind.READ_IDLE);
    assertThat(heard.events).contains("closing READ_IDLE");
  }

  @Test
  void aLastWordThatThrowsIsDroppedAndTheCauseStays() throws Exception {
    heard.onClosing =
        c -> {
          c.out().putAscii("dropped");
          throw new IOException("planted");
        };
    assertThat(answer(PICKY, "good\n!bad\n", false)).isEqualTo("good\n");
    assertThat(heard.ended().kind()).isEqualTo(Kind.MALFORMED);
    assertThat(heard.closed).hasValue(1);
  }

  @Test
  void aLastWordMayCloseOrHandOverAndTheCauseStays() throws Exception {
    var second = new Recorder();
    heard.onClosing =
        c -> {
          c.out().putAscii("bye");
          c.close();
          c.out().putAscii("dropped");
          c.handler(second);
        };
    try (var server = loops.listen(PICKY, heard);
        var peer = Peer.connect(server)) {
      peer.send("!bad\n");
      assertThat(new String(peer.readAll(), StandardCharsets.UTF_8)).isEqualTo("bye");
      peer.leave();
      assertThat(second.ended().kind()).isEqualTo(Kind.MALFORMED);
      assertThat(second.ended().opened()).isFalse();
      assertThat(heard.events).containsExactly("open", "closing MALFORMED", "closed HANDED_OVER");
    }
  }

  @Test
  void whoHasEndedAlreadyHearsOfItAndSaysNothingMore() throws Exception {
    heard.onClosing = c -> c.out().putAscii("dropped");
    heard.onFrame =
        (c, text) -> {
          c.out().putAscii("reply");
          c.end();
        };
    assertThat(answer(PICKY, "good\n!bad\n", false)).isEqualTo("reply");
    assertThat(heard.events).contains("closing MALFORMED");
  }
}
