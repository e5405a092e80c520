package mill.natives.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import mill.natives.platform.NativeAddress;
import mill.testing.Await;
import mill.testnet.Net;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Memory that the kernel must not see is refused before any call. */
class BufferRefusalTest {
  private UnixStream.Pair pair;
  private UdpSocket udp;
  private PipePair pipe;

  @BeforeEach
  void open() throws IOException {
    pair = UnixStream.pair();
    udp = UdpSocket.bind(Net.loopback());
    udp.connect(udp.localAddress());
    pipe = PipePair.open();
  }

  @AfterEach
  void close() {
    pair.first().close();
    pair.second().close();
    udp.close();
    pipe.close();
  }

  @Test
  void heapMemoryIsRefusedWithAdvice() {
    MemorySegment heap = MemorySegment.ofArray(new byte[8]);
    var calls = new ArrayList<>(reads(heap));
    calls.addAll(writes(heap));
    for (ThrowingCallable call : calls) {
      assertThatThrownBy(call)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("Java heap")
          .hasMessageContaining("Arena or a BufferPool");
    }
  }

  @Test
  void readOnlyMemoryIsRefusedForReadsAlone() throws Throwable {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment readOnly = arena.allocate(8).asReadOnly();
      for (ThrowingCallable call : reads(readOnly)) {
        assertThatThrownBy(call)
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("read-only");
      }
      for (ThrowingCallable call : writes(readOnly)) {
        call.call();
      }
    }
  }

  @Test
  void freedMemoryIsRefused() {
    MemorySegment freed;
    try (Arena arena = Arena.ofConfined()) {
      freed = arena.allocate(8);
    }
    for (ThrowingCallable call : writes(freed)) {
      assertThatThrownBy(call).isInstanceOf(IllegalStateException.class);
    }
    for (ThrowingCallable call : reads(freed)) {
      assertThatThrownBy(call).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void memoryOfAnotherThreadIsRefused() throws Exception {
    var lent = new CompletableFuture<MemorySegment>();
    var tried = new CountDownLatch(1);
    var owner =
        Await.inBackground(
            "owns the memory",
            () -> {
              try (Arena arena = Arena.ofConfined()) {
                lent.complete(arena.allocate(8));
                return tried.await(Await.PATIENCE_NS, TimeUnit.NANOSECONDS);
              }
            });
    MemorySegment foreign = lent.get(Await.PATIENCE_NS, TimeUnit.NANOSECONDS);
    var calls = new ArrayList<>(reads(foreign));
    calls.addAll(writes(foreign));
    for (ThrowingCallable call : calls) {
      assertThatThrownBy(call)
          .isInstanceOfAny(WrongThreadException.class, IllegalStateException.class);
    }
    tried.countDown();
    assertThat(Await.outcome(owner)).isTrue();
  }

  // A refusal that kept the socket in use would keep its descriptor open after close.
  @Test
  void refusedMemoryLeavesNoUseBehind() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment freed;
      try (Arena gone = Arena.ofConfined()) {
        freed = gone.allocate(8);
      }
      assertThatThrownBy(() -> pair.first().write(freed)).isInstanceOf(IllegalStateException.class);
      pair.first().close();
      assertThat(Net.read(pair.second(), arena.allocate(1))).isEqualTo(IoStatus.END_OF_STREAM);
    }
  }

  @Test
  void rangeOutsideTheBufferIsRefused() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(8);
      long[][] ranges = {
        {-1, 4}, {0, 9}, {8, 1}, {4, -1}, {Long.MAX_VALUE, 1}, {1, Long.MAX_VALUE}
      };
      for (long[] range : ranges) {
        long offset = range[0];
        long length = range[1];
        List<ThrowingCallable> calls =
            List.of(
                () -> pair.first().read(buffer, offset, length),
                () -> pair.first().write(buffer, offset, length),
                () -> udp.send(buffer, offset, length),
                () -> udp.receive(buffer, offset, length),
                () -> udp.sendTo(buffer, offset, length, udp.localAddress()),
                () -> udp.receiveFrom(buffer, offset, length, new NativeAddress()),
                () -> pipe.source().read(buffer, offset, length),
                () -> pipe.sink().write(buffer, offset, length));
        for (ThrowingCallable call : calls) {
          assertThatThrownBy(call).isInstanceOf(IndexOutOfBoundsException.class);
        }
      }
    }
  }

  private List<ThrowingCallable> writes(MemorySegment buffer) {
    return List.of(
        () -> pair.first().write(buffer),
        () -> pair.first().write(buffer, 1, 2),
        () -> pair.first().writev(new MemorySegment[] {buffer}, 0, 1),
        () -> udp.send(buffer, 0, 4),
        () -> udp.sendTo(buffer, 0, 4, udp.localAddress()),
        () -> pipe.sink().write(buffer, 0, 4));
  }

  private List<ThrowingCallable> reads(MemorySegment buffer) {
    return List.of(
        () -> pair.first().read(buffer),
        () -> pair.first().read(buffer, 1, 2),
        () -> pair.first().readv(new MemorySegment[] {buffer}, 0, 1),
        () -> udp.receive(buffer, 0, 4),
        () -> udp.receiveFrom(buffer, 0, 4, new NativeAddress()),
        () -> pipe.source().read(buffer, 0, 4));
  }
}
