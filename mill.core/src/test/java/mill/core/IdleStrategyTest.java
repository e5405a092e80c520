package mill.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import mill.natives.Interest;
import mill.natives.Poller;
import mill.natives.Readiness;
import mill.natives.net.UnixStream;
import mill.testing.Await;
import mill.testnet.Net;
import org.junit.jupiter.api.Test;

/** What a loop does with a poller when it has nothing to do, and what others need not do then. */
class IdleStrategyTest {
  private static final long MICRO = 1_000;
  private static final long MILLI = 1_000_000;

  private static LoopConfig.Builder idle(IdleStrategy strategy) {
    return LoopConfig.builder().idleStrategy(strategy);
  }

  private static LoopConfig.Builder busy() {
    return idle(IdleStrategy.busySpin());
  }

  private static IdleStrategy backOff(long spinNs, long yieldNs) {
    return new IdleStrategy(Duration.ofNanos(spinNs), Duration.ofNanos(yieldNs));
  }

  /** Waits until the loop has looked so often again. */
  private static void awaitLooks(FakeLoop fake, int count) {
    fake.poller().awaitPolls(fake.poller().polls() + count);
  }

  /** Runs a task on the loop, and returns when it has run. */
  private static void executeAndWait(EventLoop loop) {
    var ran = new CountDownLatch(1);
    loop.execute(ran::countDown);
    Await.await(ran);
  }

  @Test
  void loopSleepsWhenTheTimeIsOverAndNotBefore() throws Exception {
    try (var fake = FakeLoop.openVirtual(idle(backOff(50 * MICRO, 0))).start()) {
      awaitLooks(fake, 10);
      fake.platform.advance(50 * MICRO - 1);
      awaitLooks(fake, 10);
      assertThat(fake.poller().timeouts()).as("looks").containsOnly(0L);
      fake.advance(1);
      assertThat(fake.poller().timeouts().getLast()).isEqualTo(Poller.FOREVER);
      long polls = fake.poller().polls();
      fake.advance(MILLI);
      assertThat(fake.poller().polls()).as("polls while it sleeps").isEqualTo(polls);
    }
  }

  @Test
  void timeBeginsAnewWhenSomethingHasCome() throws Exception {
    try (var fake = FakeLoop.openVirtual(idle(backOff(50 * MICRO, 0))).start()) {
      for (int i = 0; i < 3; i++) {
        awaitLooks(fake, 10);
        fake.platform.advance(50 * MICRO - 1);
        awaitLooks(fake, 10);
        executeAndWait(fake.loop);
      }
      assertThat(fake.poller().timeouts()).containsOnly(0L);
      assertThat(fake.poller().wakes()).isZero();
    }
  }

  @Test
  void backOffSpinsThenYieldsThenSleeps() throws Exception {
    var threads = new RecordingThreads();
    try (var fake = FakeLoop.openVirtual(idle(backOff(1_000, 500)))) {
      fake.platform.threads(threads);
      threads.onSpin(() -> fake.platform.advance(100));
      fake.start().settle();
      List<String> pauses = new ArrayList<>(Collections.nCopies(10, "spin mill-loop"));
      pauses.addAll(Collections.nCopies(5, "yield mill-loop"));
      assertThat(threads.calls())
          .filteredOn(call -> call.endsWith("mill-loop") && !call.startsWith("mayPoll"))
          .isEqualTo(pauses);
      assertThat(fake.poller().timeouts()).hasSize(17).endsWith(0L, Poller.FOREVER);
    }
  }

  @Test
  void eventsThatFlowCostOnePollEach() throws Exception {
    try (var fake = FakeLoop.open(busy())) {
      var pollsAtEvent = new ArrayList<Long>();
      var all = new CountDownLatch(100);
      fake.loop.register(
          fake.platform.readablePollable(),
          Interest.READABLE, // which it stays: nobody reads
          (registration, readiness) -> {
            pollsAtEvent.add(fake.poller().polls());
            all.countDown();
            if (all.getCount() == 0) {
              registration.close();
            }
          });
      fake.start();
      Await.await(all);
      fake.stopAndJoin();
      for (int i = 0; i < pollsAtEvent.size(); i++) {
        assertThat(pollsAtEvent.get(i)).as("polls until event %d", i).isEqualTo(i + 1);
      }
    }
  }

