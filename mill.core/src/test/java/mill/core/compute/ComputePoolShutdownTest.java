package mill.core.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import mill.core.compute.ComputePools.Gate;
import mill.natives.CurrentPlatform;
import mill.testing.Await;
import mill.testing.ChildJvm;
import mill.testing.Threads;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How a pool ends, from wherever it is told to. */
class ComputePoolShutdownTest {
  private static final Duration LONG = Duration.ofNanos(Await.PATIENCE_NS);

  private static ComputePool open(int threads) {
    return ComputePool.open(ComputePools.config(threads).build());
  }

  private static void assertRefuses(ComputePool pool) {
    assertThatThrownBy(() -> pool.execute(() -> {}))
        .isInstanceOf(RejectedExecutionException.class)
        .hasMessage("pool pool is closed and takes no more tasks");
  }

  @Test
  void closeRunsWhatWasAcceptedRefusesTheRestAndEndsTheThreads() throws Exception {
    var ran = new AtomicInteger();
    var pool = open(2);
    var gate = Gate.shut(pool, 2);
    for (int i = 0; i < 100; i++) {
      pool.execute(ComputePools.priority(i), ran::incrementAndGet);
    }
    var returned = new CountDownLatch(1);
    var closing =
        Await.inBackground(
            "closing",
            () -> {
              pool.close();
              returned.countDown();
              return gate.workers.stream().noneMatch(Thread::isAlive);
            });
    assertThat(Await.happensInAMoment(returned)).isFalse();
    assertRefuses(pool);
    gate.open();
    assertThat(Await.outcome(closing)).as("the threads have ended").isTrue();
    assertThat(ran).hasValue(100);
    pool.close();
    ComputeMetrics end = pool.metrics();
    assertThat(end.completed()).isEqualTo(102);
    assertThat(end.rejected()).isEqualTo(1);
    assertThat(end.active() + end.queued() + end.abandoned()).isZero();
  }

  @Test
  void shutdownOfAnIdlePoolReturnsAtOnceAndCanBeRepeated() {
    var pool = open(3);
    assertThat(pool.submit(() -> 1).join()).isEqualTo(1);
    ComputePools.quiet(pool);
    var nothing = new ComputeShutdownReport(0, 0, List.of(), 0);
    assertThat(pool.shutdown(Duration.ofSeconds(Long.MAX_VALUE))).isEqualTo(nothing);
    assertThat(pool.shutdown(Duration.ZERO)).isEqualTo(nothing);
    assertThat(nothing.isDrained()).isTrue();
    pool.close();
    assertRefuses(pool);
  }

