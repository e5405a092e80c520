package mill.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import mill.core.internal.TaskQueue;
import mill.natives.platform.Threads;
import mill.testing.Allocations;
import mill.testing.Await;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkerPoolTest {
  /** What a worker is given. */
  private static final class Item extends SerialCalls {
    final int number;

    Item(int number) {
      this.number = number;
    }

    @Override
    void fire(int events) {}

    @Override
    boolean reported(int events) {
      return schedule(events);
    }

    @Override
    void rearm() {}

    @Override
    void call(Runnable task) {}

    @Override
    void callOnClosed(CloseReason reason) {}

    @Override
    TaskQueue.Offer offer(Runnable task) {
      return TaskQueue.Offer.CLOSED;
    }

    @Override
    TaskQueue tasks() {
      return null;
    }

    @Override
    void completeQuiet() {}
  }

  private static WorkerPool<Item> pool(int workers, Consumer<Item> work) {
    return pool(workers, Threads.system(), work);
  }

  private static WorkerPool<Item> pool(int workers, Threads threads, Consumer<Item> work) {
    return new WorkerPool<>(workers, "pool", threads, work);
  }

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
        pool(
            1,
            item -> {
              seen.add(item.number);
              done.countDown();
            });
    IntStream.range(0, 500).mapToObj(Item::new).forEach(pool::submit);
    pool.start(null);
    IntStream.range(500, 1_000).mapToObj(Item::new).forEach(pool::submit);
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
        pool(
            4,
            item -> {
              try {
                barrier.await(30, TimeUnit.SECONDS);
              } catch (Exception e) {
                throw new AssertionError(e);
              }
              names.add(Thread.currentThread().getName());
              done.countDown();
            });
    pool.start(null);
    IntStream.range(0, 4).mapToObj(Item::new).forEach(pool::submit);
    await(done);
    end(pool);
    assertThat(names)
        .containsExactlyInAnyOrder(
            "pool-worker-0", "pool-worker-1", "pool-worker-2", "pool-worker-3");
  }

  @Test
  void stopLetsTheWorkersFinishWhatWasSubmittedAndWhatTheySubmitThemselves() {
    var worked = new AtomicInteger();
    var self = new AtomicReference<WorkerPool<Item>>();
    var pool =
        pool(
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
    end(pool);
    assertThat(worked).hasValue(1_000);
  }

  @Test
  void poolThatNeverStartedHasEnded() {
    var pool = pool(3, item -> {});
    end(pool);
    assertThat(pool.isWorker()).isFalse();
  }

  @Test
  void waitForTheEndTellsThatAWorkerIsStillBusyAndKeepsAnInterrupt() {
    var release = new CountDownLatch(1);
    var entered = new CountDownLatch(1);
    var isWorker = new AtomicReference<Boolean>();
    var self = new AtomicReference<WorkerPool<Item>>();
    var pool =
        pool(
            1,
            item -> {
              isWorker.set(self.get().isWorker());
              entered.countDown();
              await(release);
            });
    self.set(pool);
    pool.start(null);
    pool.submit(new Item(0));
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
        pool(
            1,
            item -> {
              worker.set(Thread.currentThread());
              first.countDown();
              second.countDown();
            });
    pool.start(null);
    pool.submit(new Item(0));
    await(first);
    worker.get().interrupt();
    pool.submit(new Item(0));
    await(second);
    end(pool);
  }

  // ---- a source

  /** A source in memory: what is put into it is what the one that polls gets, all of it. */
  private static final class Queued implements WorkerPool.Source {
    final WorkerPool<Item> pool;
    final AtomicReference<Throwable> failure = new AtomicReference<>();
    final AtomicInteger inside = new AtomicInteger();
    private final List<Item> items = new ArrayList<>();
    private boolean woken;
    private IOException planned;

    Queued(WorkerPool<Item> pool) {
      this.pool = pool;
    }

    synchronized void put(Item... more) {
      items.addAll(List.of(more));
      notifyAll();
    }

    synchronized void fail(IOException thrown) {
      planned = thrown;
      notifyAll();
    }

    @Override
    public synchronized void poll(boolean waits) throws IOException {
      assertThat(inside.getAndIncrement()).as("others that poll").isZero();
      boolean interrupted = false;
      while (waits && items.isEmpty() && !woken && planned == null) {
        try {
          wait();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      inside.decrementAndGet();
      woken = false;
      items.forEach(pool::collect);
      items.clear();
      if (planned != null) {
        throw planned;
      }
    }

    @Override
    public synchronized void wake() {
      woken = true;
      notifyAll();
    }

    @Override
    public void failed(Throwable thrown) {
      failure.set(thrown);
    }
  }

  /** Starts a pool that fetches its items from a queue. */
  private static Queued started(WorkerPool<Item> pool) {
    var source = new Queued(pool);
    pool.start(source);
    return source;
  }

  // No tick passes: however long this machine keeps a thread from running, it is not slow for the
  // pool. And none of the others is still on its way to sleep, where it would take what it met.
  @Test
  void whatIsQuickIsWorkedOnByTheThreadThatHasPolledIt() throws Exception {
    var threads = new RecordingThreads().timeless();
    var names = ConcurrentHashMap.<String>newKeySet();
    var turn = new AtomicReference<>(new CountDownLatch(1));
    var pool =
        pool(
            4,
            threads,
            item -> {
              names.add(Thread.currentThread().getName());
              turn.get().countDown();
            });
    Queued source = started(pool);
    Await.eventually(
        "one polls, the others sleep",
        () ->
            source.inside.get() == 1
                && threads.calls().stream().filter(call -> call.startsWith("park")).count() == 3);
    for (int i = 0; i < 100; i++) {
      turn.set(new CountDownLatch(1));
      source.put(new Item(i));
      await(turn.get());
      Await.eventually("it polls again", () -> source.inside.get() == 1);
    }
    end(pool);
    assertThat(names).hasSize(1);
  }

  @Test
  void whoeverIsHeldUpIsRelievedUntilTheLastOneIs() throws Exception {
    var release = new CountDownLatch(1);
    var begun = new AtomicInteger();
    var pool =
        pool(
            4,
            item -> {
              begun.incrementAndGet();
              await(release);
            });
    Queued source = started(pool);
    for (int i = 1; i <= 4; i++) { // each is polled for alone
      source.put(new Item(i));
      int expected = i;
      Await.eventually(i + " begun", () -> begun.get() == expected);
    }
    source.put(new Item(5));
    release.countDown();
    Await.eventually("the last one", () -> begun.get() == 5);
    end(pool);
    assertThat(source.failure).hasNullValue();
  }

  @Test
  void aBatchOfItemsThatWaitForEachOtherIsSharedOut() {
    var barrier = new CyclicBarrier(8);
    var over = new CountDownLatch(8 * 20);
    var pool =
        pool(
            8,
            item -> {
              try {
                barrier.await(30, TimeUnit.SECONDS);
              } catch (Exception e) {
                throw new AssertionError(e);
              }
              over.countDown();
            });
    Queued source = started(pool);
    for (int round = 0; round < 20; round++) {
      source.put(IntStream.range(0, 8).mapToObj(Item::new).toArray(Item[]::new));
    }
    await(over);
    end(pool);
  }

  @Test
  void whatIsSubmittedEndsThePollOfTheOnlyWorker() throws Exception {
    var over = new CountDownLatch(1);
    var pool = pool(1, item -> over.countDown());
    Queued source = started(pool);
    Await.eventually("it polls", () -> source.inside.get() == 1);
    pool.submit(new Item(0));
    await(over);
    end(pool);
  }

  @Test
  void whatIsSubmittedAgainAndAgainDoesNotKeepItFromPolling() {
    var polled = new CountDownLatch(1);
    var flowing = new CountDownLatch(100);
    var self = new AtomicReference<WorkerPool<Item>>();
    var pool =
        pool(
            1,
            item -> {
              if (item.number == 1) {
                polled.countDown();
              } else if (polled.getCount() > 0) {
                flowing.countDown();
                self.get().submitAgain(item);
              }
            });
    self.set(pool);
    Queued source = started(pool);
    pool.submit(new Item(0));
    await(flowing);
    source.put(new Item(1));
    await(polled);
    end(pool);
  }

  @Test
  void sourceThatFailsIsToldAndNotPolledAgainAndTheRestGoesOn() throws Exception {
    var worked = new CountDownLatch(3);
    var pool = pool(3, item -> worked.countDown());
    Queued source = started(pool);
    source.put(new Item(0));
    var planned = new IOException("planned");
    source.fail(planned);
    Await.eventually("told", () -> planned.equals(source.failure.get()));
    pool.submit(new Item(1));
    pool.submit(new Item(2));
    await(worked);
    assertThat(source.inside).hasValue(0);
    end(pool);
  }

  /** Some take long, some nothing; some are polled, some submitted; nothing may be left lying. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 8})
  void nothingIsLeftLyingHoweverLongItTakes(int workers) throws Exception {
    int rounds = 60;
    var random = new SplittableRandom(workers);
    var worked = new AtomicInteger();
    var pool =
        pool(
            workers,
            item -> {
              if (item.number % 7 == 0) {
                LockSupport.parkNanos(3_000_000);
              }
              worked.incrementAndGet();
            });
    Queued source = started(pool);
    int put = 0;
    for (int round = 0; round < rounds; round++) {
      int count = 1 + random.nextInt(3 * workers);
      int from = random.nextInt(100);
      Item[] items = IntStream.range(from, from + count).mapToObj(Item::new).toArray(Item[]::new);
      if (random.nextInt(3) == 0) {
        List.of(items).forEach(pool::submit);
      } else {
        source.put(items);
      }
      put += count;
      int expected = put;
      Await.eventually("all of round " + round, () -> worked.get() == expected);
      LockSupport.parkNanos(random.nextInt(4) * 1_000_000L);
    }
    end(pool);
  }

  /**
   * It is marked as submitted by then: where memory is short and the pool took none of it, the item
   * would be lost, and its handler never hear that it is closed.
   */
  @Test
  void submittingAllocatesNothingHoweverManyWait() {
    Allocations.assumeCounted();
    var items = IntStream.range(0, 100_000).mapToObj(Item::new).toList();
    var pool = pool(1, item -> {});
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
