package mill.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import mill.core.compute.ComputePool;
import mill.core.compute.ComputePoolConfig;
import mill.core.compute.TaskPriority;
import mill.testing.Await;
import org.junit.jupiter.api.Test;

/** Work that is done elsewhere: where its result arrives, its bound, the end of the loop. */
class OffloadTest {
  /** Does nothing until it is told to. */
  private static final class ByHand implements Executor {
    final Queue<Runnable> waiting = new ArrayDeque<>();

    @Override
    public void execute(Runnable work) {
      waiting.add(work);
    }

    void runNext() {
      waiting.remove().run();
    }
  }

  @Test
  void resultArrivesOnTheLoopsThread() throws Exception {
    try (var fake = FakeLoop.open().start();
        ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor()) {
      var sum = new AtomicInteger();
      var elsewhere = new AtomicBoolean();
      var arrived = new CountDownLatch(1_000);
      fake.loop.execute(() -> {
        for (int i = 1; i <= 1_000; i++) {
          int number = i;
          fake.loop
              .offload(
                  virtual,
                  () -> {
                    elsewhere.compareAndSet(false, fake.loop.isLoopThread());
                    return number;
                  })
              .thenAccept(result -> {
                elsewhere.compareAndSet(false, !fake.loop.isLoopThread());
                sum.addAndGet(result);
                arrived.countDown();
              })
              .exceptionally(OffloadTest::unexpected);
        }
      });
      Await.await(arrived);
      assertThat(sum).hasValue(500_500);
      assertThat(elsewhere).as("on the wrong thread").isFalse();
    }
  }

  private static Void unexpected(Throwable thrown) {
    throw new AssertionError(thrown);
  }

  @Test
  void resultArrivesAlsoWhileTheTaskQueueIsFull() throws Exception {
    try (var fake = FakeLoop.open(LoopConfig.builder().taskQueueCapacity(1))) {
      var byHand = new ByHand();
      CompletableFuture<String> future = fake.loop.offload(byHand, () -> "done");
      fake.loop.execute(() -> {});
      assertThatThrownBy(() -> fake.loop.execute(() -> {}))
          .isInstanceOf(RejectedExecutionException.class);
      byHand.runNext();
      assertThat(future).isNotDone();
      fake.start();
      assertThat(future.get(Await.PATIENCE_NS, TimeUnit.NANOSECONDS)).isEqualTo("done");
    }
  }

  @Test
  void throwingWorkFailsItsFuture() throws Exception {
    try (var fake = FakeLoop.open().start()) {
      var planned = new AssertionError("planned");
      CompletableFuture<Object> future =
          fake.loop.offload(
              Runnable::run,
              () -> {
                throw planned;
              });
      assertThatThrownBy(() -> future.get(Await.PATIENCE_NS, TimeUnit.NANOSECONDS))
          .hasCause(planned);
    }
  }

  @Test
  void moreThanTheBoundIsRefusedAndSaysWhatToDo() throws Exception {
    try (var fake = FakeLoop.open(LoopConfig.builder().maxOffloads(2)).start()) {
      var byHand = new ByHand();
      CompletableFuture<Integer> first = fake.loop.offload(byHand, () -> 1);
      fake.loop.offload(byHand, () -> 2).cancel(true);
      assertThatThrownBy(() -> fake.loop.offload(byHand, () -> 3))
          .isInstanceOf(RejectedExecutionException.class)
          .hasMessageContaining("2 pieces of work")
          .hasMessageContaining("maxOffloads");
      assertThat(byHand.waiting).hasSize(2);
      byHand.runNext();
      assertThat(first.get(Await.PATIENCE_NS, TimeUnit.NANOSECONDS)).isEqualTo(1);
      fake.loop.offload(byHand, () -> 4).cancel(true); // there is a place again
    }
  }

