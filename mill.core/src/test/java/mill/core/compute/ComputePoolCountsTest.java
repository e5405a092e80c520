package mill.core.compute;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import mill.core.compute.ComputePools.Gate;
import mill.testing.Await;
import mill.testing.Threads;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Counts and times of the compute pool are exact, and add up. */
class ComputePoolCountsTest {
  @Test
  void executionTimeIsThatOfTheTasksThatRan() {
    try (var pool = ComputePool.open(ComputePools.config(1).build())) {
      var spent = new AtomicLong();
      Runnable spin =
          () -> {
            long start = System.nanoTime();
            long now = start;
            while (now - start < 2_000_000) {
              Thread.onSpinWait();
              now = System.nanoTime();
            }
            spent.addAndGet(now - start);
          };
      pool.execute(spin);
      pool.execute(spin);
      ComputeMetrics end = ComputePools.quiet(pool);
      assertThat(end.totalExecutionNs()).isGreaterThanOrEqualTo(spent.get());
      assertThat(end.maxExecutionNs()).isBetween(2_000_000L, end.totalExecutionNs() - 2_000_000);
    }
  }

  private static void assertAddsUp(ComputeMetrics now) {
    assertThat(
            now.rejected()
                + now.queued()
                + now.active()
                + now.completed()
                + now.failed()
                + now.cancelled()
                + now.abandoned())
        .as("%s", now)
        .isEqualTo(now.submitted());
  }

  @ParameterizedTest
  @CsvSource({"1, 4", "2, 4", "4, 8"})
  void everySubmittedTaskIsAccountedForExactlyAndEverySnapshotAddsUp(int workers, int submitters)
      throws Exception {
    int each = 5_000;
    var ran = new AtomicInteger();
    var refused = new AtomicInteger();
    var dropped = new AtomicInteger();
    var failures = new AtomicInteger();
    var seeds = new AtomicInteger();
    var config =
        ComputePools.config(workers)
            .queueCapacity(64)
            .uncaughtExceptionHandler((thread, thrown) -> failures.incrementAndGet());
    try (var pool = ComputePool.open(config.build())) {
      var stop = new CountDownLatch(1);
      var watch =
          Await.inBackground(
              "watch",
              () -> {
                long snapshots = 0;
                while (stop.getCount() > 0) {
                  assertAddsUp(pool.metrics());
                  snapshots++;
                }
                return snapshots;
              });
      Threads.together(
          submitters,
          () -> {
            var random = new Random(seeds.incrementAndGet());
            for (int i = 0; i < each; i++) {
              TaskPriority priority = ComputePools.priority(random.nextInt(4));
              try {
                switch (random.nextInt(4)) {
                  case 0 -> {
                    if (pool.submit(priority, ran::incrementAndGet).cancel(false)) {
                      dropped.incrementAndGet();
                    }
                  }
                  case 1 ->
                      pool.execute(
                          priority,
                          () -> {
                            ran.incrementAndGet();
                            throw new IllegalStateException("planned");
                          });
                  default -> pool.execute(priority, ran::incrementAndGet);
                }
              } catch (RejectedExecutionException e) {
                refused.incrementAndGet();
              }
            }
          });
      ComputeMetrics end = ComputePools.quiet(pool);
      stop.countDown();
      assertThat(Await.outcome(watch)).isPositive();
      assertAddsUp(end);
      assertThat(end.submitted()).isEqualTo((long) submitters * each);
      assertThat(end.rejected()).isEqualTo(refused.get());
      assertThat(end.failed()).isEqualTo(failures.get());
      assertThat(end.completed() + end.failed()).isEqualTo(ran.get());
      // cancel() may come while the work runs; it is not dropped then.
      assertThat(end.cancelled()).isLessThanOrEqualTo(dropped.get());
    }
  }

  @Test
  void timeThatAWorkerSleepsBetweenTwoTasksIsNeithersTime() throws Exception {
    try (var pool = ComputePool.open(ComputePoolConfig.builder().threads(1).build())) {
      long startNs = System.nanoTime();
      var worker = new AtomicReference<Thread>();
      pool.execute(TaskPriority.NORMAL, () -> worker.set(Thread.currentThread()));
      Await.eventually("it has run", () -> pool.metrics().completed() == 1);
      Await.state(worker.get(), Thread.State.WAITING);
      long restNs = System.nanoTime();
      while (System.nanoTime() - restNs < 20_000_000) {
        Thread.onSpinWait();
      }
      long restedNs = System.nanoTime() - restNs;
      pool.execute(TaskPriority.NORMAL, () -> {});
      Await.eventually("it has run", () -> pool.metrics().completed() == 2);
      long allNs = System.nanoTime() - startNs;
      assertThat(pool.metrics().totalExecutionNs()).isLessThanOrEqualTo(allNs - restedNs);
    }
  }

  @Test
  void countsAreThoseOfAllWorkersAndTheLongestTaskIsWhoseverItWas() throws Exception {
    try (var pool = ComputePool.open(ComputePools.config(2).build())) {
      Gate first = Gate.shut(pool, 1);
      Gate second = Gate.shut(pool, 1); // the other worker's
      second.open();
      Await.eventually("one has ended", () -> pool.metrics().active() == 1);
      ComputeMetrics one = pool.metrics();
      first.open();
      ComputeMetrics both = ComputePools.quiet(pool);
      assertThat(one.completed()).isEqualTo(1);
      assertThat(both.completed()).isEqualTo(2);
      assertThat(both.submitted()).isEqualTo(2);
      // The first began earlier and ended later than the second.
      long firstNs = both.totalExecutionNs() - one.totalExecutionNs();
      assertThat(firstNs).isGreaterThan(one.totalExecutionNs());
      assertThat(both.maxExecutionNs()).isEqualTo(firstNs);
      assertThat(one.maxExecutionNs()).isEqualTo(one.totalExecutionNs());
    }
  }
}
