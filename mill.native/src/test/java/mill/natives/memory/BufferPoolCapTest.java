package mill.natives.memory;

import static mill.natives.memory.Pools.KIB;
import static mill.natives.memory.Pools.acquireAll;
import static mill.natives.memory.Pools.inDyingThread;
import static mill.natives.memory.Pools.releaseAll;
import static mill.natives.memory.Pools.small;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BufferPoolCapTest {

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void acquiringBeyondTheCapFailsAndNamesTheCap(boolean checked) {
    try (var pool = BufferPool.open(small(3).checked(checked).build())) {
      List<PooledBuffer> all = acquireAll(pool, 1024);
      assertThat(all).hasSize(12);
      assertThatThrownBy(() -> pool.acquire(1024))
          .isInstanceOf(BufferPoolExhaustedException.class)
          .hasMessageContaining("1024 bytes")
          .hasMessageContaining("12 buffers are lent")
          .hasMessageContaining("12288 of at most 12288")
          .hasMessageContaining("maxBytes");
      assertThat(pool.metrics().exhausted()).isEqualTo(2);
      releaseAll(all);
    }
  }

  @Test
  void aCapThatIsNoMultipleOfASlabIsNotExceeded() {
    try (var pool = BufferPool.open(small(3).maxBytes(3 * 4 * KIB - 1).build())) {
      List<PooledBuffer> all = acquireAll(pool, 4 * KIB);
      assertThat(all).hasSize(2);
      assertThat(pool.metrics().reservedBytes()).isEqualTo(8 * KIB);
      releaseAll(all);
    }
  }

  @Test
  void everyReleasedBufferCanBeAcquiredAgain() {
    try (var pool = BufferPool.open(small(3).build())) {
      for (int round = 0; round < 3; round++) {
        List<PooledBuffer> all = acquireAll(pool, 256);
        assertThat(all).hasSize(48).doesNotHaveDuplicates();
        releaseAll(all);
      }
    }
  }

  @Test
  void aReleasedBufferIsReusedBeforeThePoolGrows() {
    try (var pool = BufferPool.open(small(3).build())) {
      for (int i = 0; i < 1_000; i++) {
        pool.acquire(4 * KIB).release();
      }
      assertThat(pool.metrics().reservedBytes()).isEqualTo(4 * KIB);
    }
  }

  @Test
  void anEmptySlabServesAnotherSizeWhenTheCapIsReached() {
    try (var pool = BufferPool.open(small(3).build())) {
      releaseAll(acquireAll(pool, 256));
      List<PooledBuffer> large = acquireAll(pool, 4 * KIB);
      assertThat(large).hasSize(3);
      releaseAll(large);
      List<PooledBuffer> smallest = acquireAll(pool, 256);
      assertThat(smallest).hasSize(48);
      releaseAll(smallest);
    }
  }

  @Test
  void oneLentBufferPinsItsSlabToItsSize() {
    try (var pool = BufferPool.open(small(3).build())) {
      List<PooledBuffer> all = acquireAll(pool, 256);
      PooledBuffer kept = all.removeFirst();
      releaseAll(all);
      List<PooledBuffer> large = acquireAll(pool, 4 * KIB);
      assertThat(large).hasSize(2);
      releaseAll(large);
      kept.release();
    }
  }

  @Test
  void buffersInTheCacheOfADeadThreadAreFoundBeforeThePoolGrows() throws Exception {
    try (var pool = BufferPool.open(small(3).build())) {
      inDyingThread(() -> fillCacheWithOneSlab(pool));
      List<PooledBuffer> found = acquire(pool, 512, 8);
      assertThat(pool.metrics().reservedBytes()).isEqualTo(4 * KIB);
      releaseAll(found);
    }
  }

  @Test
  void buffersInTheCacheOfADeadThreadServeAnotherSizeAtTheCap() throws Exception {
    try (var pool = BufferPool.open(small(1).build())) {
      inDyingThread(() -> fillCacheWithOneSlab(pool));
      pool.acquire(4 * KIB).release();
    }
  }

  @Test
  void cachesOfDeadThreadsDoNotPileUpAndTheirCountsStay() throws Exception {
    try (var pool = BufferPool.open(small(3).build())) {
      for (int i = 0; i < 20; i++) {
        inDyingThread(() -> fillCacheWithOneSlab(pool));
      }
      assertThat(pool.cacheCount()).isEqualTo(1);
      assertThat(pool.metrics().acquired()).isEqualTo(160);
      assertThat(pool.metrics().released()).isEqualTo(160);
    }
  }

  @Test
  void buffersInTheCacheOfAnIdleThreadAreTakenBeforeAnAcquisitionFails() throws Exception {
    try (var pool = BufferPool.open(small(1).build());
        var idle = Executors.newSingleThreadExecutor()) {
      idle.submit(() -> fillCacheWithOneSlab(pool)).get();
      List<PooledBuffer> found = acquire(pool, 512, 8);
      assertThat(pool.metrics().exhausted()).isZero();
      releaseAll(found);
    }
  }

  @Test
  void stealingOneBufferLeavesTheRestInTheCacheOfItsThread() throws Exception {
    try (var pool = BufferPool.open(small(1).build());
        var idle = Executors.newSingleThreadExecutor()) {
      idle.submit(() -> fillCacheWithOneSlab(pool)).get();
      PooledBuffer stolen = pool.acquire(512);
      assertThat(pool.idleInCaches()).isEqualTo(7);
      stolen.release();
    }
  }

  @Test
  void buffersInTheCacheOfAnIdleThreadServeAnotherSizeAtTheCap() throws Exception {
    try (var pool = BufferPool.open(small(1).build());
        var idle = Executors.newSingleThreadExecutor()) {
      idle.submit(() -> fillCacheWithOneSlab(pool)).get();
      pool.acquire(4 * KIB).release();
      assertThat(pool.metrics().exhausted()).isZero();
    }
  }

  @Test
  void aThreadWhoseCacheWasRobbedGoesOn() throws Exception {
    try (var pool = BufferPool.open(small(1).build());
        var idle = Executors.newSingleThreadExecutor()) {
      idle.submit(() -> fillCacheWithOneSlab(pool)).get();
      releaseAll(acquire(pool, 512, 8));
      List<PooledBuffer> back = idle.submit(() -> acquire(pool, 512, 8)).get();
      assertThat(back).doesNotHaveDuplicates();
      assertThat(pool.tryAcquire(512)).isNull();
      releaseAll(back);
    }
  }

  @Test
  void aThreadKeepsNoMoreThanItsBoundAndTheRestIsSharedWithoutStealing() throws Exception {
    try (var pool = BufferPool.open(small(2).build());
        var idle = Executors.newSingleThreadExecutor()) {
      idle.submit(
              () -> {
                releaseAll(acquire(pool, 512, 16));
                return null;
              })
          .get();
      // 16 released, at most 8 of them kept: the other slab's worth needs no theft and no growth.
      assertThat(pool.idleInCaches()).isBetween(1L, 8L);
    }
  }

  @Test
  void withoutCachesEverythingIsShared() throws Exception {
    try (var pool = BufferPool.open(small(1).buffersPerThreadCache(0).build())) {
      fillCacheWithOneSlab(pool);
      assertThat(pool.cacheCount()).isZero();
      assertThat(pool.idleInCaches()).isZero();
      assertThat(pool.metrics().cacheHits()).isZero();
    }
  }

  @Test
  void virtualThreadsHaveNoCacheAndShareEverything() throws Exception {
    try (var pool = BufferPool.open(small(1).build())) {
      Thread thread = Thread.ofVirtual().start(() -> fillCacheWithOneSlab(pool));
      thread.join();
      assertThat(pool.cacheCount()).isZero();
      assertThat(pool.metrics().acquired()).isEqualTo(8);
      assertThat(pool.metrics().outstanding()).isZero();
    }
  }

  private static List<PooledBuffer> acquire(BufferPool pool, int bytes, int count) {
    return Stream.generate(() -> pool.acquire(bytes)).limit(count).toList();
  }

  /** Leaves the 8 buffers of one slab in the cache of the calling thread. */
  private static int fillCacheWithOneSlab(BufferPool pool) {
    List<PooledBuffer> all = acquire(pool, 512, 8);
    releaseAll(all);
    return all.size();
  }
}
