package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import mill.core.net.CloseCause.Kind;
import mill.testing.Await;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where frames end, for the framers of mill and those of users. */
class FramerTest extends ConnectionFixture {
  @ParameterizedTest
  @ValueSource(longs = {-1, 1L << 31, Long.MIN_VALUE, Long.MAX_VALUE, 1000 - 8 + 1})
  void aLengthThatIsTooLongIsRefusedBeforeMemoryIsTaken(long length) throws Exception {
    var config = ConnectionConfig.defaults().framer(Framer.lengthPrefixed(8)).maxFrame(1000);
    try (var server = loops.listen(config, heard);
        var peer = Peer.connect(server)) {
      peer.send(ByteBuffer.allocate(8).putLong(length).array());
      assertThat(peer.readAll()).isEmpty();
      peer.leave();
      assertThat(heard.ended().kind()).isEqualTo(Kind.FRAME_TOO_LONG);
      assertThat(heard.events)
          .containsExactly("open", "closing FRAME_TOO_LONG", "closed FRAME_TOO_LONG");
      assertThat(loops.call(() -> loops.connections().blocks.lentBytes()))
          .isLessThanOrEqualTo(Blocks.LARGE);
    }
  }

  @Test
  void theLongestAllowedLengthIsAllowed() throws Exception {
    var config = ConnectionConfig.defaults().framer(Framer.lengthPrefixed(4)).maxFrame(100_000);
    try (var server = loops.listen(config, heard);
        var peer = Peer.connect(server)) {
      peer.send(ByteBuffer.allocate(100_000).putInt(100_000 - 4).array());
      assertThat(heard.next()).isEqualTo("open");
      assertThat(heard.next()).hasSize("frame ".length() + 100_000);
    }
  }

  @Test
  void aLongDripIsLookedAtOnce() throws Exception {
    var looked = new AtomicLong();
    Framer counting =
        (memory, from, seen, to) -> {
          looked.addAndGet(to - seen);
          return memory.get(ValueLayout.JAVA_BYTE, to - 1) == '\n' ? to - from : Framer.INCOMPLETE;
        };
    int length = 64 << 10;
    try (var server = loops.listen(ConnectionConfig.defaults().framer(counting), heard);
        var peer = Peer.connect(server)) {
      for (int sent = 0; sent < length; sent += 64) {
        peer.send((sent + 64 == length ? "x".repeat(63) + "\n" : "x".repeat(64)));
      }
      assertThat(heard.next()).isEqualTo("open");
      assertThat(heard.next()).hasSize("frame ".length() + length);
      assertThat(looked).hasValue(length);
    }
  }

  @Test
  void aFramerIsNotAskedBeforeThereIsWhatItWants() throws Exception {
    var asked = new AtomicLong();
    Framer counting =
        (memory, from, seen, to) -> {
          asked.incrementAndGet();
          return to - from >= 1000 ? 1000 : -1000;
        };
    try (var server = loops.listen(ConnectionConfig.defaults().framer(counting), heard);
        var peer = Peer.connect(server)) {
      for (int i = 0; i < 100; i++) {
        peer.send("0123456789");
        loops.run(() -> true);
      }
      assertThat(heard.next()).isEqualTo("open");
      assertThat(heard.next()).hasSize("frame ".length() + 1000);
      assertThat(asked).hasValueLessThanOrEqualTo(2);
    }
  }

  @Test
  void aDelimiterIsFoundWhereverTheBytesAreSplit() throws Exception {
    String text = "a\n\nbcdefghijklm\nno\n";
    for (int at = 1; at < text.length(); at++) {
      var each = new Recorder();
      try (var server = loops.listen(ConnectionConfig.defaults().framer(Framer.lines()), each);
          var peer = Peer.connect(server)) {
        peer.send(text.substring(0, at));
        each.connected();
        loops.run(() -> true);
        peer.send(text.substring(at));
        peer.end();
        assertThat(each.ended().kind()).isEqualTo(Kind.PEER_END);
        assertThat(each.events)
            .containsExactly(
                "open",
                "frame a\n",
                "frame \n",
                "frame bcdefghijklm\n",
                "frame no\n",
                "end",
                "closed PEER_END");
      }
    }
  }

