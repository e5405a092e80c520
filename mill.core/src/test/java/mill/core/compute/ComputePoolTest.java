package mill.core.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import mill.core.FakeLoop;
import mill.core.compute.ComputePools.Gate;
import mill.core.snippets.ComputePoolSnippets;
import mill.testing.Await;
import mill.testing.Threads;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Order and bounds of the compute pool. */
class ComputePoolTest {
  @Test
  void oneWorkerServesHigherPrioritiesFirstAndEachInItsOrder() {
    var order = new ArrayList<String>();
    try (var pool = ComputePool.open(ComputePools.config(1).build())) {
      var gate = Gate.shut(pool, 1);
      for (TaskPriority priority : TaskPriority.values()) {
        pool.execute(priority, () -> order.add(priority + " 1"));
        var _ = pool.submit(priority, () -> order.add(priority + " 2"));
      }
      pool.execute(() -> order.add("NORMAL 3"));
      var _ = pool.submit(() -> order.add("NORMAL 4"));
      gate.open();
    }
    assertThat(order)
        .containsExactly(
            "CRITICAL 1",
            "CRITICAL 2",
            "HIGH 1",
            "HIGH 2",
            "NORMAL 1",
            "NORMAL 2",
            "NORMAL 3",
            "NORMAL 4",
            "LOW 1",
            "LOW 2");
  }

  @Test
  void lowIsServedAfterExactlyTheAgeingLimitAlthoughHigherWorkKeepsComing() {
    var order = new ArrayList<String>();
    var left = new AtomicInteger(20);
    try (var pool = ComputePool.open(ComputePools.config(1).ageingLimit(5).build())) {
      var gate = Gate.shut(pool, 1);
      pool.execute(TaskPriority.LOW, () -> order.add("low"));
      pool.execute(TaskPriority.LOW, () -> order.add("low"));
      var again = new Runnable[1];
      again[0] =
          () -> {
            order.add("high");
            if (left.decrementAndGet() > 0) {
              pool.execute(TaskPriority.HIGH, again[0]); // there is always one
            }
          };
      pool.execute(TaskPriority.HIGH, again[0]);
      gate.open();
      ComputePools.quiet(pool);
    }
    var expected = new ArrayList<>(Collections.nCopies(20, "high"));
    expected.add(10, "low");
    expected.add(5, "low");
    assertThat(order).isEqualTo(expected);
  }

  @Test
  void workersRunTasksBesideEachOtherOnDaemonThreadsOfThePoolsName() {
    var barrier = new CyclicBarrier(3);
    var names = new CopyOnWriteArrayList<String>();
    try (var pool = ComputePool.open(ComputePools.config(3).name("loom").build())) {
      var futures = new ArrayList<CompletableFuture<Boolean>>();
      for (int i = 0; i < 3; i++) {
        futures.add(
            pool.submit(() -> {
              barrier.await();
              names.add(Thread.currentThread().getName());
              return Thread.currentThread().isDaemon() && !Thread.currentThread().isVirtual();
            }));
      }
      assertThat(futures).allMatch(CompletableFuture::join);
    }
    assertThat(names).containsExactlyInAnyOrder("loom-0", "loom-1", "loom-2");
  }

  @ParameterizedTest
  @EnumSource(TaskPriority.class)
  void fullPriorityRefusesWithItsNameAndBoundAndTheOthersAreNotTouched(TaskPriority full) {
    try (var pool = ComputePool.open(ComputePools.config(1).queueCapacity(5).build())) {
      var gate = Gate.shut(pool, 1);
      var ran = new AtomicInteger();
      for (int i = 0; i < 5; i++) {
        pool.execute(full, ran::incrementAndGet);
      }
      assertThatThrownBy(() -> pool.execute(full, ran::incrementAndGet))
          .isInstanceOf(RejectedExecutionException.class)
          .hasMessage(
              "5 %s tasks wait already in pool pool: submit more slowly or raise queueCapacity",
              full);
      assertThatThrownBy(() -> pool.submit(full, ran::incrementAndGet))
          .isInstanceOf(RejectedExecutionException.class);
      for (TaskPriority other : TaskPriority.values()) {
        if (other != full) {
          pool.execute(other, ran::incrementAndGet);
        }
        assertThat(pool.metrics().queued(other)).isEqualTo(other == full ? 5 : 1);
      }
      assertThat(pool.metrics().queued()).isEqualTo(8);
      gate.open();
      ComputeMetrics end = ComputePools.quiet(pool);
      assertThat(ran).hasValue(8);
      assertThat(end.submitted()).isEqualTo(11);
      assertThat(end.rejected()).isEqualTo(2);
      assertThat(end.completed()).isEqualTo(9);
    }
  }

  @Test
  void missingTaskOrPriorityIsRefusedAndNotCounted() {
    try (var pool = ComputePool.open(ComputePools.config(1).build())) {
      assertThatNullPointerException().isThrownBy(() -> pool.execute(null)).withMessage("task");
      assertThatNullPointerException()
          .isThrownBy(() -> pool.execute(null, () -> {}))
          .withMessage("priority");
      assertThatNullPointerException().isThrownBy(() -> pool.submit(null)).withMessage("work");
      assertThat(pool.metrics().submitted()).isZero();
    }
  }

