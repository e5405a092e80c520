package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicBoolean;
import mill.core.net.CloseCause.Kind;
import org.junit.jupiter.api.Test;

/** What callbacks put into a connection's output, and when it leaves. */
class OutputTest extends ConnectionFixture {
  @Test
  void puttingAfterTheEndIsDroppedAndWriteSaysSo() throws Exception {
    var said = new AtomicBoolean(true);
    heard.onOpen =
        c -> {
          c.out().putAscii("before");
          c.end();
          Output out = c.out();
          out.putAscii("after").putDecimal(7).putIntBE(7).put((byte) 7);
          MemorySegment room = out.reserve(1000);
          room.set(ValueLayout.JAVA_BYTE, out.position() + 999, (byte) 1);
          out.advance(1000);
          out.patchIntBE(out.hold(4), 1);
          Message message = Messages.of("after");
          said.set(c.write(message));
          message.release();
        };
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      assertThat(new String(peer.readAll(), StandardCharsets.UTF_8)).isEqualTo("before");
      assertThat(said).isFalse();
    }
  }

  @Test
  void whatACallbackPutsLeavesAfterItsReadInOneCallAndOtherThreadsWhatTheyAskFor()
      throws Exception {
    heard.onFrame =
        (c, text) -> {
          for (int i = 0; i < 100; i++) {
            c.out().putAscii("line\n");
          }
          assertThat(c.queuedBytes() % 500).isZero(); // nothing has left yet
        };
    var spy = new SpyPlatform();
    try (var watched = Loops.start(spy.platform());
        var server = watched.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      peer.send("go\n");
      peer.readBytes(500);
      assertThat(spy.sends()).isEqualTo(1);
      peer.send("go\ngo\ngo\n"); // one read, perhaps more if it comes in parts
      peer.readBytes(1500);
      assertThat(spy.sends()).isBetween(2, 4);
      Connection c = heard.connected();
      int before = spy.sends();
      watched.run(() -> {
        for (int i = 0; i < 100; i++) {
          c.out().putAscii("line\n");
        }
        return true;
      });
      peer.readBytes(500);
      assertThat(spy.sends()).isEqualTo(before + 1);
      assertThat(heard.faults).isEmpty();
    }
    assertThat(heard.ended().kind()).isIn(Kind.PEER_END, Kind.SHUTDOWN);
  }

  @Test
  void outOnAnotherThreadIsRefused() throws Exception {
    try (var server = loops.listen(LINES, heard);
        var _ = Peer.connect(server)) {
      assertThatThrownBy(heard.connected()::out)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("write()");
    }
  }

  @Test
  void heldRoomKeepsBackWhatIsBehindItUntilItIsPatched() throws Exception {
    var held = new long[1];
    heard.onFrame =
        (c, text) -> {
          if (text.equals("begin\n")) {
            c.out().putAscii("first");
            held[0] = c.out().hold(4);
            c.out().putAscii("behind");
          } else {
            c.out().patchIntBE(held[0], 0x61626364);
          }
        };
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      peer.send("begin\n");
      assertThat(peer.read(5)).isEqualTo("first");
      loops.run(() -> heard.events.isEmpty());
      assertThat(peer.in().available()).isZero();
      peer.send("patch\n");
      assertThat(peer.read(10)).isEqualTo("abcdbehind");
    }
  }

  @Test
  void whatIsBehindUnpatchedRoomIsDroppedByAClose() throws Exception {
    heard.onOpen =
        c -> {
          c.out().putAscii("first");
          c.out().hold(4);
          c.out().putAscii("behind");
          c.close();
        };
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      assertThat(new String(peer.readAll(), StandardCharsets.UTF_8)).isEqualTo("first");
      peer.leave();
      assertThat(heard.ended().undeliveredBytes()).isEqualTo(10);
    }
  }

  @Test
  void numbersAndTextsAreWrittenAsTheyAreRead() throws Exception {
    heard.onOpen =
        c -> {
          c.out()
              .putDecimal(0)
              .putAscii(" ")
              .putDecimal(-1)
              .putAscii(" ")
              .putDecimal(Long.MIN_VALUE)
              .putAscii(" ")
              .putDecimal(Long.MAX_VALUE)
              .putAscii(" \u00e9")
              .putIntBE(0x41424344);
          c.close();
        };
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      assertThat(new String(peer.readAll(), StandardCharsets.UTF_8))
          .isEqualTo("0 -1 -9223372036854775808 9223372036854775807 ?ABCD");
    }
  }
}