  @Test
  void negativeTimeoutIsRefusedAndThePoolIsOpen() {
    try (var pool = open(1)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> pool.shutdown(Duration.ofNanos(-1)))
          .withMessageContaining("not be negative");
      assertThat(pool.submit(() -> 1).join()).isEqualTo(1);
    }
  }

  @Test
  void shutdownWorksThroughWhatWasAcceptedAndReportsIt() throws Exception {
    var pool = open(1);
    pool.execute(() -> {});
    var gate = Gate.shut(pool, 1);
    pool.execute(() -> {});
    CompletableFuture<Integer> last = pool.submit(TaskPriority.LOW, () -> 42);
    var report = Await.inBackground("shutdown", () -> pool.shutdown(LONG));
    gate.open();
    assertThat(last.join()).isEqualTo(42);
    assertThat(Await.outcome(report).isDrained()).isTrue();
    assertThat(pool.metrics().completed()).isEqualTo(4);
    assertThat(pool.metrics().abandoned()).isZero();
  }

  @Test
  void timeThatHasPassedAbandonsWhatWaitsAndInterruptsWhatRuns() throws Exception {
    var pool = open(1);
    var entered = new CountDownLatch(1);
    CompletableFuture<Void> running =
        pool.submit(() -> {
          entered.countDown();
          new CountDownLatch(1).await();
          return null;
        });
    Await.await(entered);
    Runnable low = () -> {};
    Runnable high = () -> {};
    pool.execute(TaskPriority.LOW, low);
    pool.execute(TaskPriority.HIGH, high);
    CompletableFuture<Integer> waiting = pool.submit(() -> 42);
    CompletableFuture<Integer> cancelled = pool.submit(() -> 42);
    cancelled.cancel(false);
    long start = System.nanoTime();
    ComputeShutdownReport report = pool.shutdown(Duration.ofMillis(20));
    assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(20_000_000);
    assertThat(report.abandoned()).isEqualTo(3);
    assertThat(report.abandonedRunnables()).containsExactly(high, low);
    assertThat(report.isDrained()).isFalse();
    assertThatThrownBy(running::join).hasCauseInstanceOf(InterruptedException.class);
    assertThat(waiting.isCancelled()).isTrue();
    Throwable reason = waiting.handle((result, failure) -> failure).join();
    assertThat(reason)
        .isInstanceOf(CancellationException.class)
        .hasMessage("the task was waiting when the time of the shutdown of pool pool ended");
    pool.close();
    assertThat(pool.shutdown(Duration.ZERO))
        .isEqualTo(new ComputeShutdownReport(2, 3, List.of(high, low), 0));
    ComputeMetrics end = pool.metrics();
    assertThat(end.failed()).isEqualTo(1);
    assertThat(end.cancelled()).isEqualTo(1);
    assertThat(end.abandoned()).isEqualTo(3);
    assertThat(end.submitted()).isEqualTo(5);
  }

  @Test
  void taskThatDoesNotCareIsReportedAsRunningAndCloseWaitsForIt() throws Exception {
    var pool = open(1);
    var gate = Gate.shut(pool, 1);
    ComputeShutdownReport report = pool.shutdown(Duration.ZERO);
    assertThat(report).isEqualTo(new ComputeShutdownReport(0, 0, List.of(), 1));
    assertThat(report.isDrained()).isFalse();
    var closing =
        Await.inBackground(
            "closing",
            () -> {
              pool.close();
              return gate.workers.getFirst().isAlive();
            });
    gate.open();
    assertThat(Await.outcome(closing)).isFalse();
    assertThat(pool.shutdown(Duration.ZERO).ended()).isEqualTo(1);
  }

  @Test
  void theTimeThatEndsFirstCountsForAll() throws Exception {
    var pool = open(1);
    var gate = Gate.shut(pool, 1);
    pool.execute(() -> {});
    var patient = Await.inBackground("patient", () -> pool.shutdown(LONG));
    var closing =
        Await.inBackground(
            "closing",
            () -> {
              pool.close();
              return pool.metrics();
            });
    assertThat(pool.shutdown(Duration.ofMillis(1)).abandoned()).isEqualTo(1);
    assertThat(Await.outcome(patient).abandoned()).isEqualTo(1);
    assertThat(closing.isDone()).as("close waits for what runs").isFalse();
    gate.open();
    assertThat(Await.outcome(closing).abandoned()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void interruptEndsThePatienceOfTheCallerAndIsPassedOn(boolean close) throws Exception {
    var pool = open(1);
    var entered = new CountDownLatch(1);
    CompletableFuture<Void> running =
        pool.submit(() -> {
          entered.countDown();
          new CountDownLatch(1).await();
          return null;
        });
    Await.await(entered);
    CompletableFuture<Integer> waiting = pool.submit(() -> 42);
    var ending =
        Await.inBackground(
            "ending",
            () -> {
              Thread.currentThread().interrupt();
              if (close) {
                pool.close();
              } else {
                pool.shutdown(LONG);
              }
              return Thread.interrupted();
            });
    assertThat(Await.outcome(ending)).as("the flag is set").isTrue();
    assertThatThrownBy(running::join).hasCauseInstanceOf(InterruptedException.class);
    assertThat(waiting.isCancelled()).isTrue();
    pool.close();
    assertThat(pool.metrics().abandoned()).isEqualTo(1);
  }

  @Test
  void closeByOneOfItsOwnTasksReturnsAtOnceAndTheRestStillRuns() throws Exception {
    var pool = open(2);
    var ran = new AtomicInteger();
    var gate = Gate.shut(pool, 2);
    CompletableFuture<Integer> first =
        pool.submit(
            TaskPriority.HIGH,
            () -> {
              pool.close();
              return ran.get();
            });
    CompletableFuture<Integer> second =
        pool.submit(
            TaskPriority.HIGH,
            () -> {
              pool.close();
              return ran.get();
            });
    for (int i = 0; i < 10; i++) {
      pool.execute(TaskPriority.LOW, ran::incrementAndGet);
    }
    gate.open();
    assertThat(first.join()).isLessThanOrEqualTo(10);
    assertThat(second.join()).isLessThanOrEqualTo(10);
    pool.close();
    assertThat(ran).hasValue(10);
    assertThat(gate.workers).noneMatch(Thread::isAlive);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void shutdownByOneOfItsOwnTasksReturnsAtOnceAndTheShorterTimeCountsAllTheSame(
      boolean shorterFirst) throws Exception {
    var brief = Duration.ofMillis(20);
    var veryLong = Duration.ofHours(1);
    var pool = open(2);
    var entered = new CountDownLatch(1);
    CompletableFuture<Throwable> other =
        pool.submit(
                () -> {
                  entered.countDown();
                  new CountDownLatch(1).await();
                  return null;
                })
            .handle((result, failure) -> failure);
    Await.await(entered);
    CompletableFuture<ComputeShutdownReport> report =
        pool.submit(() -> {
          var _ = pool.shutdown(shorterFirst ? brief : veryLong);
          return pool.shutdown(shorterFirst ? veryLong : brief);
        });
    assertThat(report.get(Await.PATIENCE_NS, TimeUnit.NANOSECONDS).abandoned()).isZero();
    assertThat(other.get(Await.PATIENCE_NS, TimeUnit.NANOSECONDS))
        .as("the other task is interrupted")
        .isInstanceOf(InterruptedException.class);
    pool.close();
    long start = System.nanoTime();
    while (threadsNamed("pool-shutdown") > 0) {
      assertThat(System.nanoTime() - start).isLessThan(Await.PATIENCE_NS);
      Thread.onSpinWait();
    }
    assertThat(pool.metrics().failed()).isEqualTo(1);
  }

  @Test
  void zeroShutdownByOneOfItsOwnTasksInterruptsTheOthersAndNotItself() throws Exception {
    var pool = open(2);
    var entered = new CountDownLatch(1);
    CompletableFuture<Void> other =
        pool.submit(() -> {
          entered.countDown();
          new CountDownLatch(1).await();
          return null;
        });
    Await.await(entered);
    CompletableFuture<Boolean> itself =
        pool.submit(() -> {
          pool.execute(() -> {});
          ComputeShutdownReport report = pool.shutdown(Duration.ZERO);
          return report.abandoned() == 1 && !Thread.currentThread().isInterrupted();
        });
    assertThat(itself.join()).isTrue();
    assertThatThrownBy(other::join).hasCauseInstanceOf(InterruptedException.class);
    pool.close();
  }

  @Test
  void everyTaskIsRunRefusedOrAbandonedWhenShutdownComesInTheMiddle() throws Exception {
    for (int round = 0; round < 50; round++) {
      var pool = open(2);
      var ran = new AtomicInteger();
      var refused = new AtomicInteger();
      var accepted = new AtomicInteger();
      Threads.together(
          3,
          () -> {
            for (int i = 0; i < 300; i++) {
              if (i == 200) {
                pool.shutdown(Duration.ZERO);
              }
              try {
                pool.execute(ComputePools.priority(i), ran::incrementAndGet);
                accepted.incrementAndGet();
              } catch (RejectedExecutionException e) {
                refused.incrementAndGet();
              }
            }
          });
      pool.close();
      ComputeShutdownReport report = pool.shutdown(Duration.ZERO);
      ComputeMetrics end = pool.metrics();
      assertThat(end.submitted()).isEqualTo(900);
      assertThat(end.rejected()).isEqualTo(refused.get());
      assertThat(end.completed()).isEqualTo(ran.get());
      assertThat(ran.get() + report.abandoned()).isEqualTo(accepted.get());
      assertThat(report.abandonedRunnables()).hasSize(report.abandoned());
      assertThat(report.running()).isZero();
    }
  }

  @Test
  void threadsAreBackAtTheBaselineWheneverCloseReturns() {
    for (int round = 0; round < 100; round++) {
      try (var pool = ComputePool.open(ComputePools.config(4).name("baseline").build())) {
        for (int i = 0; i < round % 5; i++) {
          pool.execute(() -> {});
        }
      }
      assertThat(threadsNamed("baseline")).isZero();
    }
  }

  @Test
  void threadsThatWereStartedEndWhenOneCannotBeStarted() throws Exception {
    var threads = new ArrayList<Thread>();
    var config = ComputePools.config(3).build();
    assertThatThrownBy(() ->
            new ComputePool(
                config,
                CurrentPlatform.threads(),
                work -> {
                  threads.add(threads.size() < 2 ? new Thread(work) : new NeverStarted(work));
                  return threads.getLast();
                }))
        .isInstanceOf(OutOfMemoryError.class);
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(threads).hasSize(3).noneMatch(Thread::isAlive);
  }

  private static final class NeverStarted extends Thread {
    NeverStarted(Runnable work) {
      super(work);
    }

    @Override
    public void start() {
      throw new OutOfMemoryError("planned: no thread left");
    }
  }

  @Test
  void shutdownHookEndsAPoolOneOfWhoseTasksHasCalledExit() throws Exception {
    ChildJvm.Outcome outcome = ChildJvm.of(ExitProgram.class).run();
    assertThat(outcome.exitCode()).as("%s", outcome).isEqualTo(7);
    assertThat(outcome.out()).contains("completed 3, running 1, abandoned 0");
  }

  /** A task calls {@code System.exit} and a hook closes the pool. */
  static final class ExitProgram {
    private ExitProgram() {}

    public static void main(String[] args) throws Exception {
      var pool = open(2);
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread(() -> {
                for (int i = 0; i < 3; i++) {
                  pool.execute(() -> {});
                }
                // A second worker is free for them.
                ComputeShutdownReport report = pool.shutdown(Duration.ofMillis(500));
                System.out.printf(
                    "completed %d, running %d, abandoned %d%n",
                    pool.metrics().completed(), report.running(), report.abandoned());
              }));
      pool.execute(() -> System.exit(7));
      new CountDownLatch(1).await();
    }
  }

  private static int threadsNamed(String prefix) {
    var threads = new Thread[Thread.activeCount() + 100];
    int count = Thread.enumerate(threads);
    int found = 0;
    for (int i = 0; i < count; i++) {
      found += threads[i].getName().startsWith(prefix) ? 1 : 0;
    }
    return found;
  }
}
