package mill.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import mill.natives.Interest;
import mill.natives.Trigger;
import mill.natives.net.PipePair;
import mill.testing.Allocations;
import mill.testing.Await;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Promise 3, for the tasks of a registration: one at a time with its callbacks, in their order. */
class SerialTaskTest {
  private static Registration register(FakeLoop fake, ClosingHandler handler) throws Exception {
    return fake.loop.register(fake.platform.pollable(), Interest.READABLE, handler);
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void tasksOfManyThreadsNeverOverlapWithTheHandlerAndKeepTheirOrder(DispatchMode dispatch)
      throws Exception {
    int perThread = 3_000;
    try (var fake = FakeLoop.open(dispatch).start()) {
      var handler = new ClosingHandler((mine, readiness) -> mine.setInterest(Interest.READABLE));
      Registration registration =
          fake.loop.register(fake.platform.readablePollable(), Interest.READABLE, handler);
      var numbers = List.of(new ArrayList<Integer>(), new ArrayList<Integer>());
      var done = new CountDownLatch(2 * perThread);
      var threads = new ArrayList<FutureTask<Void>>();
      for (List<Integer> mine : numbers) {
        threads.add(
            Await.inBackground(
                "submitting",
                () -> {
                  for (int i = 0; i < perThread; i++) {
                    int number = i;
                    submit(
                        registration,
                        () -> {
                          handler.task("task");
                          mine.add(number);
                          done.countDown();
                        });
                  }
                  return null;
                }));
      }
      for (var thread : threads) {
        Await.outcome(thread);
      }
      Await.await(done);
      for (List<Integer> mine : numbers) {
        assertThat(mine).isSorted().hasSize(perThread);
      }
      Await.done(registration.cancel());
      assertThat(handler.requireClosed()).contains("onReady", "task");
      registration.pollable().close();
    }
  }

  private static void submit(Registration registration, Runnable task) throws Exception {
    Await.eventually(
        "there is room",
        () -> {
          try {
            registration.execute(task);
            return true;
          } catch (RejectedExecutionException e) {
            return false;
          }
        });
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void taskRunsOnTheThreadThatCallsTheHandler(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch).start()) {
      Registration registration = register(fake, new ClosingHandler());
      var where = new CopyOnWriteArrayList<Boolean>();
      var ran = new CountDownLatch(2);
      Runnable task =
          () -> {
            where.add(fake.loop.isOwnThread());
            where.add(fake.loop.isLoopThread());
            ran.countDown();
          };
      registration.execute(task);
      registration.schedule(Duration.ofNanos(1), task);
      Await.await(ran);
      boolean inline = dispatch == DispatchMode.INLINE;
      assertThat(where).containsExactly(true, inline, true, inline);
      assertThat(fake.loop.isOwnThread()).isFalse();
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void moreTasksThanItsBoundAreRefusedAndTheRestRuns(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch)) {
      Registration registration = register(fake, new ClosingHandler());
      var ran = new AtomicInteger();
      for (int i = 0; i < Registration.MAX_TASKS; i++) {
        registration.execute(ran::incrementAndGet);
      }
      assertThatThrownBy(() -> registration.execute(ran::incrementAndGet))
          .isInstanceOf(RejectedExecutionException.class)
          .hasMessageContaining("128 tasks of this registration");
      assertThat(ran).as("the loop does not run yet").hasValue(0);
      fake.start();
      Await.eventually("all run", () -> ran.get() == Registration.MAX_TASKS);
      registration.execute(ran::incrementAndGet);
      Await.eventually("there is room", () -> ran.get() == Registration.MAX_TASKS + 1);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void acceptedTasksRunBeforeOnClosedAndNoneIsAcceptedAfterTheCancel(DispatchMode dispatch)
      throws Exception {
    try (var fake = FakeLoop.open(dispatch)) {
      var release = new CountDownLatch(1);
      var handler =
          new ClosingHandler((mine, readiness) -> {
            for (int i = 0; i < 40; i++) {
              int number = i;
              mine.execute(() -> ((ClosingHandler) mine.handler()).task("task " + number));
            }
            mine.cancel();
            assertThatThrownBy(() -> mine.execute(() -> {}))
                .isInstanceOf(RejectedExecutionException.class)
                .hasMessageContaining("cancelled");
            assertThatThrownBy(() -> mine.schedule(Duration.ZERO, () -> {}))
                .isInstanceOf(RejectedExecutionException.class)
                .hasMessageContaining("cancelled");
            release.countDown();
          });
      Registration registration =
          fake.loop.register(
              fake.platform.readablePollable(), Interest.READABLE, Trigger.ONESHOT, handler);
      fake.start();
      Await.await(release);
      List<String> heard = handler.awaitClosed();
      assertThat(heard).hasSize(42).first().isEqualTo("onReady");
      assertThat(heard).element(1).isEqualTo("task 0");
      assertThat(heard).element(40).isEqualTo("task 39");
      registration.pollable().close();
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void acceptedTasksRunOnceWhateverEndsTheLoop(DispatchMode dispatch) throws Exception {
    for (String end : List.of("never ran", "stop", "close")) {
      try (var fake = FakeLoop.open(dispatch)) {
        var handler = new ClosingHandler();
        Registration registration = register(fake, handler);
        var ran = new AtomicInteger();
        if (!end.equals("never ran")) {
          fake.start();
        }
        for (int i = 0; i < 100; i++) {
          registration.execute(ran::incrementAndGet);
        }
        if (end.equals("stop")) {
          fake.stopAndJoin();
          assertThat(ran).as(end).hasValue(100);
          assertThatThrownBy(() -> registration.execute(() -> {}))
              .isInstanceOf(RejectedExecutionException.class)
              .hasMessageContaining("the loop has ended");
        }
        fake.loop.close();
        assertThat(ran).as(end).hasValue(100);
        assertThat(handler.requireClosed()).containsExactly("onClosed LOOP_CLOSED");
        assertThatThrownBy(() -> registration.execute(() -> {}))
            .isInstanceOf(RejectedExecutionException.class);
        assertThatThrownBy(() -> registration.schedule(Duration.ZERO, () -> {}))
            .isInstanceOf(RejectedExecutionException.class);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void taskThatThrowsHarmsNothing(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch).start()) {
      Registration registration = register(fake, new ClosingHandler());
      var uncaught = new CopyOnWriteArrayList<Throwable>();
      var thrown = new AssertionError("planned");
      Runnable bad =
          () -> {
            Thread.currentThread().setUncaughtExceptionHandler((where, told) -> uncaught.add(told));
            throw thrown;
          };
      registration.execute(bad);
      Await.eventually("told", () -> uncaught.size() == 1);
      registration.schedule(Duration.ZERO, bad);
      Await.eventually("told", () -> uncaught.size() == 2);
      assertThat(uncaught).containsOnly(thrown);
      var ran = new CountDownLatch(1);
      registration.execute(ran::countDown);
      Await.await(ran);
      assertThat(registration.isCancelled()).isFalse();
      assertThat(fake.loop.metrics().tasks().thrown()).isIn(0L, 2L);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void timerOfACancelledRegistrationDoesNotRun(DispatchMode dispatch) throws Exception {
    var config = LoopConfig.builder().dispatch(dispatch).workers(1);
    try (var fake = FakeLoop.openVirtual(config).start()) {
      var handler = new ClosingHandler();
      Registration registration = register(fake, handler);
      var ran = new AtomicInteger();
      Timeout again = registration.schedule(Duration.ofMillis(50), ran::incrementAndGet);
      Timeout late = registration.schedule(Duration.ofMillis(500), ran::incrementAndGet);
      fake.advance(60_000_000);
      Await.eventually("the first has run", () -> ran.get() == 1);
      assertThat(again.reschedule(Duration.ofMillis(50))).isFalse();
      fake.advance(60_000_000);
      Await.eventually("again", () -> ran.get() == 2);
      Await.done(registration.cancel());
      assertThat(late.isScheduled()).isTrue();
      fake.advance(600_000_000);
      var passed = new CountDownLatch(1);
      fake.loop.execute(passed::countDown);
      Await.await(passed);
      assertThat(late.isScheduled()).isFalse();
      assertThat(ran).hasValue(2);
      handler.requireClosed();
    }
  }

  // Its timers are not lost when as many tasks wait as may.
  @Test
  void timerThatFindsNoRoomRunsWhenThereIsSome() throws Exception {
    var config = LoopConfig.builder().dispatch(DispatchMode.WORKERS).workers(1);
    try (var fake = FakeLoop.open(config).start()) {
      Registration registration = register(fake, new ClosingHandler());
      var held = new CountDownLatch(1);
      var release = new CountDownLatch(1);
      registration.execute(() -> {
        held.countDown();
        Await.await(release);
      });
      Await.await(held);
      for (int i = 0; i < Registration.MAX_TASKS; i++) {
        registration.execute(() -> {});
      }
      var ran = new CountDownLatch(1);
      registration.schedule(Duration.ZERO, ran::countDown);
      assertThat(Await.happensInAMoment(ran)).isFalse();
      release.countDown();
      Await.await(ran);
    }
  }

  // A task that submits itself does not starve the others: it is one of a share of a run.
  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void taskThatSubmitsItselfDoesNotStarveTheOthers(DispatchMode dispatch) throws Exception {
    var config = LoopConfig.builder().dispatch(dispatch).workers(1);
    try (var fake = FakeLoop.open(config).start();
        var other = fake.platform.readablePollable()) {
      Registration busy = register(fake, new ClosingHandler());
      var over = new CountDownLatch(1);
      busy.execute(
          new Runnable() {
            @Override
            public void run() {
              if (over.getCount() > 0) {
                busy.execute(this);
              }
            }
          });
      var handler = new ClosingHandler();
      fake.loop.register(other, Interest.READABLE, Trigger.ONESHOT, handler);
      handler.awaitReady();
      over.countDown();
    }
  }

  /** A task that submits itself, and counts what its thread allocates, in windows. */
  private static final class Meter implements Runnable {
    static final int RUNS = 5_000;
    private static final int MAX_WINDOWS = 200;

    final CountDownLatch over = new CountDownLatch(1);
    long fewest = Long.MAX_VALUE;
    private final Registration registration;
    private int runs;
    private int windows;
    private long before;

    Meter(Registration registration) {
      this.registration = registration;
    }

    @Override
    public void run() {
      if (runs++ % RUNS == 0) {
        long now = Allocations.ofCurrentThread();
        if (windows > 0) {
          fewest = Math.min(fewest, now - before);
        }
        if (windows++ == MAX_WINDOWS || fewest < RUNS) {
          over.countDown();
          return;
        }
        before = Allocations.ofCurrentThread();
      }
      registration.execute(this);
    }
  }

  // TelemetryAllocationTest has the same for the loop's own thread.
  @Test
  void taskOnAWorkerMakesNoGarbage() throws Exception {
    Allocations.assumeCounted();
    var config = LoopConfig.builder().dispatch(DispatchMode.WORKERS).workers(1);
    // Between two tasks the worker polls: a fake notes that, which is garbage; of the real one
    // some polls leave their slice for errno, as long as the compiler has not come to the downcall.
    // An object for each task would be twice as much as is allowed here.
    try (var loop = EventLoop.open(config.build());
        var pipe = PipePair.open()) {
      LoopRunner.startAndAwait(loop);
      var handler = new ClosingHandler();
      var meter = new Meter(loop.register(pipe.source(), Interest.READABLE, handler));
      meter.registration.execute(meter);
      Await.await(meter.over);
      assertThat(meter.fewest).as("bytes of %d tasks", Meter.RUNS).isLessThan(8L * Meter.RUNS);
    }
  }
}
