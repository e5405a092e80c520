package mill.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.testing.Await;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a loop counts, on a clock that moves only when it is told to. */
class LoopMetricsTest {
  private static FakeLoop asleep() throws Exception {
    return asleep(LoopConfig.builder());
  }

  private static FakeLoop asleep(LoopConfig.Builder config) throws Exception {
    FakeLoop fake = FakeLoop.openVirtual(config).start();
    fake.settle();
    return fake;
  }

  /** Registers something that is ready once, for a handler that takes so long. */
  private static void fire(FakeLoop fake, long handlerNs) throws Exception {
    FakePollable pollable = fake.platform.readablePollable();
    fake.loop.register(
        pollable,
        Interest.READABLE,
        (mine, readiness) -> {
          pollable.ready(0);
          if (handlerNs > 0) {
            fake.platform.advance(handlerNs);
          }
        });
    fake.settle();
  }

  @Test
  void loopThatHasNotTurnedHasCountedNothing() throws Exception {
    try (var fake = FakeLoop.openVirtual(LoopConfig.builder().name("idle"))) {
      assertThat(fake.loop.metrics())
          .isEqualTo(
              new LoopMetrics(
                  "idle",
                  "memory",
                  true,
                  new LoopMetrics.Turns(0, 0, 0),
                  new LoopMetrics.Events(0, 0, 0),
                  new LoopMetrics.Tasks(0, 0, 0, 0),
                  new LoopMetrics.Timers(0, 0),
                  new LoopMetrics.Offloads(0, 0),
                  new LoopMetrics.Times(0, 0, 0),
                  0));
      assertThat(fake.loop.metrics().utilization()).isZero();
    }
  }

  @Test
  void timeIsDividedAmongPollHandlersAndTasksToTheNanosecond() throws Exception {
    try (FakeLoop fake = asleep()) {
      fake.platform.advance(1_000);
      fire(fake, 300);
      fake.platform.advance(20);
      fake.loop.execute(() -> fake.platform.advance(7));
      fake.settle();
      fake.platform.advance(5_000); // asleep: not in yet
      LoopMetrics metrics = fake.loop.metrics();
      assertThat(metrics.times().pollNs()).isEqualTo(1_020);
      assertThat(metrics.times().handlersNs()).isEqualTo(300);
      assertThat(metrics.times().tasksNs()).isEqualTo(7);
      assertThat(metrics.utilization()).isEqualTo(307 / 1_327.0);
      assertThat(metrics.turns().total()).isEqualTo(2);
      assertThat(metrics.events().dispatched()).isOne();
      assertThat(metrics.tasks().executed()).isOne();
      assertThat(metrics.registrations()).isOne();
    }
  }

  @Test
  void timersAreCountedWithTheTasksTime() throws Exception {
    try (FakeLoop fake = asleep(LoopConfig.builder().timerTick(Duration.ofNanos(1)))) {
      fake.loop.schedule(Duration.ofNanos(100), () -> fake.platform.advance(30));
      fake.settle();
      assertThat(fake.loop.metrics().timers().live()).isOne();
      assertThat(fake.loop.metrics().turns().spurious()).as("the timer was noted").isZero();
      fake.advance(100);
      LoopMetrics metrics = fake.loop.metrics();
      assertThat(metrics.timers().fired()).isOne();
      assertThat(metrics.timers().live()).isZero();
      assertThat(metrics.times().pollNs()).isEqualTo(100);
      assertThat(metrics.times().tasksNs()).isEqualTo(30);
      assertThat(metrics.turns().spurious()).isZero();
    }
  }

  @Test
  void resultsAreNotTasks() throws Exception {
    try (FakeLoop fake = asleep()) {
      var work = new AtomicReference<Runnable>();
      CompletableFuture<Integer> future = fake.loop.offload(work::set, () -> 1);
      assertThat(fake.loop.metrics().offloads().outstanding()).isOne();
      work.get().run();
      fake.settle();
      LoopMetrics metrics = fake.loop.metrics();
      assertThat(future).isCompletedWithValue(1);
      assertThat(metrics.offloads().outstanding()).isZero();
      assertThat(metrics.offloads().delivered()).isOne();
      assertThat(metrics.tasks().executed()).isZero();
    }
  }

  @Test
  void wakeUpIsAPollThatSomebodyEndedAndNotAnEvent() throws Exception {
    try (FakeLoop fake = asleep()) {
      fake.loop.execute(() -> {});
      fake.settle();
      fire(fake, 0);
      LoopMetrics metrics = fake.loop.metrics();
      assertThat(metrics.turns().wakeUps()).isOne();
      assertThat(metrics.events().dispatched()).isOne();
      assertThat(metrics.turns().total()).isEqualTo(2);
    }
  }

