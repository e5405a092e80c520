package mill.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
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
import java.util.function.Consumer;
import mill.core.compute.ComputePool;
import mill.core.compute.ComputePoolConfig;
import mill.core.compute.TaskPriority;
import mill.testing.Await;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

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
      CompletableFuture<Integer> second = fake.loop.offload(byHand, () -> 2);
      assertThatThrownBy(() -> fake.loop.offload(byHand, () -> 3))
          .isInstanceOf(RejectedExecutionException.class)
          .hasMessageContaining("2 pieces of work")
          .hasMessageContaining("maxOffloads");
      assertThat(byHand.waiting).hasSize(2);
      byHand.runNext();
      assertThat(first.get(Await.PATIENCE_NS, TimeUnit.NANOSECONDS)).isEqualTo(1);
      fake.loop.offload(byHand, () -> 4).cancel(true); // there is a place again
      assertThat(second).isNotDone();
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
    try (var fake = FakeLoop.open().start()) {
      CompletableFuture<Integer> out = fake.loop.offload(byHand, () -> 1);
      fake.stopAndJoin();
      assertThatThrownBy(() -> out.get(30, TimeUnit.SECONDS))
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(RejectedExecutionException.class)
          .hasMessageContaining("the loop has ended");
      byHand.runNext(); // its result has nowhere to go, and nobody waits
      assertThatThrownBy(() -> fake.loop.offload(byHand, () -> 2))
          .isInstanceOf(RejectedExecutionException.class)
          .hasMessageContaining("the loop has ended");
      assertThat(byHand.waiting).as("refused before the executor has it").isEmpty();
    }
  }

  /** Everything that completes a future, on the loop's thread and on another one. */
  enum Completer {
    CANCEL(future -> future.cancel(true)),
    COMPLETE(future -> future.complete(7)),
    COMPLETE_EXCEPTIONALLY(future -> future.completeExceptionally(new IOException("planned"))),
    COMPLETE_ASYNC(future -> future.completeAsync(() -> 7)),
    COMPLETE_ASYNC_THROWING(future ->
        future.completeAsync(() -> {
          throw new IllegalStateException("planned");
        })),
    OR_TIMEOUT(future -> future.orTimeout(1, TimeUnit.NANOSECONDS)),
    COMPLETE_ON_TIMEOUT(future -> future.completeOnTimeout(7, 1, TimeUnit.NANOSECONDS));

    @SuppressWarnings("ImmutableEnumChecker") // a lambda without state
    private final Consumer<CompletableFuture<Integer>> how;

    Completer(Consumer<CompletableFuture<Integer>> how) {
      this.how = how;
    }
  }

  @ParameterizedTest
  @EnumSource(Completer.class)
  void whoeverCompletesTheFutureItIsDoneOnTheLoopsThreadAndFreesThePlace(Completer completer)
      throws Exception {
    try (var fake = FakeLoop.open(LoopConfig.builder().maxOffloads(1)).start()) {
      var byHand = new ByHand();
      var done = new AtomicInteger();
      var where = new CompletableFuture<Boolean>();
      CompletableFuture<Integer> future = fake.loop.offload(byHand, done::incrementAndGet);
      CountDownLatch held = LoopRunner.hold(fake.loop);
      var _ = future.whenComplete((result, thrown) -> where.complete(fake.loop.isLoopThread()));
      completer.how.accept(future);
      held.countDown();
      assertThat(Await.outcomeOf(where)).as("on the loop's thread").isTrue();
      fake.settle();
      assertThat(fake.loop.metrics().offloads().outstanding()).isZero();
      byHand.runNext();
      fake.settle();
      assertThat(done).as("what nobody wants is not done").hasValue(0);
      assertThat(future.isCompletedExceptionally())
          .isEqualTo(
              !Set.of(Completer.COMPLETE, Completer.COMPLETE_ASYNC, Completer.COMPLETE_ON_TIMEOUT)
                  .contains(completer));
    }
  }

  @Test
  void cancelledOnTheLoopsThreadIsDoneAtOnce() throws Exception {
    try (var fake = FakeLoop.open(LoopConfig.builder().maxOffloads(1)).start()) {
      var cancelled = new CompletableFuture<Boolean>();
      fake.loop.execute(() -> {
        CompletableFuture<Integer> first = fake.loop.offload(new ByHand(), () -> 1);
        boolean told = first.cancel(false);
        CompletableFuture<Integer> second = fake.loop.offload(new ByHand(), () -> 2);
        cancelled.complete(told && first.isCancelled() && !second.isDone());
        second.cancel(false);
      });
      assertThat(Await.outcomeOf(cancelled)).isTrue();
    }
  }

  @Test
  void shutdownDoesNotWaitForCancelledWork() throws Exception {
    try (var fake = FakeLoop.open().start()) {
      fake.loop.offload(new ByHand(), () -> 1).cancel(true);
      ShutdownReport report = Await.outcomeOf(fake.loop.shutdown(Duration.ofMinutes(10)));
      assertThat(report.inTime()).isTrue();
      assertThat(report.offloadsAbandoned()).isZero();
    }
  }

  @Test
  void resultThatWaitsAsTheLoopIsStoppedIsDelivered() throws Exception {
    try (var fake = FakeLoop.open().start()) {
      var byHand = new ByHand();
      CompletableFuture<Integer> future = fake.loop.offload(byHand, () -> 1);
      CountDownLatch held = LoopRunner.hold(fake.loop);
      byHand.runNext();
      fake.loop.stop();
      held.countDown();
      assertThat(Await.outcomeOf(future)).isEqualTo(1);
    }
  }

  @Test
  void resultCannotBeChanged() throws Exception {
    try (var fake = FakeLoop.open().start()) {
      CompletableFuture<Integer> future = fake.loop.offload(Runnable::run, () -> 1);
      assertThat(Await.outcomeOf(future)).isEqualTo(1);
      assertThatThrownBy(() -> future.obtrudeValue(2))
          .isInstanceOf(UnsupportedOperationException.class);
      assertThatThrownBy(() -> future.obtrudeException(new IOException()))
          .isInstanceOf(UnsupportedOperationException.class);
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

  /** Promise 14: not by identity, which would be another order in each run. */
  @Test
  void workThatIsNotDoneIsGivenUpInTheOrderInWhichItWasHandedOver() throws Exception {
    var order = new ArrayList<Integer>();
    var byHand = new ByHand();
    try (var fake = FakeLoop.open()) {
      for (int i = 0; i < 50; i++) {
        int number = i;
        var _ =
            fake.loop
                .offload(byHand, () -> number)
                .whenComplete((done, thrown) -> order.add(thrown == null ? -number : number));
      }
      // The first, one in the middle and the last are done already.
      fake.loop.execute(fake.loop::stop);
      List<Runnable> work = List.copyOf(byHand.waiting);
      for (int i : new int[] {49, 20, 0}) {
        work.get(i).run();
      }
      fake.start().runner().join();
    }
    var expected = new ArrayList<>(List.of(-49, -20, 0));
    for (int i = 1; i < 49; i++) {
      if (i != 20) {
        expected.add(i);
      }
    }
    assertThat(order).isEqualTo(expected);
  }
}
