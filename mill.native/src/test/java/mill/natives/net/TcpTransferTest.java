package mill.natives.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Random;
import mill.natives.ErrnoException;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.natives.platform.Sockets.Family;
import mill.testnet.Net;
import mill.testnet.Net.TcpPair;
import mill.testnet.Watch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Promise 6, for TCP: what a transfer can do is its outcome, and no exception. */
class TcpTransferTest {
  private static final int CHUNK = 40_000;

  @Test
  void nothingThereWouldBlock() throws IOException {
    try (TcpPair tcp = Net.tcpPair();
        Arena arena = Arena.ofConfined()) {
      assertThat(tcp.client().read(arena.allocate(1))).isEqualTo(IoStatus.WOULD_BLOCK);
    }
  }

  @Test
  void fullBufferWouldBlock() throws IOException {
    try (TcpPair tcp = Net.tcpPair();
        Arena arena = Arena.ofConfined()) {
      // Ends with the first WOULD_BLOCK. A second one is not promised: the kernel goes on sending.
      assertThat(Net.fill(tcp.client(), arena.allocate(1 << 20))).isPositive();
    }
  }

  @Test
  void onlyTheGivenRangeIsTransferred() throws IOException {
    try (TcpPair tcp = Net.tcpPair();
        Arena arena = Arena.ofConfined()) {
      assertThat(tcp.client().write(Net.utf8(arena, "0123456789"), 3, 4)).isEqualTo(4);
      MemorySegment into = Net.utf8(arena, "..........");
      Net.untilReady(tcp.server(), Interest.READABLE);
      assertThat(tcp.server().read(into, 5, 3)).isEqualTo(3);
      assertThat(Net.text(into, 10)).isEqualTo(".....345..");
      assertThat(tcp.server().read(into, 0, 10)).isEqualTo(1);
      assertThat(Net.text(into, 10)).isEqualTo("6....345..");
    }
  }

  @Test
  void zeroLengthMovesNothingAndIsNotTheEndOfTheStream() throws IOException {
    try (TcpPair tcp = Net.tcpPair();
        Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(4);
      assertThat(tcp.server().read(buffer, 4, 0)).isZero();
      assertThat(tcp.server().write(buffer, 4, 0)).isZero();
      assertThat(tcp.server().readv(new MemorySegment[] {buffer.asSlice(4)}, 0, 1)).isZero();
      Net.writeText(tcp.client(), "a");
      assertThat(tcp.server().read(buffer, 0, 0)).isZero();
      assertThat(Net.readText(tcp.server(), 1)).isEqualTo("a");
    }
  }

  @ParameterizedTest
  @EnumSource(Trigger.class)
  void severalMegabytesAreEchoedUnchangedThroughTinyBuffers(Trigger trigger) throws Exception {
    int total = 4 << 20;
    try (TcpListener listener = TcpListener.open(Family.INET);
        Arena arena = Arena.ofConfined();
        Watch watch = Watch.open()) {
      listener.setOption(SockOpt.SO_RCVBUF, 8 << 10);
      listener.bindTo(Net.loopback());
      listener.listen(1);
      try (TcpPair tcp = Net.tcpPair(listener)) {
        tcp.client().setOption(SockOpt.SO_SNDBUF, 8 << 10);
        tcp.server().setOption(SockOpt.SO_SNDBUF, 8 << 10);
        var sender = new Sender(tcp.client(), arena, total);
        var echo = new Echo(tcp.server(), arena);
        watch.register(tcp.client(), 1, Interest.READABLE_WRITABLE, trigger);
        watch.register(tcp.server(), 2, Interest.READABLE_WRITABLE, trigger);
        while (!sender.done()) {
          assertThat(watch.awaitBatch()).as("progress").isNotEmpty();
          for (long token : watch.tokens()) {
            TcpStream stream = token == 1 ? tcp.client() : tcp.server();
            Interest interest = token == 1 ? sender.advance() : echo.advance();
            if (trigger != Trigger.EDGE) {
              watch.poller.change(stream, interest, trigger);
            }
          }
        }
        assertThat(sender.received.digest()).isEqualTo(sender.sent.digest());
        assertThat(echo.partialWrites + sender.partialWrites).as("partial writes").isPositive();
      }
    }
  }