  @Test
  void futureGetsWhatTheWorkReturnsNullToo() {
    try (var pool = ComputePool.open(ComputePools.config(2).build())) {
      assertThat(pool.submit(TaskPriority.LOW, () -> 42).join()).isEqualTo(42);
      assertThat(pool.<Object>submit(() -> null).join()).isNull();
      assertThat(CompletableFuture.supplyAsync(() -> "any executor will do", pool).join())
          .isEqualTo("any executor will do");
    }
  }

  @Test
  void resultComesBackOnTheLoop() throws Exception {
    try (var fake = FakeLoop.open().start();
        var pool = ComputePool.open(ComputePools.config(1).build())) {
      CompletableFuture<Boolean> onLoop =
          pool.submit(TaskPriority.HIGH, () -> 42)
              .thenApplyAsync(result -> result == 42 && fake.loop.isLoopThread(), fake.loop);
      assertThat(onLoop.join()).isTrue();
    }
  }

  @Test
  void callbackThatTheLoopRefusesFailsItsOwnStageAndNothingElse() throws Exception {
    try (var fake = FakeLoop.open().start();
        var pool = ComputePool.open(ComputePools.config(1).build())) {
      fake.stopAndJoin();
      CompletableFuture<Integer> work = pool.submit(() -> 42);
      CompletableFuture<Integer> callback =
          work.whenCompleteAsync((result, failure) -> {}, fake.loop);
      assertThatThrownBy(callback::join)
          .isInstanceOf(CompletionException.class)
          .hasCauseInstanceOf(RejectedExecutionException.class);
      assertThat(work.join()).isEqualTo(42);
      ComputeMetrics end = ComputePools.quiet(pool);
      assertThat(end.completed()).isEqualTo(1);
      assertThat(end.failed()).isZero();
    }
  }

  @Test
  void exampleOfTheDocumentationRuns() throws Exception {
    var done =
        Await.inBackground(
            "example",
            () -> {
              ComputePoolSnippets.main(new String[0]);
              return "done";
            });
    assertThat(Await.outcome(done)).isEqualTo("done");
  }

  @Test
  void taskWhoseFutureIsDoneBeforeDoesNotRunAndIsCountedAsCancelledWhenItsTurnComes() {
    try (var pool = ComputePool.open(ComputePools.config(1).build())) {
      var gate = Gate.shut(pool, 1);
      var ran = new AtomicInteger();
      CompletableFuture<Integer> cancelled = pool.submit(ran::incrementAndGet);
      CompletableFuture<Integer> completed = pool.submit(ran::incrementAndGet);
      assertThat(cancelled.cancel(true)).isTrue();
      assertThat(completed.complete(7)).isTrue();
      assertThat(pool.metrics().cancelled()).isZero();
      assertThat(pool.metrics().queuedNormal()).isEqualTo(2);
      gate.open();
      ComputeMetrics end = ComputePools.quiet(pool);
      assertThat(end.cancelled()).isEqualTo(2);
      assertThat(end.completed()).as("the gate").isEqualTo(1);
      assertThat(ran).hasValue(0);
      assertThatThrownBy(cancelled::join).isInstanceOf(CancellationException.class);
    }
  }

  @Test
  void cancellingATaskThatRunsDoesNotInterruptIt() throws Exception {
    try (var pool = ComputePool.open(ComputePools.config(1).build())) {
      var entered = new CountDownLatch(1);
      var release = new CountDownLatch(1);
      var interrupted = new CompletableFuture<Boolean>();
      CompletableFuture<Void> work =
          pool.submit(() -> {
            entered.countDown();
            Await.await(release);
            interrupted.complete(Thread.currentThread().isInterrupted());
            return null;
          });
      Await.await(entered);
      work.cancel(true);
      release.countDown();
      assertThat(interrupted.get()).isFalse();
      assertThat(ComputePools.quiet(pool).completed()).isEqualTo(1);
    }
  }

  @Test
  void tasksOfOneSubmitterAndPriorityBeginInTheirOrderWithManySubmitters() throws Exception {
    int each = 2_000;
    List<List<Integer>> seen = new CopyOnWriteArrayList<>();
    try (var pool = ComputePool.open(ComputePools.config(1).build())) {
      Threads.together(
          4,
          () -> {
            List<Integer> mine = new ArrayList<>();
            seen.add(mine);
            for (int i = 0; i < each; i++) {
              int number = i;
              pool.execute(() -> mine.add(number));
            }
          });
    }
    assertThat(seen).hasSize(4).allMatch(mine -> mine.size() == each);
    assertThat(seen).allSatisfy(mine -> assertThat(mine).isSorted());
  }

  // A wake-up that is lost leaves a task lying although a worker sleeps.
  @Test
  void everyTaskFindsAWorkerAlthoughWorkersFallAsleepAllTheTime() throws Exception {
    try (var pool = ComputePool.open(ComputePools.config(2).build())) {
      Threads.together(
          2,
          () -> {
            for (int i = 0; i < 5_000; i++) {
              pool.submit(() -> 1).get(Await.PATIENCE_NS, TimeUnit.NANOSECONDS);
            }
          });
      assertThat(ComputePools.quiet(pool).completed()).isEqualTo(10_000);
    }
  }
}
