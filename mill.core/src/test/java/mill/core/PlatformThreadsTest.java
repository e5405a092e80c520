package mill.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import mill.core.compute.ComputePool;
import mill.core.compute.ComputePoolConfig;
import mill.core.group.EventLoopGroup;
import mill.core.group.LoopGroupConfig;
import mill.natives.CurrentPlatform;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.testing.Await;
import mill.testing.ChildJvm;
import org.junit.jupiter.api.Test;

/**
 * Promise 14: every thread that mill starts and every wait of mill's goes through the platform, and
 * so does the clock. Where the platform runs threads by turns, a wait that went past it would stop
 * them all.
 */
class PlatformThreadsTest {
  private static final Duration LONG = Duration.ofHours(1);

  private final FakePlatform platform = new FakePlatform();
  private final RecordingThreads threads = new RecordingThreads();

  PlatformThreadsTest() {
    platform.threads(threads);
  }

  private EventLoop open(LoopConfig.Builder config) throws IOException {
    return EventLoop.open(config.name("loop").platform(platform).build());
  }

  private static LoopConfig.Builder onWorkers() {
    return LoopConfig.builder().dispatch(DispatchMode.WORKERS).workers(1);
  }

  // ---- the loop

  private String whoSleeps() {
    return Stream.of("loop-worker-0", "loop-worker-1")
        .filter(name -> threads.calls().contains("park " + name))
        .findFirst()
        .orElse(null);
  }

  @Test
  void workersAreThePlatformsThreadsAndWaitAsTheseDo() throws Exception {
    try (var loop = open(onWorkers().workers(2))) {
      LoopRunner runner = LoopRunner.startAndAwait(loop);
      Await.eventually("one polls, and one need not look after it", () -> whoSleeps() != null);
      var fired = new CountDownLatch(1);
      loop.register(
          platform.readablePollable(),
          Interest.READABLE,
          (mine, readiness) -> {
            mine.cancel();
            fired.countDown();
          });
      Await.await(fired);
      runner.stopAndJoin();
    }
    assertThat(threads.calls())
        .contains(
            "daemon loop-worker-0",
            "parkNanos " + whoSleeps(),
            "unpark " + whoSleeps(),
            "unpark loop",
            "signalAll loop-worker-0",
            "join loop-worker-0");
  }

  @Test
  void loopThatEndsWaitsForItsWorkersAsItsPlatformDoes() throws Exception {
    try (var loop = open(onWorkers())) {
      LoopRunner runner = LoopRunner.startAndAwait(loop);
      CountDownLatch entered = new CountDownLatch(1);
      CountDownLatch leave = new CountDownLatch(1);
      loop.register(
          platform.readablePollable(),
          Interest.READABLE,
          (mine, readiness) -> {
            entered.countDown();
            Await.await(leave);
            mine.cancel();
          });
      Await.await(entered);
      loop.stop();
      threads.awaitCall("awaitNanos loop");
      leave.countDown();
      runner.join();
    }
  }

  @Test
  void platformSaysWhichThreadsMayRunALoop() throws Exception {
    threads.virtual();
    try (var loop = open(LoopConfig.builder())) {
      assertThatThrownBy(loop::run)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("platform thread");
      loop.execute(loop::stop);
      var running =
          new FutureTask<Void>(() -> {
            loop.run();
            return null;
          });
      Thread.ofVirtual().start(running);
      Await.outcome(running);
    }
  }

  @Test
  void closeByAnotherThreadWaitsAsItsPlatformDoes() throws Exception {
    EventLoop loop = open(LoopConfig.builder());
    LoopRunner runner = LoopRunner.startAndAwait(loop);
    CountDownLatch released = LoopRunner.hold(loop);
    FutureTask<Void> closing =
        Await.inBackground(
            "closer",
            () -> {
              loop.close();
              return null;
            });
    threads.awaitCall("awaitNanos closer");
    released.countDown();
    Await.outcome(closing);
    runner.join();
    assertThat(threads.calls()).contains("signalAll loop");
  }

