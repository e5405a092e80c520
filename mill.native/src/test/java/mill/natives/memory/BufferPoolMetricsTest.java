package mill.natives.memory;

import static mill.natives.memory.Pools.KIB;
import static mill.natives.memory.Pools.assertFreed;
import static mill.natives.memory.Pools.small;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import mill.testing.Allocations;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BufferPoolMetricsTest {

  @Test
  void theNumbersTellWhatHappened() {
    try (var pool = BufferPool.open(small(2).build())) {
      PooledBuffer first = pool.acquire(512);
      first.release();
      PooledBuffer second = pool.acquire(300);
      pool.acquire(256).release();
      BufferPoolMetrics metrics = pool.metrics();
      assertThat(metrics.capBytes()).isEqualTo(8 * KIB);
      assertThat(metrics.reservedBytes()).isEqualTo(8 * KIB);
      assertThat(metrics.acquired()).isEqualTo(3);
      assertThat(metrics.released()).isEqualTo(2);
      assertThat(metrics.outstanding()).isEqualTo(1);
      assertThat(metrics.cacheMisses()).isEqualTo(2);
      assertThat(metrics.cacheHits()).isEqualTo(1);
      assertThat(metrics.exhausted()).isZero();
      assertThat(metrics.leaked()).isZero();
      assertThat(metrics.sizeClasses()).hasSize(5);
      assertThat(metrics.sizeClasses().get(1))
          .isEqualTo(new BufferPoolMetrics.SizeClassMetrics(512, 2, 1, 0, 1));
      second.release();
    }
  }

  /**
   * Four threads, a cap that is hit all the time, three sizes, half of the buffers released by
   * another thread: no buffer is lent twice, the cap holds at every look, and in the end the sums
   * are exact.
   */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 4, 8})
  void underStressNoBufferIsLentTwiceTheCapHoldsAndTheNumbersAddUp(int cached) throws Exception {
    var pool = BufferPool.open(small(4).buffersPerThreadCache(cached).build());
    var handedOver = new ConcurrentLinkedQueue<Tagged>();
    var acquired = new AtomicLong();
    try (var threads = Executors.newFixedThreadPool(4)) {
      List<Future<?>> running = new ArrayList<>();
      for (int seed = 1; seed <= 4; seed++) {
        var worker = new StressWorker(pool, seed, handedOver, acquired);
        running.add(threads.submit(worker::run));
      }
      for (Future<?> worker : running) {
        worker.get();
      }
    }
    handedOver.forEach(Tagged::release);
    BufferPoolMetrics metrics = pool.metrics();
    assertThat(metrics.acquired()).isEqualTo(acquired.get());
    assertThat(metrics.released()).isEqualTo(acquired.get());
    assertThat(metrics.outstanding()).isZero();
    assertThat(metrics.cacheHits() + metrics.cacheMisses()).isEqualTo(acquired.get());
    assertThat(metrics.exhausted()).isPositive();
    assertEverythingCanBeLentAgain(pool);
    pool.close();
    assertFreed(pool);
  }

  @Test
  void inSteadyStateNothingIsAllocated() throws Exception {
    Allocations.assumeCounted();
    try (var pool = BufferPool.open(small(4).build())) {
      Runnable batch =
          () -> {
            for (int i = 0; i < 50_000; i++) {
              PooledBuffer one = pool.acquire(512);
              PooledBuffer two = pool.acquire(4 * KIB);
              one.segment().set(ValueLayout.JAVA_BYTE, 0, (byte) i);
              one.release();
              two.release();
            }
          };
      // The interpreter allocates nothing here either, but the compiler's first steps may.
      batch.run();
      assertThat(bytesAllocatedBy(batch)).isLessThan(50_000);
    }
  }

  @Test
  void inSteadyStateTheDepotAllocatesNothingEither() throws Exception {
    Allocations.assumeCounted();
    try (var pool = BufferPool.open(small(4).buffersPerThreadCache(2).build())) {
      var held = new PooledBuffer[16];
      Runnable batch =
          () -> {
            for (int round = 0; round < 5_000; round++) {
              for (int i = 0; i < held.length; i++) {
                held[i] = pool.acquire(512);
              }
              for (PooledBuffer buffer : held) {
                buffer.release();
              }
            }
          };
      batch.run();
      assertThat(bytesAllocatedBy(batch)).isLessThan(50_000);
      assertThat(pool.metrics().cacheMisses()).isGreaterThan(10_000);
    }
  }

  private static long bytesAllocatedBy(Runnable work) {
    long before = Allocations.ofCurrentThread();
    work.run();
    return Allocations.ofCurrentThread() - before;
  }

  private static void assertEverythingCanBeLentAgain(BufferPool pool) {
    List<PooledBuffer> all = Pools.acquireAll(pool, 4 * KIB);
    assertThat(all).hasSize(4).doesNotHaveDuplicates();
    Pools.releaseAll(all);
  }

  /** A lent buffer, and what its owner has written to both ends of it. */
  private record Tagged(PooledBuffer buffer, long tag) {

    static Tagged of(PooledBuffer buffer, long tag) {
      buffer.segment().set(ValueLayout.JAVA_LONG, 0, tag);
      buffer.segment().set(ValueLayout.JAVA_LONG, buffer.capacity() - 8L, tag);
      return new Tagged(buffer, tag);
    }

    void release() {
      assertThat(buffer.segment().get(ValueLayout.JAVA_LONG, 0)).isEqualTo(tag);
      assertThat(buffer.segment().get(ValueLayout.JAVA_LONG, buffer.capacity() - 8L))
          .isEqualTo(tag);
      buffer.release();
    }
  }

  private static final class StressWorker {

    private final BufferPool pool;
    private final Random random;
    private final ConcurrentLinkedQueue<Tagged> handedOver;
    private final AtomicLong acquired;
    private final ArrayList<Tagged> own = new ArrayList<>();
    private long nextTag;

    StressWorker(
        BufferPool pool, int seed, ConcurrentLinkedQueue<Tagged> handedOver, AtomicLong acquired) {
      this.pool = pool;
      this.random = new Random(seed);
      this.handedOver = handedOver;
      this.acquired = acquired;
      this.nextTag = (long) seed << 32;
    }

    void run() {
      for (int i = 0; i < 20_000; i++) {
        step();
        if (i % 64 == 0) {
          BufferPoolMetrics metrics = pool.metrics();
          assertThat(metrics.reservedBytes()).isLessThanOrEqualTo(metrics.capBytes());
          assertThat(metrics.outstanding()).isNotNegative();
        }
      }
      own.forEach(Tagged::release);
    }

    private void step() {
      PooledBuffer buffer = pool.tryAcquire(256 << (2 * random.nextInt(3)));
      if (buffer != null) {
        acquired.incrementAndGet();
        Tagged tagged = Tagged.of(buffer, nextTag++);
        if (random.nextBoolean()) {
          own.add(tagged);
        } else {
          handedOver.add(tagged);
        }
      }
      if (buffer == null || random.nextBoolean()) {
        if (!own.isEmpty()) {
          own.remove(random.nextInt(own.size())).release();
        }
        Tagged theirs = handedOver.poll();
        if (theirs != null) {
          theirs.release();
        }
      }
    }
  }
}
