package mill.core.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class WorkerPoolTest {
  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static void end(WorkerPool<?> pool) {
    pool.stop();
    long start = System.nanoTime();
    while (!pool.awaitEnd()) {
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(30));
    }
  }

  @Test
  void oneWorkerTakesItemsInTheirOrder() {
    List<Integer> seen = new ArrayList<>();
    var done = new CountDownLatch(1_000);
    var pool =
        new WorkerPool<Integer>(
            1,
            "pool",
            item -> {
              seen.add(item);
              done.countDown();
            });
    IntStream.range(0, 500).forEach(pool::submit);
    pool.start();
    IntStream.range(500, 1_000).forEach(pool::submit);
    await(done);
    end(pool);
    assertThat(seen).isEqualTo(IntStream.range(0, 1_000).boxed().toList());
  }

  @Test
  void itemsAreWorkedOnBesideEachOther() {
    var barrier = new CyclicBarrier(4);
    var done = new CountDownLatch(4);
    Set<String> names = ConcurrentHashMap.newKeySet();
    var pool =
        new WorkerPool<String>(
            4,
            "pool",
            item -> {
              try {
                barrier.await(30, TimeUnit.SECONDS);
              } catch (Exception e) {
                throw new AssertionError(e);
              }
              names.add(Thread.currentThread().getName());
              done.countDown();
            });
    pool.start();
    List.of("a", "b", "c", "d").forEach(pool::submit);
    await(done);
    end(pool);
    assertThat(names)
        .containsExactlyInAnyOrder(
            "pool-worker-0", "pool-worker-1", "pool-worker-2", "pool-worker-3");
  }

  @Test
  void stopLetsTheWorkersFinishWhatWasSubmittedAndWhatTheySubmitThemselves() {
    var worked = new AtomicInteger();
    var self = new AtomicReference<WorkerPool<Integer>>();
    var pool =
        new WorkerPool<Integer>(
            2,
            "pool",
            item -> {
              worked.incrementAndGet();
              if (item > 0) {
                self.get().submit(item - 1);
              }
            });
    self.set(pool);
    for (int i = 0; i < 100; i++) {
      pool.submit(9);
    }
    pool.stop();
    pool.start();
    end(pool);
    assertThat(worked).hasValue(1_000);
  }

  @Test
  void poolThatNeverStartedHasEnded() {
    var pool = new WorkerPool<String>(3, "pool", item -> {});
    end(pool);
    assertThat(pool.isWorker()).isFalse();
  }

  @Test
  void waitForTheEndTellsThatAWorkerIsStillBusyAndKeepsAnInterrupt() {
    var release = new CountDownLatch(1);
    var entered = new CountDownLatch(1);
    var isWorker = new AtomicReference<Boolean>();
    var self = new AtomicReference<WorkerPool<String>>();
    var pool =
        new WorkerPool<String>(
            1,
            "pool",
            item -> {
              isWorker.set(self.get().isWorker());
              entered.countDown();
              await(release);
            });
    self.set(pool);
    pool.start();
    pool.submit("busy");
    await(entered);
    pool.stop();
    Thread.currentThread().interrupt();
    assertThat(pool.awaitEnd()).isFalse();
    assertThat(Thread.interrupted()).isTrue();
    release.countDown();
    end(pool);
    assertThat(isWorker).hasValue(true);
    assertThat(pool.isWorker()).isFalse();
  }

  @Test
  void interruptOfAnIdleWorkerMeansNothing() {
    var worker = new AtomicReference<Thread>();
    var first = new CountDownLatch(1);
    var second = new CountDownLatch(2);
    var pool =
        new WorkerPool<String>(
            1,
            "pool",
            item -> {
              worker.set(Thread.currentThread());
              first.countDown();
              second.countDown();
            });
    pool.start();
    pool.submit("a");
    await(first);
    worker.get().interrupt();
    pool.submit("b");
    await(second);
    end(pool);
  }
}
