package mill.natives.memory;

import static mill.natives.memory.Pools.acquireAll;
import static mill.natives.memory.Pools.assertFreed;
import static mill.natives.memory.Pools.inDyingThread;
import static mill.natives.memory.Pools.releaseAll;
import static mill.natives.memory.Pools.small;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import mill.testing.Await;
import org.junit.jupiter.api.Test;

class CheckedBufferTest {

  private final List<LeakReport> reports = new CopyOnWriteArrayList<>();

  private BufferPool openChecked(int slabs) {
    return BufferPool.open(small(slabs).checked(true).onLeak(reports::add).build());
  }

  @Test
  void aStaleHandleThrowsEvenAfterTheMemoryWasLentAgain() {
    try (var pool = openChecked(1)) {
      PooledBuffer stale = pool.acquire(4096);
      stale.release();
      PooledBuffer current = pool.acquire(4096);
      assertThatThrownBy(stale::release).hasMessageContaining("double release");
      assertThatThrownBy(stale::segment).hasMessageContaining("use after release");
      assertThatThrownBy(stale::capacity).hasMessageContaining("use after release");
      current.segment().fill((byte) 1);
      current.release();
    }
  }

  @Test
  void whatWasTakenFromABufferIsInaccessibleAfterRelease() {
    try (var pool = openChecked(1)) {
      PooledBuffer buffer = pool.acquire(512);
      MemorySegment segment = buffer.segment();
      MemorySegment slice = segment.asSlice(8, 8);
      ByteBuffer view = buffer.asByteBuffer();
      buffer.release();
      assertThatThrownBy(() -> segment.get(ValueLayout.JAVA_BYTE, 0))
          .isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> slice.set(ValueLayout.JAVA_BYTE, 0, (byte) 1))
          .isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> view.get(0)).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void misuseTellsWhereTheBufferWasReleased() {
    try (var pool = openChecked(1)) {
      PooledBuffer buffer = pool.acquire(512);
      releaseHere(buffer);
      assertThatThrownBy(buffer::release)
          .hasStackTraceContaining("released by thread " + Thread.currentThread().getName())
          .hasStackTraceContaining("CheckedBufferTest.releaseHere");
      assertThatThrownBy(buffer::segment).hasStackTraceContaining("CheckedBufferTest.releaseHere");
    }
  }

  @Test
  void memoryThatWasNeverWrittenShows() {
    try (var pool = openChecked(1)) {
      PooledBuffer buffer = pool.acquire(512);
      assertThat(buffer.segment().toArray(ValueLayout.JAVA_BYTE)).containsOnly(0xDE);
      buffer.release();
    }
  }

  @Test
  void aLostBufferIsReportedWithThePlaceOfItsAcquisition() throws Exception {
    try (var pool = openChecked(1)) {
      inDyingThread(() -> loseABuffer(pool));
      collectUntil(() -> pool.metrics().leaked() == 1);
      LeakReport report = reports.getFirst();
      assertThat(reports).hasSize(1);
      assertThat(report.cause()).isEqualTo(LeakReport.Cause.UNREACHABLE);
      assertThat(report.capacityBytes()).isEqualTo(4096);
      assertThat(report.threadName()).isEqualTo("dying");
      assertThat(report.acquiredAt().getFirst().getMethodName()).isEqualTo("loseABuffer");
      assertThat(report.toString())
          .contains("4096 bytes", "thread dying", "CheckedBufferTest.loseABuffer");
    }
  }

  @Test
  void aLostBufferIsAcquiredAgain() {
    try (var pool = openChecked(1)) {
      loseABuffer(pool);
      collectUntil(() -> {
        PooledBuffer buffer = pool.tryAcquire(4096);
        if (buffer != null) {
          buffer.release();
        }
        return buffer != null;
      });
      assertThat(pool.metrics().outstanding()).isZero();
      assertThat(pool.metrics().acquired()).isEqualTo(2);
      assertThat(pool.metrics().released()).isEqualTo(1);
    }
  }

  @Test
  void theMemoryOfALostBufferIsInaccessible() {
    try (var pool = openChecked(1)) {
      MemorySegment survivor = pool.acquire(4096).segment();
      collectUntil(() -> pool.metrics().leaked() == 1);
      assertThat(survivor.scope().isAlive()).isFalse();
    }
  }

  @Test
  void aReleasedBufferIsNeverReported() {
    try (var pool = openChecked(4)) {
      for (int i = 0; i < 10; i++) {
        releaseAll(acquireAll(pool, 512));
      }
      loseABuffer(pool);
      collectUntil(() -> pool.metrics().leaked() > 0);
      assertThat(reports).hasSize(1);
    }
  }

