package mill.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import mill.core.WorkerPools.Item;
import mill.testing.Await;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which worker polls the source of a pool, and who works on what that brings. */
class WorkerPoolSourceTest {
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
        WorkerPools.pool(
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
      Await.await(turn.get());
      Await.eventually("it polls again", () -> source.inside.get() == 1);
    }
    WorkerPools.end(pool);
    assertThat(names).hasSize(1);
  }

  @Test
  void whoeverIsHeldUpIsRelievedUntilTheLastOneIs() throws Exception {
    var release = new CountDownLatch(1);
    var begun = new AtomicInteger();
    var pool =
        WorkerPools.pool(
            4,
            item -> {
              begun.incrementAndGet();
              Await.await(release);
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
    WorkerPools.end(pool);
    assertThat(source.failure).hasNullValue();
  }

  @Test
  void aBatchOfItemsThatWaitForEachOtherIsSharedOut() {
    var barrier = new CyclicBarrier(8);
    var over = new CountDownLatch(8 * 20);
    var pool =
        WorkerPools.pool(
            8,
            item -> {
              WorkerPools.meet(barrier);
              over.countDown();
            });
    Queued source = started(pool);
    for (int round = 0; round < 20; round++) {
      source.put(IntStream.range(0, 8).mapToObj(Item::new).toArray(Item[]::new));
    }
    Await.await(over);
    WorkerPools.end(pool);
  }

  @Test
  void whatIsSubmittedEndsThePollOfTheOnlyWorker() throws Exception {
    var over = new CountDownLatch(1);
    var pool = WorkerPools.pool(1, item -> over.countDown());
    Queued source = started(pool);
    Await.eventually("it polls", () -> source.inside.get() == 1);
    pool.submit(new Item(0));
    Await.await(over);
    WorkerPools.end(pool);
  }

  @Test
  void whatIsSubmittedAgainAndAgainDoesNotKeepItFromPolling() {
    var polled = new CountDownLatch(1);
    var flowing = new CountDownLatch(100);
    var self = new AtomicReference<WorkerPool<Item>>();
    var pool =
        WorkerPools.pool(
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
    Await.await(flowing);
    source.put(new Item(1));
    Await.await(polled);
    WorkerPools.end(pool);
  }

  @Test
  void sourceThatFailsIsToldAndNotPolledAgainAndTheRestGoesOn() throws Exception {
    var worked = new CountDownLatch(3);
    var pool = WorkerPools.pool(3, item -> worked.countDown());
    Queued source = started(pool);
    source.put(new Item(0));
    var planned = new IOException("planned");
    source.fail(planned);
    Await.eventually("told", () -> planned.equals(source.failure.get()));
    pool.submit(new Item(1));
    pool.submit(new Item(2));
    Await.await(worked);
    assertThat(source.inside).hasValue(0);
    WorkerPools.end(pool);
  }

  /** Some take long, some nothing; some are polled, some submitted; nothing may be left lying. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 8})
  void nothingIsLeftLyingHoweverLongItTakes(int workers) throws Exception {
    int rounds = 60;
    var random = new SplittableRandom(workers);
    var worked = new AtomicInteger();
    var pool =
        WorkerPools.pool(
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
    WorkerPools.end(pool);
  }
}