  @Test
  void nobodyWakesALoopThatLooks() throws Exception {
    try (var fake = FakeLoop.open(busy()).start()) {
      var heard = new AtomicInteger();
      FakePollable pollable = fake.platform.pollable();
      Registration registration =
          fake.loop.register(
              pollable,
              Interest.READABLE,
              (mine, readiness) -> {
                pollable.ready(0);
                heard.incrementAndGet();
              });
      for (int i = 1; i <= 100; i++) {
        int times = i;
        executeAndWait(fake.loop);
        pollable.ready(Readiness.READABLE);
        Await.eventually("event " + i, () -> heard.get() == times);
        var ran = new CountDownLatch(3);
        fake.loop.schedule(Duration.ZERO, ran::countDown);
        registration.execute(ran::countDown);
        var _ = fake.loop.offload(Runnable::run, () -> "done").thenRun(ran::countDown);
        Await.await(ran);
      }
      assertThat(heard).hasValue(100);
      assertThat(fake.poller().wakes()).isZero();
      assertThat(fake.poller().timeouts()).containsOnly(0L);
    }
  }

  @Test
  void loopThatSleepsAfterAllIsWoken() throws Exception {
    try (var fake = FakeLoop.openVirtual(idle(backOff(50 * MICRO, 50 * MICRO))).start()) {
      awaitLooks(fake, 10);
      fake.advance(100 * MICRO);
      executeAndWait(fake.loop);
      assertThat(fake.poller().wakes()).isOne();
      awaitLooks(fake, 10);
      fake.advance(100 * MICRO);
      executeAndWait(fake.loop);
      assertThat(fake.poller().wakes()).isEqualTo(2);
    }
  }

  @Test
  void timersRunInTimeWhileTheLoopLooks() throws Exception {
    try (var fake = FakeLoop.openVirtual(busy().timerTick(Duration.ofNanos(1)))) {
      var own = new CountDownLatch(1);
      var foreign = new CountDownLatch(1);
      fake.loop.schedule(Duration.ofMillis(1), own::countDown);
      fake.start();
      awaitLooks(fake, 10);
      fake.loop.schedule(Duration.ofMillis(2), foreign::countDown);
      fake.platform.advance(MILLI - 1);
      awaitLooks(fake, 100);
      assertThat(own.getCount()).as("not early").isOne();
      fake.platform.advance(1);
      Await.await(own);
      fake.platform.advance(MILLI - 1);
      awaitLooks(fake, 100);
      assertThat(foreign.getCount()).as("not early").isOne();
      fake.platform.advance(1);
      Await.await(foreign);
      assertThat(fake.poller().wakes()).isZero();
    }
  }

  @Test
  void sleepAfterTheLooksLastsUntilTheNextTimer() throws Exception {
    var config = idle(backOff(50 * MICRO, 0)).timerTick(Duration.ofNanos(1));
    try (var fake = FakeLoop.openVirtual(config)) {
      fake.loop.schedule(Duration.ofNanos(80 * MICRO), () -> {});
      fake.start();
      awaitLooks(fake, 10);
      fake.advance(60 * MICRO);
      assertThat(fake.poller().sleepNs()).isEqualTo(20 * MICRO);
    }
  }

  @Test
  void maxPollTimeoutBoundsTheLooksToo() throws Exception {
    var config = busy().maxPollTimeout(Duration.ofMillis(1));
    try (var fake = FakeLoop.openVirtual(config).start()) {
      awaitLooks(fake, 100);
      assertThat(fake.loop.metrics().turns().total()).isZero();
      fake.platform.advance(MILLI);
      Await.eventually("a turn", () -> fake.loop.metrics().turns().total() == 1);
    }
  }

  @Test
  void loopThatLooksIsStopped() throws Exception {
    try (var fake = FakeLoop.open(busy()).start()) {
      awaitLooks(fake, 10);
      fake.stopAndJoin();
      assertThat(fake.poller().wakes()).isZero();
    }
  }

  private static EventHandler onShutdown(Consumer<Registration> action) {
    return new EventHandler() {
      @Override
      public void onReady(Registration registration, Readiness readiness) {}

      @Override
      public void onShutdown(Registration registration) {
        action.accept(registration);
      }
    };
  }