  /** Promise 14: not by identity, which would be another order in each run. */
  @Test
  void closingReportsTheLentBuffersInTheOrderInWhichTheyWereLent() throws Exception {
    var pool = openChecked(2);
    var lent = new CopyOnWriteArrayList<PooledBuffer>();
    for (int i = 0; i < 16; i++) {
      var lender = new Thread(() -> lent.add(pool.acquire(512)), "lender " + i);
      lender.start();
      lender.join();
    }
    pool.close();
    assertThat(reports)
        .extracting(LeakReport::threadName)
        .isEqualTo(IntStream.range(0, 16).mapToObj(i -> "lender " + i).toList());
    releaseAll(lent);
  }

  @Test
  void closingReportsTheLentBuffersOnce() {
    var pool = openChecked(2);
    PooledBuffer kept = pool.acquire(512);
    pool.acquire(512).release();
    pool.close();
    pool.close();
    assertThat(reports)
        .singleElement()
        .satisfies(report -> {
          assertThat(report.cause()).isEqualTo(LeakReport.Cause.OPEN_AT_CLOSE);
          assertThat(report.acquiredAt().getFirst().getMethodName())
              .isEqualTo("closingReportsTheLentBuffersOnce");
        });
    kept.release();
    assertFreed(pool);
  }

  @Test
  void aBufferLostAfterCloseFreesThePool() {
    var pool = openChecked(1);
    loseABuffer(pool);
    pool.close();
    collectUntil(() -> pool.metrics().reservedBytes() == 0);
    assertFreed(pool);
  }

  @Test
  void aListenerThatThrowsHarmsNobody() {
    var config =
        small(1)
            .checked(true)
            .onLeak(report -> {
              throw new UnsupportedOperationException("planted");
            })
            .build();
    try (var pool = BufferPool.open(config)) {
      loseABuffer(pool);
      collectUntil(() -> pool.metrics().leaked() == 1);
      pool.acquire(4096).release();
    }
  }

  @Test
  void aListenerThatThrowsAnErrorHarmsNobody() {
    try (var pool =
        BufferPool.open(
            checkedWith(report -> {
              throw new AssertionError("planted");
            }))) {
      loseABuffer(pool);
      collectUntil(() -> pool.metrics().leaked() == 1);
      pool.acquire(4096).release();
      assertThat(pool.metrics().outstanding()).isZero();
    }
  }

  // What a failing test does to the rest of the suite: it must not take the memory along.
  @Test
  void closingAPoolWhoseListenerThrowsAnErrorFreesIt() {
    var pool =
        BufferPool.open(
            checkedWith(report -> {
              throw new AssertionError("planted");
            }));
    PooledBuffer kept = pool.acquire(512);
    PooledBuffer other = pool.acquire(512);
    pool.close();
    kept.release();
    other.release();
    assertFreed(pool);
  }

  @Test
  void anUncheckedPoolReportsNothing() {
    try (var pool = BufferPool.open(small(1).onLeak(reports::add).build())) {
      PooledBuffer buffer = pool.acquire(512);
      assertThat(buffer).isInstanceOf(Chunk.class);
      buffer.release();
    }
    assertThat(reports).isEmpty();
  }

  @Test
  void aSystemPropertySwitchesTheChecksOn() {
    String before = System.getProperty(BufferPoolConfig.CHECKED_PROPERTY);
    try {
      System.setProperty(BufferPoolConfig.CHECKED_PROPERTY, "true");
      assertThat(BufferPoolConfig.defaults().checked()).isTrue();
      System.clearProperty(BufferPoolConfig.CHECKED_PROPERTY);
      assertThat(BufferPoolConfig.defaults().checked()).isFalse();
    } finally {
      if (before != null) {
        System.setProperty(BufferPoolConfig.CHECKED_PROPERTY, before);
      }
    }
  }

  private static BufferPoolConfig checkedWith(Consumer<LeakReport> listener) {
    return small(1).checked(true).onLeak(listener).build();
  }

  private static void releaseHere(PooledBuffer buffer) {
    buffer.release();
  }

  private static int loseABuffer(BufferPool pool) {
    return pool.acquire(4096).capacity();
  }

  private static void collectUntil(BooleanSupplier done) {
    long start = System.nanoTime();
    while (!done.getAsBoolean()) {
      Await.requirePatience(start, "the buffer is collected");
      System.gc();
    }
  }
}
