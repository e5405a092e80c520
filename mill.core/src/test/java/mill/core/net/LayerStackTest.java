package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import mill.core.net.CloseCause.Kind;
import mill.natives.net.IoStatus;
import mill.natives.net.StreamSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A stack of layers fits between the socket and the frames: here one that inverts every bit. */
class LayerStackTest {
  private Loops loops;
  private final Recorder heard = new Recorder();

  @BeforeEach
  void start() throws Exception {
    loops = Loops.start();
  }

  @AfterEach
  void stop() {
    loops.close();
    assertThat(heard.faults).isEmpty();
  }

  /** Is ready when the peer has sent a question mark, which it answers; ends with a full stop. */
  private static final class Inverting extends LayerStack {
    private final WriteQueue below;
    private boolean ready;
    private int released;

    Inverting(SocketConnection owner) {
      below = WriteQueue.below(owner.home, owner);
    }

    @Override
    boolean isReady() {
      return ready;
    }

    @Override
    boolean shakeHands(StreamSocket socket) throws IOException {
      MemorySegment one = below.reserve(1);
      int read = socket.read(one, below.position(), 1);
      if (read == 1) {
        ready = one.get(ValueLayout.JAVA_BYTE, below.position()) == '?';
        below.put((byte) '!');
      }
      return read == IoStatus.WOULD_BLOCK;
    }

    @Override
    int read(StreamSocket socket, MemorySegment into, long offset, long room) throws IOException {
      int read = socket.read(into, offset, room);
      for (long i = offset; i < offset + read; i++) {
        into.set(ValueLayout.JAVA_BYTE, i, (byte) ~into.get(ValueLayout.JAVA_BYTE, i));
      }
      return read;
    }

    @Override
    void encode(WriteQueue above) {
      Block block;
      while (ready && below.queuedBytes() < MOST_BELOW && (block = above.first()) != null) {
        int length = Math.min(block.length(), MOST_BELOW);
        for (int i = 0; i < length; i++) {
          below.put((byte) ~block.memory.get(ValueLayout.JAVA_BYTE, block.start + i));
        }
        above.take(length);
      }
    }

    @Override
    WriteQueue below() {
      return below;
    }

    @Override
    void end() {
      below.put((byte) '.');
    }

    @Override
    void release() {
      released++;
    }
  }

  private static byte[] inverted(byte[] bytes) {
    byte[] result = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      result[i] = (byte) ~bytes[i];
    }
    return result;
  }

  @Test
  void bytesPassItBothWaysAndItsOwnEndComesBeforeTheFin() throws Exception {
    byte[] reply = WriteTest.pattern(1 << 20);
    heard.onFrame =
        (c, text) -> {
          c.out().put(reply, 0, reply.length);
          c.close();
        };
    var config = ConnectionConfig.defaults().framer(Framer.lines());
    try (var listener = Peer.listener()) {
      var stack = new java.util.concurrent.atomic.AtomicReference<Inverting>();
      loops.run(() -> {
        var c =
            (SocketConnection) TcpClient.connect(loops.loop, Peer.address(listener), config, heard);
        stack.set(new Inverting(c));
        c.layers(stack.get());
        c.out().putAscii("early");
        return true;
      });
      try (var peer = Peer.accept(listener)) {
        loops.run(() -> true);
        assertThat(heard.events).as("not ready yet").isEmpty();
        peer.send("?");
        assertThat(peer.read(1)).isEqualTo("!");
        assertThat(inverted(peer.readBytes(5))).isEqualTo("early".getBytes(StandardCharsets.UTF_8));
        peer.send(inverted("li".getBytes(StandardCharsets.UTF_8)));
        peer.send(inverted("ne\n".getBytes(StandardCharsets.UTF_8)));
        byte[] all = peer.readAll();
        assertThat(all).hasSize(reply.length + 1);
        assertThat(all[reply.length]).isEqualTo((byte) '.');
        assertThat(inverted(java.util.Arrays.copyOf(all, reply.length))).isEqualTo(reply);
      }
      assertThat(heard.ended().kind()).isEqualTo(Kind.LOCAL);
      assertThat(heard.ended().undeliveredBytes()).isZero();
      assertThat(heard.events).containsExactly("open", "frame line\n", "closed LOCAL");
      assertThat(stack.get().released).isEqualTo(1);
    }
  }
}
