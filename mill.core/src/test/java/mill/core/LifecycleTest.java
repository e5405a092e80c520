package mill.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import mill.natives.Interest;
import mill.natives.Trigger;
import mill.testing.Await;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Promise 12, and the phases of a loop up to its end: run, stop, misuse. */
class LifecycleTest {
  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void loopThatWasStoppedBeforeItRanRunsItsTasksAndReturns(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch);
        var pollable = fake.platform.readablePollable()) {
      var ran = new AtomicInteger();
      var called = new AtomicInteger();
      fake.loop.execute(ran::incrementAndGet);
      fake.loop.register(
          pollable, Interest.READABLE, (mine, readiness) -> called.incrementAndGet());
      fake.loop.stop();
      fake.loop.run();
      fake.loop.run();
      assertThat(ran).hasValue(1);
      assertThat(called).hasValue(0);
      assertThat(fake.poller().polls()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void stopWakesALoopThatSleeps(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch).start()) {
      fake.settle();
      fake.loop.stop();
      fake.loop.stop();
      fake.runner().join();
      fake.loop.stop();
    }
  }

  @Test
  void stopEndsARealLoopThatSleepsEveryTime() throws Exception {
    for (int round = 0; round < 300; round++) {
      try (EventLoop loop = EventLoop.open()) {
        LoopRunner.start(loop).stopAndJoin();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void stopFromAHandlerEndsTheLoop(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch);
        var pollable = fake.platform.readablePollable()) {
      fake.loop.register(
          pollable, Interest.READABLE, Trigger.ONESHOT, (mine, readiness) -> mine.loop().stop());
      fake.start();
      fake.runner().join();
    }
  }

  @Test
  void stopFromATaskEndsTheLoopAfterItsOtherTasks() throws Exception {
    try (var fake = FakeLoop.open()) {
      var ran = new AtomicInteger();
      fake.loop.execute(fake.loop::stop);
      fake.loop.execute(ran::incrementAndGet);
      fake.start();
      fake.runner().join();
      assertThat(ran).hasValue(1);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void loopThatHasEndedDoesNotRunAgain(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch).start()) {
      fake.stopAndJoin();
      long polls = fake.poller().polls();
      fake.loop.run();
      assertThat(fake.poller().polls()).isEqualTo(polls);
    }
  }

  @Test
  void secondThreadMayNotRunARunningLoop() throws Exception {
    try (var fake = FakeLoop.open().start()) {
      assertThatThrownBy(fake.loop::run)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("running already");
      var ran = new CountDownLatch(1);
      fake.loop.execute(ran::countDown);
      Await.await(ran);
    }
  }

  @Test
  void handlerMayNotRunItsOwnLoop() throws Exception {
    try (var fake = FakeLoop.open()) {
      var handler = new RecordingHandler((mine, readiness) -> mine.loop().run());
      fake.loop.register(fake.platform.readablePollable(), Interest.READABLE, handler);
      fake.start();
      assertThat(handler.awaitError())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("running already");
      fake.settle();
    }
  }

  // Half of the time the one is first, half of the time the other.
  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void runAgainstCloseReturnsQuietly(DispatchMode dispatch) throws Exception {
    for (int round = 0; round < 200; round++) {
      EventLoop loop = EventLoop.open(LoopConfig.builder().dispatch(dispatch).workers(1).build());
      FutureTask<Void> running =
          Await.inBackground(
              "running",
              () -> {
                loop.run();
                return null;
              });
      if (round % 2 == 0) {
        Await.eventually("it has begun", () -> !loop.toString().contains("NEW"));
      }
      loop.close();
      Await.outcome(running);
    }
  }

  @Test
  void virtualThreadMayNotRunALoop() throws Exception {
    try (var fake = FakeLoop.open()) {
      var refused =
          new FutureTask<Void>(() -> {
            fake.loop.run();
            return null;
          });
      Thread.ofVirtual().start(refused);
      assertThatThrownBy(() -> Await.outcome(refused))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("platform thread");
      fake.start(); // nothing has happened to it
    }
  }

  private static void noteAndRaise(List<String> found, String who) {
    if (Thread.currentThread().isInterrupted()) {
      found.add(who);
    }
    Thread.currentThread().interrupt();
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void interruptFlagThatOneCallbackLeavesIsNotTheNextOnes(DispatchMode dispatch) throws Exception {
    var config = LoopConfig.builder().dispatch(dispatch).workers(1);
    var found = new CopyOnWriteArrayList<String>();
    try (var fake = FakeLoop.open(config)) {
      var calls = new CountDownLatch(5);
      for (int i = 0; i < 2; i++) {
        fake.loop.register(
            fake.platform.readablePollable(),
            Interest.READABLE,
            Trigger.ONESHOT,
            (mine, readiness) -> {
              noteAndRaise(found, "handler");
              calls.countDown();
            });
        fake.loop.schedule(Duration.ZERO, () -> noteAndRaise(found, "timer"));
        var _ =
            fake.loop
                .offload(Runnable::run, () -> 1)
                .thenAccept(one -> noteAndRaise(found, "result"));
        fake.loop.execute(() -> {
          noteAndRaise(found, "task");
          calls.countDown();
        });
      }
      Registration registration =
          fake.loop.register(fake.platform.pollable(), Interest.READABLE, (mine, readiness) -> {});
      registration.execute(() -> {
        noteAndRaise(found, "task of a registration");
        calls.countDown();
      });
      fake.start();
      Await.await(calls);
      fake.settle();
    }
    assertThat(found).as("who found a flag up").isEmpty();
  }

  @Test
  void closedLoopRefusesToRegisterAndExecuteAndDoesNotRun() throws Exception {
    try (var fake = FakeLoop.open();
        var pollable = fake.platform.pollable()) {
      fake.loop.close();
      fake.loop.run(); // returns at once: whoever was about to run it may have been overtaken
      assertThatThrownBy(
              () -> fake.loop.register(pollable, Interest.READABLE, (mine, readiness) -> {}))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("the loop has ended");
      assertThatThrownBy(() -> fake.loop.execute(() -> {})).hasMessageContaining("CLOSED");
      fake.loop.stop();
      assertThat(pollable.isOpen()).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void interruptDoesNotEndTheLoopAndIsNotSwallowed(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch)) {
      var interrupted = new AtomicReference<Boolean>();
      var runner =
          Await.inBackground(
              "interrupted",
              () -> {
                Thread.currentThread().interrupt();
                fake.loop.run();
                interrupted.set(Thread.interrupted());
                return null;
              });
      fake.poller().awaitPolls(1);
      for (int i = 0; i < 10; i++) {
        var ran = new CountDownLatch(1);
        fake.loop.execute(() -> {
          Thread.currentThread().interrupt();
          ran.countDown();
        });
        Await.await(ran);
      }
      fake.loop.stop();
      Await.outcome(runner);
      assertThat(interrupted).hasValue(true);
    }
  }

  @Test
  void interruptDoesNotEndARealLoop() throws Exception {
    try (EventLoop loop = EventLoop.open()) {
      LoopRunner runner = LoopRunner.start(loop);
      for (int i = 0; i < 100; i++) {
        runner.thread().interrupt();
        var ran = new CountDownLatch(1);
        loop.execute(ran::countDown);
        Await.await(ran);
      }
      runner.stopAndJoin();
    }
  }

  @Test
  void interruptOfAWorkerDoesNotEndIt() throws Exception {
    var config = LoopConfig.builder().dispatch(DispatchMode.WORKERS).workers(1);
    try (var fake = FakeLoop.open(config)) {
      var calls = new CountDownLatch(100);
      fake.loop.register(
          fake.platform.readablePollable(),
          Interest.READABLE,
          (mine, readiness) -> {
            Thread.currentThread().interrupt();
            calls.countDown();
            if (calls.getCount() == 0) {
              mine.close();
            }
          });
      fake.start();
      Await.await(calls);
    }
  }

  @Test
  void workersHaveTheLoopsNameAndAreGoneWhenRunReturns() throws Exception {
    var config = LoopConfig.builder().name("weaver").dispatch(DispatchMode.WORKERS).workers(3);
    try (var fake = FakeLoop.open(config)) {
      var workers = new CopyOnWriteArrayList<Thread>();
      var together = new CountDownLatch(3);
      for (int i = 0; i < 3; i++) {
        fake.loop.register(
            fake.platform.readablePollable(),
            Interest.READABLE,
            (mine, readiness) -> {
              workers.add(Thread.currentThread());
              together.countDown();
              Await.await(together);
              mine.close();
            });
      }
      fake.start();
      Await.await(together);
      fake.stopAndJoin();
      assertThat(workers).extracting(Thread::getName).doesNotHaveDuplicates();
      assertThat(workers).hasSize(3).allMatch(worker -> worker.getName().startsWith("weaver-"));
      assertThat(workers).noneMatch(Thread::isAlive);
    }
  }

  @Test
  void loopDescribesItself() throws Exception {
    try (var fake = FakeLoop.open(LoopConfig.builder().name("weaver"))) {
      assertThat(fake.loop.toString())
          .isEqualTo("EventLoop[weaver, memory, INLINE, NEW, 0 registrations]");
      fake.start();
      assertThat(fake.loop.toString()).contains("RUNNING");
      fake.stopAndJoin();
      assertThat(fake.loop.toString()).contains("ENDED");
      fake.loop.close();
      assertThat(fake.loop.toString()).contains("CLOSED");
    }
  }
}