  /** Sends random bytes and hashes what it sent and what came back. */
  private static final class Sender {
    final MessageDigest sent = MessageDigest.getInstance("SHA-256");
    final MessageDigest received = MessageDigest.getInstance("SHA-256");
    final TcpStream stream;
    final MemorySegment out;
    final MemorySegment in;
    final int total;
    final Random random = new Random(42);
    int outFrom = CHUNK;
    int sentBytes;
    int receivedBytes;
    int partialWrites;
    boolean ended;

    Sender(TcpStream stream, Arena arena, int total) throws Exception {
      this.stream = stream;
      this.total = total;
      out = arena.allocate(CHUNK);
      in = arena.allocate(CHUNK);
    }

    boolean done() {
      return ended;
    }

    Interest advance() throws IOException {
      int n = 0;
      while (sentBytes < total && n >= 0) {
        if (outFrom == CHUNK) {
          byte[] fresh = new byte[CHUNK];
          random.nextBytes(fresh);
          out.copyFrom(MemorySegment.ofArray(fresh));
          outFrom = 0;
        }
        int length = Math.min(CHUNK - outFrom, total - sentBytes);
        n = stream.write(out, outFrom, length);
        if (n > 0) {
          sent.update(out.asSlice(outFrom, n).toArray(ValueLayout.JAVA_BYTE));
          outFrom += n;
          sentBytes += n;
          partialWrites += n < length ? 1 : 0;
          if (sentBytes == total) {
            stream.shutdownWrite();
          }
        }
      }
      while ((n = stream.read(in)) > 0) {
        received.update(in.asSlice(0, n).toArray(ValueLayout.JAVA_BYTE));
        receivedBytes += n;
      }
      ended = n == IoStatus.END_OF_STREAM;
      if (ended) {
        assertThat(receivedBytes).isEqualTo(total);
      }
      return sentBytes < total ? Interest.READABLE_WRITABLE : Interest.READABLE;
    }
  }

  /** Writes back what it reads; reads no more while it has something to write. */
  private static final class Echo {
    final TcpStream stream;
    final MemorySegment buffer;
    int from;
    int to;
    int partialWrites;
    boolean ended;

    Echo(TcpStream stream, Arena arena) {
      this.stream = stream;
      buffer = arena.allocate(CHUNK);
    }

    Interest advance() throws IOException {
      while (true) {
        while (from < to) {
          int written = stream.write(buffer, from, to - from);
          if (written == IoStatus.WOULD_BLOCK) {
            return Interest.WRITABLE;
          }
          partialWrites += written < to - from ? 1 : 0;
          from += written;
        }
        if (ended) {
          return Interest.NONE;
        }
        int read = stream.read(buffer);
        if (read == IoStatus.WOULD_BLOCK) {
          return Interest.READABLE;
        }
        if (read == IoStatus.END_OF_STREAM) {
          ended = true;
          stream.shutdownWrite();
          return Interest.NONE;
        }
        from = 0;
        to = read;
      }
    }
  }

  @Test
  void halfClosedBySenderStillReceives() throws IOException {
    try (TcpPair tcp = Net.tcpPair();
        Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(8);
      Net.writeText(tcp.client(), "bye");
      tcp.client().shutdownWrite();
      assertThat(Net.readText(tcp.server(), 3)).isEqualTo("bye");
      assertThat(Net.read(tcp.server(), buffer)).isEqualTo(IoStatus.END_OF_STREAM);
      assertThat(Net.read(tcp.server(), buffer)).as("again").isEqualTo(IoStatus.END_OF_STREAM);
      Net.writeText(tcp.server(), "answer");
      assertThat(Net.readText(tcp.client(), 6)).isEqualTo("answer");
      assertThatThrownBy(() -> tcp.client().write(buffer))
          .isInstanceOfSatisfying(
              ErrnoException.class, e -> assertThat(e.errnoName()).isEqualTo("EPIPE"));
      tcp.server().shutdownWrite();
      assertThat(Net.read(tcp.client(), buffer)).isEqualTo(IoStatus.END_OF_STREAM);
    }
  }