  @Test
  void lateCloserIsWaitedForWithTheSpinsOfThePlatform() throws Exception {
    var spun = new CountDownLatch(1);
    threads.onSpin(spun::countDown);
    try (var loop = open(LoopConfig.builder())) {
      LoopRunner runner = LoopRunner.startAndAwait(loop);
      var counting = new CountDownLatch(1);
      var canceller = new AtomicReference<Thread>();
      Registration registration =
          loop.register(
              platform.pollable(),
              Interest.READABLE,
              new EventHandler() {
                @Override
                public void onReady(Registration mine, Readiness readiness) {}

                @Override
                public void onShutdown(Registration mine) {}

                @Override
                public long undeliveredBytes(Registration mine) {
                  if (Thread.currentThread() == canceller.get()) {
                    counting.countDown();
                    Await.await(spun);
                  }
                  return 0;
                }
              });
      loop.shutdown(LONG);
      FutureTask<Void> cancelling =
          Await.inBackground(
              "canceller",
              () -> {
                canceller.set(Thread.currentThread());
                registration.cancel();
                return null;
              });
      Await.await(counting);
      loop.shutdown(Duration.ZERO);
      Await.outcome(cancelling);
      runner.join();
      assertThat(threads.calls()).contains("spin loop");
    }
  }

  @Test
  void watchdogIsAThreadOfThePlatformAndWaitsAsThatDoes() throws Exception {
    try (var loop = open(LoopConfig.builder().stallThreshold(LONG))) {
      LoopRunner runner = LoopRunner.startAndAwait(loop);
      threads.awaitCall("parkNanos loop-watchdog");
      runner.stopAndJoin();
    }
    assertThat(threads.calls())
        .contains("daemon loop-watchdog", "unpark loop-watchdog", "join loop-watchdog");
  }

  @Test
  void lateReportIsATimerAndAThreadOfThePlatform() throws Exception {
    try (var loop = open(LoopConfig.builder())) {
      LoopRunner runner = LoopRunner.startAndAwait(loop);
      CountDownLatch released = LoopRunner.hold(loop);
      ShutdownReport report = Await.outcomeOf(loop.shutdown(Duration.ZERO));
      assertThat(report.stillRunning()).hasSize(1);
      released.countDown();
      runner.join();
    }
    assertThat(threads.calls())
        .contains("schedule " + LoopEnd.GRACE_NS + " " + Thread.currentThread().getName())
        .contains("daemon mill-late-shutdown");
  }

  @Test
  void timerOfTheLateReportIsTakenBackWhenTheReportIsThere() throws Exception {
    try (var loop = open(LoopConfig.builder())) {
      LoopRunner runner = LoopRunner.startAndAwait(loop);
      CountDownLatch released = LoopRunner.hold(loop);
      var stage = loop.shutdown(LONG);
      released.countDown();
      Await.outcomeOf(stage);
      runner.join();
    }
    assertThat(threads.timers()).hasSize(1).allMatch(timer -> timer.isCancelled());
  }

  // ---- groups

  @Test
  void groupsThreadsAreThePlatformsAndItsWaitsToo() throws Exception {
    var config =
        LoopGroupConfig.builder().name("group").loops(2).loop(loop -> loop.platform(platform));
    String me = Thread.currentThread().getName();
    EventLoopGroup group = EventLoopGroup.open(config.build());
    group.start();
    assertThat(threads.calls()).contains("thread group-0", "thread group-1", "future " + me);
    threads.calls().clear();
    FutureTask<Void> waiting =
        Await.inBackground(
            "waiter",
            () -> {
              group.awaitEnd();
              return null;
            });
    threads.awaitCall("join group-0");
    threads.calls().clear();
    CountDownLatch released = LoopRunner.hold(group.loops().getFirst());
    FutureTask<Void> closing =
        Await.inBackground(
            "closer",
            () -> {
              group.close();
              return null;
            });
    threads.awaitCall("future closer");
    released.countDown();
    Await.outcome(closing);
    Await.outcome(waiting);
    assertThat(threads.calls()).contains("join group-0", "join group-1");
  }