  @Test
  void refusalOfTheExecutorReachesTheCallerAndFreesThePlace() throws Exception {
    try (var fake = FakeLoop.open(LoopConfig.builder().maxOffloads(1)).start()) {
      var planned = new RejectedExecutionException("planned");
      Executor refusing =
          work -> {
            throw planned;
          };
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> fake.loop.offload(refusing, () -> 1)).isSameAs(planned);
      }
    }
  }

  @Test
  void cancelledWorkThatHasNotBegunIsNotDone() throws Exception {
    try (var fake = FakeLoop.open(LoopConfig.builder().maxOffloads(1)).start()) {
      var byHand = new ByHand();
      var done = new AtomicInteger();
      CompletableFuture<Integer> future = fake.loop.offload(byHand, done::incrementAndGet);
      assertThat(future.cancel(false)).isTrue();
      byHand.runNext();
      fake.settle();
      assertThat(done).hasValue(0);
      fake.loop.offload(Runnable::run, done::incrementAndGet).get(30, TimeUnit.SECONDS);
      assertThat(done).hasValue(1);
    }
  }

  @Test
  void endOfTheLoopFailsWhatIsStillOut() throws Exception {
    var byHand = new ByHand();
    CompletableFuture<Integer> out;
    CompletableFuture<Integer> late;
    try (var fake = FakeLoop.open().start()) {
      out = fake.loop.offload(byHand, () -> 1);
      fake.stopAndJoin();
      assertThatThrownBy(() -> out.get(30, TimeUnit.SECONDS))
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(RejectedExecutionException.class)
          .hasMessageContaining("the loop has ended");
      byHand.runNext(); // its result has nowhere to go, and nobody waits
      late = fake.loop.offload(Runnable::run, () -> 2);
      assertThatThrownBy(() -> late.get(30, TimeUnit.SECONDS))
          .hasCauseInstanceOf(RejectedExecutionException.class);
    }
  }

  @Test
  void shutdownWaitsForWorkAndDeliversItsResult() throws Exception {
    try (var fake = FakeLoop.open().start()) {
      var release = new CountDownLatch(1);
      List<Integer> results = new ArrayList<>();
      try (ExecutorService pool = Executors.newSingleThreadExecutor()) {
        CompletableFuture<Void> delivered =
            fake.loop
                .offload(
                    pool,
                    () -> {
                      Await.await(release);
                      return 42;
                    })
                .thenAccept(results::add);
        CompletableFuture<ShutdownReport> report =
            fake.loop.shutdown(Duration.ofMinutes(1)).toCompletableFuture();
        fake.settle();
        assertThat(report).isNotDone();
        release.countDown();
        assertThat(Await.outcomeOf(report).inTime()).isTrue();
        assertThat(delivered).isCompleted();
      }
      assertThat(results).containsExactly(42);
    }
  }

  @Test
  void shutdownThatIsOutOfTimeCountsTheWorkItGaveUp() throws IOException {
    try (var fake = FakeLoop.openVirtual(LoopConfig.builder()).start()) {
      CompletableFuture<Integer> never = fake.loop.offload(new ByHand(), () -> 1);
      CompletableFuture<ShutdownReport> stage =
          fake.loop.shutdown(Duration.ofNanos(100)).toCompletableFuture();
      fake.settle();
      fake.platform.advance(100);
      ShutdownReport report = Await.outcomeOf(stage);
      assertThat(report.offloadsAbandoned()).isEqualTo(1);
      assertThat(report.inTime()).isFalse();
      assertThat(never).isCompletedExceptionally();
    }
  }

  @Test
  void poolsPriorityIsAnExecutorToo() throws Exception {
    try (var fake = FakeLoop.open().start();
        ComputePool pool = ComputePool.open()) {
      CompletableFuture<String> where =
          fake.loop.offload(pool.at(TaskPriority.HIGH), () -> Thread.currentThread().getName());
      assertThat(Await.outcomeOf(where)).startsWith(pool.config().name());
    }
  }

  @Test
  void workThatItsPoolAbandonsFailsOnTheLoopsThreadAndFreesThePlace() throws Exception {
    var oneThread = ComputePoolConfig.builder().threads(1).build();
    try (var fake = FakeLoop.open(LoopConfig.builder().maxOffloads(1)).start();
        ComputePool pool = ComputePool.open(oneThread)) {
      var busy = new CountDownLatch(1);
      pool.execute(() -> {
        busy.countDown();
        try {
          new CountDownLatch(1).await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      });
      Await.await(busy);
      var onLoop = new AtomicBoolean();
      CompletableFuture<Boolean> told = new CompletableFuture<>();
      fake.loop.execute(() -> {
        CompletableFuture<Integer> future = fake.loop.offload(pool, () -> 1);
        CompletableFuture<Integer> watched =
            future.whenComplete((result, failure) -> {
              onLoop.set(fake.loop.isLoopThread());
              told.complete(failure instanceof CancellationException);
            });
        assertThat(watched).isNotDone();
      });
      fake.settle();
      pool.shutdown(Duration.ZERO);
      assertThat(Await.outcomeOf(told)).isTrue();
      assertThat(onLoop).isTrue();
      assertThat(Await.outcomeOf(fake.loop.offload(Runnable::run, () -> 2))).isEqualTo(2);
    }
  }
}