  @Test
  void loopThatLooksIsShutDown() throws Exception {
    try (var fake = FakeLoop.open(busy()).start()) {
      var told = new CountDownLatch(1);
      fake.loop.register(
          fake.platform.pollable(),
          Interest.READABLE,
          onShutdown(registration -> {
            told.countDown();
            registration.close();
          }));
      awaitLooks(fake, 10);
      CompletionStage<ShutdownReport> report = fake.loop.shutdown(Duration.ofSeconds(10));
      Await.await(told);
      assertThat(Await.outcomeOf(report).forced()).isZero();
    }
  }

  @Test
  void shutdownOfALoopThatLooksEndsWithItsTime() throws Exception {
    try (var fake = FakeLoop.openVirtual(busy()).start()) {
      fake.loop.register(
          fake.platform.pollable(), Interest.READABLE, onShutdown(registration -> {}));
      CompletionStage<ShutdownReport> report = fake.loop.shutdown(Duration.ofMillis(1));
      awaitLooks(fake, 100);
      assertThat(report.toCompletableFuture().isDone()).isFalse();
      fake.platform.advance(MILLI);
      assertThat(Await.outcomeOf(report).forced()).isOne();
    }
  }

  @Test
  void looksAreNoStall() throws Exception {
    var stalls = new CopyOnWriteArrayList<StallReport>();
    var config = busy().stallThreshold(LoopConfig.MIN_STALL_THRESHOLD).onStall(stalls::add);
    try (var fake = FakeLoop.open(config).start()) {
      long start = System.nanoTime();
      Await.eventually(
          "ten thresholds",
          () ->
              System.nanoTime() - start
                  > LoopConfig.MIN_STALL_THRESHOLD.multipliedBy(10).toNanos());
      assertThat(fake.loop.metrics().turns().total()).isZero();
      assertThat(stalls).isEmpty();
    }
  }

  @Test
  void realLoopThatNeverSleepsFindsEventsAndTasksWithoutAWakeUp() throws Exception {
    for (var strategy : List.of(IdleStrategy.busySpin(), IdleStrategy.yielding())) {
      UnixStream.Pair pair = UnixStream.pair();
      try (EventLoop loop = EventLoop.open(idle(strategy).build());
          var mine = pair.first();
          var other = pair.second()) {
        var heard = new CountDownLatch(1);
        loop.register(
            mine,
            Interest.READABLE,
            (registration, readiness) -> {
              heard.countDown();
              registration.cancel();
            });
        LoopRunner runner = LoopRunner.startAndAwait(loop);
        for (int i = 0; i < 100; i++) {
          executeAndWait(loop);
        }
        Net.poke(other);
        Await.await(heard);
        runner.stopAndJoin();
        assertThat(loop.metrics().turns().wakeUps()).isZero();
      }
    }
  }

  @Test
  void negativeTimeIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> backOff(-1, 0))
        .withMessageContaining("spinFor must not be negative");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> backOff(0, -1))
        .withMessageContaining("yieldFor must not be negative");
  }

  @Test
  void withWorkersThereIsNoneBecauseTheyPoll() {
    LoopConfig.Builder builder = idle(IdleStrategy.busySpin()).dispatch(DispatchMode.WORKERS);
    assertThatIllegalArgumentException()
        .isThrownBy(builder::build)
        .withMessageContaining("use DispatchMode.INLINE")
        .withMessageContaining("IdleStrategy.blocking()");
  }

  @Test
  void timesOfCenturiesAreTakenAsForEver() throws IOException {
    var ages = Duration.ofSeconds(Long.MAX_VALUE);
    LoopConfig config = idle(new IdleStrategy(ages, ages)).build();
    assertThat(config.lookNs()).isEqualTo(Long.MAX_VALUE);
    assertThat(LoopConfig.defaults().idleStrategy()).isEqualTo(IdleStrategy.blocking());
    assertThat(LoopConfig.defaults().lookNs()).isZero();
    assertThat(config.toString()).contains("idleStrategy=IdleStrategy[");
    assertThat(TimeUnit.NANOSECONDS.toDays(idle(IdleStrategy.yielding()).build().lookNs()))
        .isGreaterThan(100_000);
  }
}