  // ---- compute pools

  @Test
  void poolOfAScopeHasThePlatformsThreadsWaitsAndClock() throws Exception {
    platform.virtualTime(0);
    var config = ComputePoolConfig.builder().name("pool").threads(1).build();
    ComputePool pool = inScope(() -> ComputePool.open(config));
    threads.awaitCall("park pool-0");
    pool.submit(
            () -> {
              platform.advance(7);
              return 0;
            })
        .get();
    var entered = new CountDownLatch(1);
    var leave = new CountDownLatch(1);
    pool.execute(() -> {
      pool.shutdown(LONG); // by one of its own: goes on in the background
      entered.countDown();
      Await.await(leave);
    });
    Await.await(entered);
    threads.awaitCall("awaitNanos pool-shutdown");
    FutureTask<Void> closing =
        Await.inBackground(
            "closer",
            () -> {
              pool.close();
              return null;
            });
    threads.awaitCall("awaitNanos closer");
    leave.countDown();
    Await.outcome(closing);
    assertThat(threads.calls())
        .contains(
            "daemon pool-0",
            "unpark pool-0",
            "daemon pool-shutdown",
            "signalAll pool-0",
            "join pool-0");
    assertThat(pool.metrics().totalExecutionNs()).isEqualTo(7);
  }

  @Test
  void uncaughtExceptionHandlerOfThePoolIsThatOfThePlatformsThreads() throws Exception {
    var heard = new AtomicReference<Throwable>();
    var config =
        ComputePoolConfig.builder()
            .threads(1)
            .uncaughtExceptionHandler((thread, thrown) -> heard.set(thrown))
            .build();
    var failure = new AssertionError("planned");
    try (var pool = inScope(() -> ComputePool.open(config))) {
      pool.execute(() -> {
        throw failure;
      });
    }
    assertThat(heard).hasValue(failure);
  }

  private <T> T inScope(Callable<T> work) throws Exception {
    var made = new AtomicReference<T>();
    CurrentPlatform.run(platform, () -> made.set(work.call()));
    return made.get();
  }

  @Test
  void holderOfAFutureWaitsAsHisPlatformDoes() throws Exception {
    var config = ComputePoolConfig.builder().threads(1).build();
    try (var pool = ComputePool.open(config)) {
      String me = Thread.currentThread().getName();
      var gate = new CountDownLatch(1);
      var future =
          pool.submit(
                  () -> {
                    Await.await(gate);
                    return 1;
                  })
              .thenApply(one -> one + 1);
      CurrentPlatform.run(
          platform,
          () ->
              assertThatThrownBy(() -> future.get(1, TimeUnit.NANOSECONDS))
                  .isInstanceOf(TimeoutException.class));
      assertThat(threads.calls()).containsExactly("future " + me);
      FutureTask<Integer> got = Await.inBackground("getter", () -> inScope(future::get));
      FutureTask<Integer> joined = Await.inBackground("joiner", () -> inScope(future::join));
      threads.awaitCall("future getter");
      threads.awaitCall("future joiner");
      gate.countDown();
      assertThat(Await.outcome(got)).isEqualTo(2);
      assertThat(Await.outcome(joined)).isEqualTo(2);
      threads.calls().clear();
      assertThat(inScope(future::join)).as("done, so nobody waits").isEqualTo(2);
      assertThat(threads.calls()).isEmpty();
    }
  }

  @Test
  void waitForAFutureThatFailsEndsWithItsFailure() throws Exception {
    try (var loop = open(LoopConfig.builder())) {
      LoopRunner runner = LoopRunner.startAndAwait(loop);
      var future = loop.offload(work -> {}, () -> 1);
      FutureTask<Integer> got = Await.inBackground("getter", () -> inScope(future::get));
      threads.awaitCall("future getter");
      runner.stopAndJoin();
      assertThatThrownBy(() -> Await.outcome(got)).isInstanceOf(ExecutionException.class);
    }
  }

