package mill.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import mill.core.WorkerPools.Item;
import mill.testing.Allocations;
import mill.testing.Await;
import org.junit.jupiter.api.Test;

/** A pool of workers works through what is submitted, and ends. */
class WorkerPoolTest {
  @Test
  void oneWorkerTakesItemsInTheirOrder() {
    List<Integer> seen = new ArrayList<>();
    var done = new CountDownLatch(1_000);
    var pool =
        WorkerPools.pool(
            1,
            item -> {
              seen.add(item.number);
              done.countDown();
            });
    IntStream.range(0, 500).mapToObj(Item::new).forEach(pool::submit);
    pool.start(null);
    IntStream.range(500, 1_000).mapToObj(Item::new).forEach(pool::submit);
    Await.await(done);
    WorkerPools.end(pool);
    assertThat(seen).isEqualTo(IntStream.range(0, 1_000).boxed().toList());
  }

  @Test
  void itemsAreWorkedOnBesideEachOther() {
    var barrier = new CyclicBarrier(4);
    var done = new CountDownLatch(4);
    Set<String> names = ConcurrentHashMap.newKeySet();
    var pool =
        WorkerPools.pool(
            4,
            item -> {
              WorkerPools.meet(barrier);
              names.add(Thread.currentThread().getName());
              done.countDown();
            });
    pool.start(null);
    IntStream.range(0, 4).mapToObj(Item::new).forEach(pool::submit);
    Await.await(done);
    WorkerPools.end(pool);
    assertThat(names)
        .containsExactlyInAnyOrder(
            "pool-worker-0", "pool-worker-1", "pool-worker-2", "pool-worker-3");
  }

  @Test
  void stopLetsTheWorkersFinishWhatWasSubmittedAndWhatTheySubmitThemselves() {
    var worked = new AtomicInteger();
    var self = new AtomicReference<WorkerPool<Item>>();
    var pool =
        WorkerPools.pool(
            2,
            item -> {
              worked.incrementAndGet();
              if (item.number > 0) {
                self.get().submit(new Item(item.number - 1));
              }
            });
    self.set(pool);
    for (int i = 0; i < 100; i++) {
      pool.submit(new Item(9));
    }
    pool.stop();
    pool.start(null);
    WorkerPools.end(pool);
    assertThat(worked).hasValue(1_000);
  }

  @Test
  void poolThatNeverStartedHasEnded() {
    var pool = WorkerPools.pool(3, item -> {});
    WorkerPools.end(pool);
    assertThat(pool.isWorker()).isFalse();
  }

  @Test
  void waitForTheEndTellsThatAWorkerIsStillBusyAndKeepsAnInterrupt() {
    var release = new CountDownLatch(1);
    var entered = new CountDownLatch(1);
    var isWorker = new AtomicReference<Boolean>();
    var self = new AtomicReference<WorkerPool<Item>>();
    var pool =
        WorkerPools.pool(
            1,
            item -> {
              isWorker.set(self.get().isWorker());
              entered.countDown();
              Await.await(release);
            });
    self.set(pool);
    pool.start(null);
    pool.submit(new Item(0));
    Await.await(entered);
    pool.stop();
    Thread.currentThread().interrupt();
    assertThat(pool.awaitEnd()).isFalse();
    assertThat(Thread.interrupted()).isTrue();
    release.countDown();
    WorkerPools.end(pool);
    assertThat(isWorker).hasValue(true);
    assertThat(pool.isWorker()).isFalse();
  }

  @Test
  void interruptOfAnIdleWorkerMeansNothing() {
    var worker = new AtomicReference<Thread>();
    var first = new CountDownLatch(1);
    var second = new CountDownLatch(2);
    var pool =
        WorkerPools.pool(
            1,
            item -> {
              worker.set(Thread.currentThread());
              first.countDown();
              second.countDown();
            });
    pool.start(null);
    pool.submit(new Item(0));
    Await.await(first);
    worker.get().interrupt();
    pool.submit(new Item(0));
    Await.await(second);
    WorkerPools.end(pool);
  }

  /**
   * It is marked as submitted by then: where memory is short and the pool took none of it, the item
   * would be lost, and its handler never hear that it is closed.
   */
  @Test
  void submittingAllocatesNothingHoweverManyWait() {
    Allocations.assumeCounted();
    var items = IntStream.range(0, 100_000).mapToObj(Item::new).toList();
    var pool = WorkerPools.pool(1, item -> {});
    pool.submit(items.getFirst()); // what is linked once
    long before = Allocations.ofCurrentThread();
    for (int i = 1; i < items.size(); i++) {
      pool.submit(items.get(i));
    }
    long allocated = Allocations.ofCurrentThread() - before;
    for (Item item : items) {
      assertThat(pool.poll()).isSameAs(item);
    }
    assertThat(pool.poll()).isNull();
    assertThat(allocated).as("bytes for all").isLessThan(items.size());
  }
}
