package mill.natives.memory;

import static mill.natives.memory.Pools.KIB;
import static mill.natives.memory.Pools.acquireAll;
import static mill.natives.memory.Pools.assertFreed;
import static mill.natives.memory.Pools.inDyingThread;
import static mill.natives.memory.Pools.releaseAll;
import static mill.natives.memory.Pools.small;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BufferOwnershipTest {

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void releasingTwiceThrowsAndChangesNothing(boolean checked) {
    try (var pool = BufferPool.open(small(1).checked(checked).build())) {
      PooledBuffer buffer = pool.acquire(512);
      buffer.release();
      assertThatThrownBy(buffer::release)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("double release");
      assertThat(pool.metrics().released()).isEqualTo(1);
      List<PooledBuffer> all = acquireAll(pool, 512);
      assertThat(all).hasSize(8).doesNotHaveDuplicates();
      releaseAll(all);
    }
  }

  @Test
  void releasingTwiceWithoutCachesThrows() {
    try (var pool = BufferPool.open(small(1).buffersPerThreadCache(0).build())) {
      PooledBuffer buffer = pool.acquire(512);
      buffer.release();
      assertThatThrownBy(buffer::release).hasMessageContaining("double release");
      assertThat(pool.metrics().released()).isEqualTo(1);
    }
  }

  @Test
  void releasingTwiceThrowsWhenTheCacheIsFull() {
    try (var pool = BufferPool.open(small(2).build())) {
      List<PooledBuffer> all = acquireAll(pool, 512);
      releaseAll(all);
      assertThat(all)
          .allSatisfy(b -> assertThatThrownBy(b::release).hasMessageContaining("double release"));
      assertThat(pool.metrics().released()).isEqualTo(16);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void releasingTwiceFromTwoThreadsThrows(boolean checked) throws Exception {
    try (var pool = BufferPool.open(small(1).checked(checked).build())) {
      PooledBuffer buffer = pool.acquire(512);
      buffer.release();
      inDyingThread(
          () -> assertThatThrownBy(buffer::release).isInstanceOf(IllegalStateException.class));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void ofTwoRacingReleasesExactlyOneWins(boolean checked) throws Exception {
    try (var pool = BufferPool.open(small(1).checked(checked).build());
        var other = Executors.newSingleThreadExecutor()) {
      var barrier = new CyclicBarrier(2);
      int rounds = checked ? 200 : 5_000;
      for (int i = 0; i < rounds; i++) {
        PooledBuffer buffer = pool.acquire(512);
        var thrown = new AtomicInteger();
        Future<?> theirs = other.submit(() -> releaseAfter(barrier, buffer, thrown));
        releaseAfter(barrier, buffer, thrown);
        theirs.get();
        assertThat(thrown).hasValue(1);
      }
      assertThat(pool.metrics().released()).isEqualTo(rounds);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void usingABufferAfterReleaseThrows(boolean checked) {
    try (var pool = BufferPool.open(small(1).checked(checked).build())) {
      PooledBuffer buffer = pool.acquire(512);
      buffer.release();
      assertUseAfterReleaseThrows(buffer);
    }
  }

  @Test
  void usingABufferAfterItsSlabWasCutAnewThrows() {
    try (var pool = BufferPool.open(small(1).build())) {
      PooledBuffer old = pool.acquire(512);
      old.release();
      PooledBuffer whole = pool.acquire(4 * KIB);
      assertUseAfterReleaseThrows(old);
      assertThatThrownBy(old::release).hasMessageContaining("double release");
      assertThatCode(whole::segment).doesNotThrowAnyException();
      whole.release();
    }
  }

  @Test
  void usingABufferAfterThePoolWasClosedThrows() {
    var pool = BufferPool.open(small(1).build());
    PooledBuffer buffer = pool.acquire(512);
    buffer.release();
    pool.close();
    assertUseAfterReleaseThrows(buffer);
    assertThatThrownBy(buffer::release).hasMessageContaining("double release");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aBufferMayBeReleasedByAnotherThread(boolean checked) throws Exception {
    try (var pool = BufferPool.open(small(1).checked(checked).build());
        var other = Executors.newSingleThreadExecutor()) {
      for (int round = 0; round < 10; round++) {
        List<PooledBuffer> all = acquireAll(pool, 512);
        assertThat(all).hasSize(8);
        other.submit(() -> releaseAll(all)).get();
      }
      assertThat(pool.metrics().outstanding()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aClosedPoolLendsNothing(boolean checked) {
    var pool = BufferPool.open(small(1).checked(checked).build());
    pool.acquire(512).release();
    pool.close();
    assertThatThrownBy(() -> pool.acquire(512))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
    assertThatThrownBy(() -> pool.tryAcquire(512)).hasMessageContaining("closed");
  }

  @Test
  void closingFreesTheMemoryEvenOfOtherThreadsCaches() throws Exception {
    var pool = BufferPool.open(small(4).build());
    try (var other = Executors.newSingleThreadExecutor()) {
      MemorySegment theirs = other.submit(() -> segmentOfAReleasedBuffer(pool)).get();
      MemorySegment mine = segmentOfAReleasedBuffer(pool);
      pool.close();
      assertThat(theirs.scope().isAlive()).isFalse();
      assertThat(mine.scope().isAlive()).isFalse();
      assertFreed(pool);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void buffersLentAtCloseStayValidAndTheLastOneFreesTheMemory(boolean checked) throws Exception {
    var pool = BufferPool.open(small(2).checked(checked).onLeak(report -> {}).build());
    PooledBuffer first = pool.acquire(512);
    PooledBuffer second = pool.acquire(4 * KIB);
    MemorySegment memory = second.segment();
    pool.close();
    first.release();
    second.segment().set(ValueLayout.JAVA_BYTE, 4095, (byte) 1);
    assertThat(pool.metrics().reservedBytes()).isEqualTo(8 * KIB);
    assertThat(pool.metrics().outstanding()).isEqualTo(1);
    inDyingThread(() -> {
      second.release();
      return null;
    });
    assertThat(memory.scope().isAlive()).isFalse();
    assertFreed(pool);
  }

  @Test
  void closingTwiceDoesNothing() {
    var pool = BufferPool.open(small(2).build());
    PooledBuffer buffer = pool.acquire(512);
    pool.close();
    pool.close();
    buffer.release();
    pool.close();
    assertFreed(pool);
  }

  /**
   * A release that pushes into its cache just after close() has searched it must free by itself.
   * The releasing thread is new to the pool: it takes the lock for its cache just before it pushes,
   * which is where close() waits.
   */
  @Test
  void releasesThatRaceWithCloseLeaveNothingBehind() throws Exception {
    try (var other = Executors.newSingleThreadExecutor()) {
      for (int round = 0; round < 2_000; round++) {
        var pool = BufferPool.open(small(1).build());
        PooledBuffer buffer = pool.acquire(512);
        var ready = new AtomicInteger();
        Future<?> theirs =
            other.submit(() -> {
              meet(ready);
              buffer.release();
            });
        meet(ready);
        pool.close();
        theirs.get();
        assertFreed(pool);
      }
    }
  }

  // Spins, so as to leave at the same moment; but not for long where the other has no processor.
  @SuppressWarnings("ThreadPriorityCheck")
  private static void meet(AtomicInteger ready) {
    ready.incrementAndGet();
    for (int spins = 0; ready.get() < 2; spins++) {
      if (spins < 10_000) {
        Thread.onSpinWait();
      } else {
        Thread.yield();
      }
    }
  }

  private static void releaseAfter(
      CyclicBarrier barrier, PooledBuffer buffer, AtomicInteger thrown) {
    try {
      barrier.await();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
    try {
      buffer.release();
    } catch (IllegalStateException expected) {
      thrown.incrementAndGet();
    }
  }

  private static MemorySegment segmentOfAReleasedBuffer(BufferPool pool) {
    PooledBuffer buffer = pool.acquire(512);
    MemorySegment segment = buffer.segment();
    buffer.release();
    return segment;
  }

  private static void assertUseAfterReleaseThrows(PooledBuffer buffer) {
    assertThatThrownBy(buffer::segment)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("use after release");
    assertThatThrownBy(buffer::capacity).hasMessageContaining("use after release");
    assertThatThrownBy(buffer::asByteBuffer).hasMessageContaining("use after release");
  }
}