  // ---- clock and machine

  @Test
  void limiterOfAScopeGoesByThePlatformsClock() throws Exception {
    platform.virtualTime(0);
    List<RateLimiter> limiters =
        List.of(
            inScope(() -> RateLimiter.perSecond(1_000, 1)),
            inScope(() -> RateLimiter.per(1_000, Duration.ofSeconds(1), 1)));
    for (RateLimiter limiter : limiters) {
      assertThat(limiter.tryAcquire(1)).isEqualTo(1);
      assertThat(limiter.nanosUntil(1)).isEqualTo(1_000_000);
    }
    platform.advance(1_000_000);
    for (RateLimiter limiter : limiters) {
      assertThat(limiter.tryAcquire(1)).isEqualTo(1);
    }
  }

  @Test
  void defaultsOfAScopeGoByThePlatformsProcessors() throws Exception {
    threads.processors(3);
    assertThat(inScope(LoopConfig::defaults).workers()).isEqualTo(3);
    assertThat(inScope(LoopGroupConfig::defaults).loops()).isEqualTo(3);
    assertThat(inScope(ComputePoolConfig::defaults).threads()).isEqualTo(3);
  }

  /** The pool and the limiter are of use alone. */
  @Test
  void whatHasNoSocketsNeedsNoNativeAccess() throws Exception {
    ChildJvm.Outcome outcome = ChildJvm.of(NoNativeAccess.class).withoutNativeAccess().run();
    assertThat(outcome.exitCode()).as("%s", outcome).isZero();
    assertThat(outcome.out()).contains("done");
    assertThat(outcome.err()).doesNotContain("WARNING");
  }

  static final class NoNativeAccess {
    private NoNativeAccess() {}

    public static void main(String[] arguments) throws Exception {
      var _ = LoopConfig.defaults();
      var _ = LoopGroupConfig.defaults();
      RateLimiter limiter = RateLimiter.perSecond(1_000_000);
      try (var pool = ComputePool.open()) {
        long taken = pool.submit(() -> limiter.tryAcquire(1)).get();
        System.out.println(taken == 1 ? "done" : "not taken");
      }
    }
  }

  // ---- what is thrown

  @Test
  void platformHearsWhatAHandlerThrowsBeforeItsOnError() throws Exception {
    try (var loop = open(LoopConfig.builder())) {
      LoopRunner runner = LoopRunner.startAndAwait(loop);
      var failure = new AssertionError("planned");
      var before = new ArrayList<Throwable>();
      var told = new CountDownLatch(1);
      loop.register(
          platform.readablePollable(),
          Interest.READABLE,
          new EventHandler() {
            @Override
            public void onReady(Registration mine, Readiness readiness) {
              throw failure;
            }

            @Override
            public void onError(Registration mine, Throwable error) {
              before.addAll(threads.thrown());
              told.countDown();
            }
          });
      Await.await(told);
      runner.stopAndJoin();
      assertThat(before).containsExactly(failure);
      assertThat(threads.thrown()).containsExactly(failure);
    }
  }

  @Test
  void platformOfTheScopeHearsWhatATaskThrows() throws Exception {
    try (var loop = open(LoopConfig.builder())) {
      var failure = new AssertionError("planned");
      loop.execute(() -> {
        throw failure;
      });
      loop.execute(loop::stop);
      var heard = new ArrayList<Throwable>();
      Thread running =
          Thread.ofPlatform()
              .uncaughtExceptionHandler((thread, thrown) -> heard.addAll(threads.thrown()))
              .unstarted(() -> runInScope(loop));
      running.start();
      running.join();
      assertThat(heard).containsExactly(failure);
    }
  }

  private void runInScope(EventLoop loop) {
    try {
      CurrentPlatform.run(platform, loop::run);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