  @Test
  void shutdownReadEndsTheReadingHalfAlone() throws IOException {
    try (TcpPair tcp = Net.tcpPair();
        Arena arena = Arena.ofConfined()) {
      tcp.server().shutdownRead();
      assertThat(Net.read(tcp.server(), arena.allocate(8))).isEqualTo(IoStatus.END_OF_STREAM);
      Net.writeText(tcp.server(), "still writes");
      assertThat(Net.readText(tcp.client(), 12)).isEqualTo("still writes");
    }
  }

  @Test
  void lingerOfZeroResetsThePeer() throws IOException {
    try (TcpPair tcp = Net.tcpPair();
        Arena arena = Arena.ofConfined()) {
      Net.reset(tcp.client());
      Net.untilReady(tcp.server(), Interest.READABLE);
      assertThatThrownBy(() -> tcp.server().read(arena.allocate(8)))
          .isInstanceOfSatisfying(
              ErrnoException.class, e -> assertThat(e.errnoName()).isEqualTo("ECONNRESET"))
          .hasMessage("recv: ECONNRESET (errno 104)");
    }
  }

  // SIGPIPE would end the process; the JVM ignores it, so MSG_NOSIGNAL cannot be told by a test
  // here.
  @Test
  void writingToAPeerThatIsGoneFailsAndDoesNotEndTheProcess() throws IOException {
    try (TcpPair tcp = Net.tcpPair();
        Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(8);
      Net.reset(tcp.client());
      Net.untilReady(tcp.server(), Interest.READABLE);
      assertThatThrownBy(() -> tcp.server().write(buffer))
          .isInstanceOfSatisfying(
              ErrnoException.class, e -> assertThat(e.errnoName()).isIn("ECONNRESET", "EPIPE"));
      assertThatThrownBy(() -> tcp.server().write(buffer))
          .isInstanceOfSatisfying(
              ErrnoException.class, e -> assertThat(e.errnoName()).isEqualTo("EPIPE"));
      assertThatThrownBy(() -> tcp.server().writev(new MemorySegment[] {buffer}, 0, 1))
          .isInstanceOfSatisfying(
              ErrnoException.class, e -> assertThat(e.errnoName()).isEqualTo("EPIPE"));
    }
  }

  @Test
  void endOfStreamComesAfterTheDataOfAClosedPeer() throws IOException {
    try (TcpPair tcp = Net.tcpPair();
        Arena arena = Arena.ofConfined()) {
      Net.writeText(tcp.client(), "last words");
      tcp.client().close();
      assertThat(Net.readText(tcp.server(), 10)).isEqualTo("last words");
      assertThat(Net.read(tcp.server(), arena.allocate(4))).isEqualTo(IoStatus.END_OF_STREAM);
    }
  }

  @Test
  void dataArrivesWhileTheSenderWaitsOnEdgeTriggeredWritability() throws IOException {
    try (TcpPair tcp = Net.tcpPair();
        Arena arena = Arena.ofConfined();
        Watch watch = Watch.open()) {
      MemorySegment block = arena.allocate(64 << 10);
      watch.register(tcp.client(), 1, Interest.WRITABLE, Trigger.EDGE);
      watch.await(1, Readiness.WRITABLE);
      long owed = Net.fillForGood(watch, tcp.client(), block);
      while (owed > 0) {
        owed -= Net.read(tcp.server(), block);
      }
      watch.await(1, Readiness.WRITABLE);
    }
  }

  @Test
  void directByteBuffersCanBeUsedAsSegments() throws IOException {
    try (TcpPair tcp = Net.tcpPair()) {
      ByteBuffer direct = ByteBuffer.allocateDirect(3).put(new byte[] {'n', 'i', 'o'}).flip();
      assertThat(tcp.client().write(MemorySegment.ofBuffer(direct))).isEqualTo(3);
      assertThat(Net.readText(tcp.server(), 3)).isEqualTo("nio");
    }
  }
}