  @Test
  void linesAreFoundAtEveryOffsetAndNotWhereThereAreNone() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(64);
      for (int length = 1; length < 40; length++) {
        for (int at = 0; at < length; at++) {
          memory.fill((byte) 0x0b); // differs from a line feed in its lowest bit
          memory.set(ValueLayout.JAVA_BYTE, 3 + at, (byte) '\n');
          assertThat(Framer.lines().frame(memory, 3, 3, 3 + length)).isEqualTo(at + 1);
          assertThat(Framer.lines().frame(memory, 3, 3, 3 + at)).isEqualTo(Framer.INCOMPLETE);
        }
      }
    }
  }

  @Test
  void aLineThatIsTooLongEndsTheConnectionOnceAndItsAnswersAreDelivered() throws Exception {
    heard.onFrame = (c, text) -> c.out().putAscii("ok");
    var config = ConnectionConfig.defaults().framer(Framer.lines()).maxFrame(10);
    try (var server = loops.listen(config, heard);
        var peer = Peer.connect(server)) {
      peer.send("123456789\n12345678901234567890\nshort\n");
      assertThat(new String(peer.readAll(), StandardCharsets.US_ASCII)).isEqualTo("ok");
      peer.leave();
      assertThat(heard.ended().kind()).isEqualTo(Kind.FRAME_TOO_LONG);
      assertThat(heard.events)
          .containsExactly(
              "open", "frame 123456789\n", "closing FRAME_TOO_LONG", "closed FRAME_TOO_LONG");
    }
  }

  @Test
  void aRawFrameIsNeverLongerThanAllowed() throws Exception {
    var longest = new AtomicLong();
    var all = new AtomicLong();
    ConnectionHandler handler =
        (c, memory, offset, length) -> {
          longest.accumulateAndGet(length, Math::max);
          all.addAndGet(length);
        };
    try (var server = loops.listen(ConnectionConfig.defaults().maxFrame(1000), handler);
        var peer = Peer.connect(server)) {
      peer.send(new byte[100_000]);
      Await.eventually("all are read", () -> all.get() == 100_000);
      assertThat(longest).hasValueLessThanOrEqualTo(1000);
    }
  }

  @Test
  void whatIsMalformedEndsTheConnection() throws Exception {
    Framer picky =
        (memory, from, seen, to) ->
            memory.get(ValueLayout.JAVA_BYTE, from) == '!' ? Framer.MALFORMED : 1;
    try (var server = loops.listen(ConnectionConfig.defaults().framer(picky), heard);
        var peer = Peer.connect(server)) {
      peer.send("a!b");
      assertThat(peer.readAll()).isEmpty();
      peer.leave();
      assertThat(heard.ended().kind()).isEqualTo(Kind.MALFORMED);
      assertThat(heard.events)
          .containsExactly("open", "frame a", "closing MALFORMED", "closed MALFORMED");
    }
  }

  @Test
  void aFramerThatThrowsEndsTheConnection() throws Exception {
    Framer throwing =
        (memory, from, seen, to) -> {
          throw new IndexOutOfBoundsException("planted");
        };
    try (var server = loops.listen(ConnectionConfig.defaults().framer(throwing), heard);
        var peer = Peer.connect(server)) {
      peer.send("a");
      assertThat(peer.readAll()).isEmpty();
      peer.leave();
      assertThat(heard.ended().kind()).isEqualTo(Kind.HANDLER_THREW);
    }
  }

  @Test
  void prefixesOfAllLengthsFrameTheSame() throws Exception {
    for (int prefix : new int[] {1, 2, 4, 8}) {
      var each = new Recorder();
      byte[] frame = new byte[prefix + 5];
      frame[prefix - 1] = 5;
      try (var server =
              loops.listen(
                  ConnectionConfig.defaults().framer(Framer.lengthPrefixed(prefix)), each);
          var peer = Peer.connect(server)) {
        for (byte b : frame) {
          peer.send(new byte[] {b});
        }
        peer.send(frame);
        peer.end();
        assertThat(each.ended().kind()).isEqualTo(Kind.PEER_END);
        assertThat(each.events.stream().filter(event -> event.startsWith("frame"))).hasSize(2);
      }
    }
    assertThatThrownBy(() -> Framer.lengthPrefixed(3)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Framer.fixed(0)).isInstanceOf(IllegalArgumentException.class);
  }
}