  @Test
  void eventOfThePastIsStaleAndItsTurnFoundNothing() throws Exception {
    try (FakeLoop fake = asleep()) {
      fire(fake, 0);
      fake.poller().inject(Readiness.READABLE, -1, -2);
      fake.settle();
      LoopMetrics metrics = fake.loop.metrics();
      assertThat(metrics.events().stale()).isEqualTo(2);
      assertThat(metrics.events().dispatched()).isOne();
      assertThat(metrics.turns().spurious()).isOne();
    }
  }

  @Test
  void pollThatEndsForNothingIsASpuriousTurn() throws Exception {
    try (FakeLoop fake = asleep()) {
      fake.poller().interruptPolls(3);
      fake.settle();
      assertThat(fake.loop.metrics().turns().spurious()).isEqualTo(3);
      assertThat(fake.loop.metrics().turns().total()).isEqualTo(3);
    }
  }

  @Test
  void turnThatDoesSomethingIsNotSpurious() throws Exception {
    try (FakeLoop fake = asleep()) {
      Registration registration =
          fake.loop.register(fake.platform.pollable(), Interest.READABLE, (mine, ready) -> {});
      Await.done(registration.cancel());
      fake.settle();
      registration.pollable().close();
      fake.loop.execute(() -> {});
      fake.settle();
      fire(fake, 0);
      fake.loop.stop();
      fake.runner().join();
      assertThat(fake.loop.metrics().turns().total()).isEqualTo(4);
      assertThat(fake.loop.metrics().turns().spurious()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource
  void handlerThatThrowsIsCountedWhereverItRuns(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch)) {
      fake.start();
      for (int i = 0; i < 3; i++) {
        var recording =
            new RecordingHandler((mine, readiness) -> {
              throw new IllegalStateException("planned");
            });
        fake.loop.register(fake.platform.readablePollable(), Interest.READABLE, recording);
        recording.awaitError();
      }
      assertThat(fake.loop.metrics().events().handlerThrows()).isEqualTo(3);
      assertThat(fake.loop.metrics().tasks().thrown()).isZero();
    }
  }

  @Test
  void taskThatThrowsIsCountedAndSoIsATimer() throws Exception {
    try (FakeLoop fake = asleep()) {
      Runnable bad =
          () -> {
            throw new IllegalStateException("planned");
          };
      fake.loop.execute(bad);
      fake.loop.execute(bad);
      fake.loop.schedule(Duration.ZERO, bad);
      fake.settle();
      assertThat(fake.takeUncaught()).hasSize(3);
      assertThat(fake.loop.metrics().tasks().thrown()).isEqualTo(3);
      assertThat(fake.loop.metrics().events().handlerThrows()).isZero();
    }
  }

  @Test
  void refusedTasksAreCountedAndWaitingOnesAreSeen() throws Exception {
    try (var fake = FakeLoop.open(LoopConfig.builder().taskQueueCapacity(2))) {
      fake.loop.execute(() -> {});
      fake.loop.execute(() -> {});
      assertThatThrownBy(() -> fake.loop.execute(() -> {}))
          .isInstanceOf(RejectedExecutionException.class);
      assertThat(fake.loop.metrics().tasks().queued()).isEqualTo(2);
      assertThat(fake.loop.metrics().tasks().rejected()).isOne();
      fake.loop.close();
      assertThatThrownBy(() -> fake.loop.execute(() -> {}))
          .isInstanceOf(RejectedExecutionException.class);
      assertThat(fake.loop.metrics().tasks().rejected()).isEqualTo(2);
    }
  }

  @Test
  void whatRunsAsTheLoopEndsIsCountedToo() throws Exception {
    try (var fake = FakeLoop.open()) {
      Executor here = Runnable::run;
      fake.loop.execute(() -> {});
      fake.loop.execute(() -> {});
      CompletableFuture<Integer> future = fake.loop.offload(here, () -> 1);
      fake.loop.close(); // it never ran
      assertThat(future).isCompletedWithValue(1);
      assertThat(fake.loop.metrics().tasks().executed()).isEqualTo(2);
      assertThat(fake.loop.metrics().offloads().delivered()).isOne();
      assertThat(fake.loop.metrics().tasks().queued()).isZero();
      assertThat(fake.loop.metrics().turns().total()).isZero();
    }
  }

  @Test
  void handlerSeesTheTurnsBeforeItsOwn() throws Exception {
    try (FakeLoop fake = asleep()) {
      fire(fake, 0);
      var seen = new AtomicReference<LoopMetrics>();
      fake.loop.execute(() -> seen.set(fake.loop.metrics()));
      fake.settle();
      assertThat(seen.get().turns().total()).isOne();
      assertThat(seen.get().tasks().executed()).isZero();
      assertThat(fake.loop.metrics().tasks().executed()).isOne();
    }
  }

  @Test
  void loopThatDoesNotCountStillTellsWhatWaits() throws Exception {
    var config = LoopConfig.builder().metrics(false).name("blind").timerTick(Duration.ofNanos(1));
    try (FakeLoop fake = asleep(config)) {
      fire(fake, 10);
      fake.loop.execute(() -> fake.platform.advance(10));
      fake.loop.schedule(Duration.ZERO, () -> {});
      fake.settle();
      fake.loop.schedule(Duration.ofHours(1), () -> {});
      assertThat(fake.loop.metrics())
          .isEqualTo(
              new LoopMetrics(
                  "blind",
                  "memory",
                  false,
                  new LoopMetrics.Turns(0, 0, 0),
                  new LoopMetrics.Events(0, 0, 0),
                  new LoopMetrics.Tasks(0, 0, 0, 0),
                  new LoopMetrics.Timers(1, 1),
                  new LoopMetrics.Offloads(0, 0),
                  new LoopMetrics.Times(0, 0, 0),
                  1));
    }
  }

  @Test
  void loopThatDoesNotCountReadsNoClock() throws Exception {
    for (boolean metrics : new boolean[] {true, false}) {
      try (var fake = FakeLoop.open(LoopConfig.builder().metrics(metrics))) {
        fake.start();
        fake.settle();
        long before = fake.platform.clockReadings();
        fake.loop.execute(() -> {});
        fake.settle();
        fire(fake, 0);
        long read = fake.platform.clockReadings() - before - fake.poller().polls() + 1;
        // The fake's own poll reads it once.
        assertThat(read).as("with metrics " + metrics).isEqualTo(metrics ? 4 : 0);
      }
    }
  }

  @Test
  void eventsOfWorkersAreCountedByTheLoop() throws Exception {
    try (var fake = FakeLoop.open(DispatchMode.WORKERS)) {
      fake.start();
      fake.settle();
      var handled = new CountDownLatch(1);
      FakePollable pollable = fake.platform.readablePollable();
      fake.loop.register(
          pollable,
          Interest.READABLE,
          (mine, readiness) -> {
            pollable.ready(0);
            handled.countDown();
          });
      Await.await(handled);
      fake.stopAndJoin();
      assertThat(fake.loop.metrics().events().dispatched()).isOne();
    }
  }

  @Test
  void differenceOfTwoSnapshotsKeepsWhatWaitsNow() throws Exception {
    try (FakeLoop fake = asleep()) {
      fake.platform.advance(40);
      fire(fake, 60);
      LoopMetrics earlier = fake.loop.metrics();
      fake.platform.advance(300);
      fire(fake, 100);
      LoopMetrics lately = fake.loop.metrics().since(earlier);
      assertThat(lately.turns().total()).isOne();
      assertThat(lately.events().dispatched()).isOne();
      assertThat(lately.times().pollNs()).isEqualTo(300);
      assertThat(lately.times().handlersNs()).isEqualTo(100);
      assertThat(lately.utilization()).isEqualTo(0.25);
      assertThat(lately.registrations()).isEqualTo(2);
    }
  }

  @Test
  void metricsOfAnotherLoopAreNotSubtracted() throws Exception {
    try (var one = FakeLoop.open(LoopConfig.builder().name("one"));
        var two = FakeLoop.open(LoopConfig.builder().name("two"))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> one.loop.metrics().since(two.loop.metrics()))
          .withMessage("the metrics of two tell nothing of one");
    }
  }

  @Test
  void snapshotOfARunningLoopNeverGoesBackAndItsTurnsAreInTheOthers() throws Exception {
    try (var fake = FakeLoop.open()) {
      FakePollable pollable = fake.platform.readablePollable();
      var handled = new CountDownLatch(20_000);
      fake.loop.register(pollable, Interest.READABLE, (mine, ready) -> handled.countDown());
      fake.start();
      LoopMetrics before = fake.loop.metrics();
      while (handled.getCount() > 0) {
        LoopMetrics now = fake.loop.metrics();
        assertThat(now.turns().total()).isGreaterThanOrEqualTo(before.turns().total());
        assertThat(now.events().dispatched()).isGreaterThanOrEqualTo(now.turns().total());
        before = now;
      }
    }
  }
}
