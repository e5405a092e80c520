package mill.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import mill.core.group.EventLoopGroup;
import mill.core.group.GroupShutdownReport;
import mill.core.group.LoopGroupConfig;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.testing.Await;
import mill.testing.ChildJvm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Promise 13: loops end, and say why if they do not, though their callbacks wait or block. */
class HeldUpEndTest {
  private static final long BETWEEN_INTERRUPTS_NS = 10_000_000;
  private static final Duration LONG = Duration.ofMinutes(10);
  private static final Duration SHORT = Duration.ofMillis(50);

  enum End {
    STOP,
    CLOSE,
    SHUTDOWN;

    void ask(EventLoop loop) {
      switch (this) {
        case STOP -> loop.stop();
        case CLOSE -> Thread.ofPlatform().daemon().name("closing").start(loop::close);
        case SHUTDOWN -> loop.shutdown(Duration.ZERO);
      }
    }
  }

  /** Blocks in a method whose name a report can be asked for. */
  private static final class Blocking implements EventHandler {
    final CountDownLatch begun = new CountDownLatch(1);
    final CountDownLatch released = new CountDownLatch(1);

    @Override
    public void onReady(Registration registration, Readiness readiness) {
      blockUntilReleased();
      registration.close();
    }

    private void blockUntilReleased() {
      begun.countDown();
      while (released.getCount() > 0) {
        try {
          released.await();
        } catch (InterruptedException e) {
          // What this is for: a handler that does not care.
        }
      }
    }

    @Override
    public void onShutdown(Registration registration) {}
  }

  private static LoopConfig.Builder with(DispatchMode dispatch) {
    return LoopConfig.builder().name("held").dispatch(dispatch).workers(1);
  }

  private static Blocking block(FakeLoop fake) throws Exception {
    var blocking = new Blocking();
    fake.loop.register(fake.platform.readablePollable(), Interest.READABLE, blocking);
    Await.await(blocking.begun);
    return blocking;
  }

  // ---- what waits ends before those who wait for it

  @ParameterizedTest
  @EnumSource(End.class)
  void workerThatWaitsForOffloadedWorkHearsThatTheLoopEnds(End end) throws Exception {
    try (var fake = FakeLoop.open(with(DispatchMode.WORKERS)).start()) {
      var waiting = new CountDownLatch(1);
      var handler =
          new RecordingHandler((mine, readiness) -> {
            CompletableFuture<Integer> never = mine.loop().offload(work -> {}, () -> 1);
            waiting.countDown();
            never.join();
          });
      fake.loop.register(fake.platform.readablePollable(), Interest.READABLE, handler);
      Await.await(waiting);
      end.ask(fake.loop);
      fake.runner().join();
      assertThat(handler.awaitError())
          .isInstanceOf(CompletionException.class)
          .hasCauseInstanceOf(RejectedExecutionException.class);
    }
  }

  @ParameterizedTest
  @EnumSource(End.class)
  void workerThatWaitsForATaskSeesItRunAsTheLoopEnds(End end) throws Exception {
    try (var fake = FakeLoop.open(with(DispatchMode.WORKERS)).start()) {
      var waiting = new CountDownLatch(1);
      var goOn = new CountDownLatch(1);
      var ran = new AtomicBoolean();
      fake.loop.register(
          fake.platform.readablePollable(),
          Interest.READABLE,
          new RecordingHandler((mine, readiness) -> {
            waiting.countDown();
            awaitUninterruptibly(goOn);
            var done = new CountDownLatch(1);
            mine.loop().execute(done::countDown);
            awaitUninterruptibly(done);
            ran.set(true);
            mine.close();
          }));
      Await.await(waiting);
      end.ask(fake.loop);
      goOn.countDown();
      fake.runner().join();
      assertThat(ran).isTrue();
    }
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    while (latch.getCount() > 0) {
      try {
        latch.await();
      } catch (InterruptedException e) {
        // A shutdown that forces does that.
      }
    }
  }

  // The timer is cancelled, and nobody can tell those who wait for what it would have done.
  @ParameterizedTest
  @EnumSource(End.class)
  void workerThatWaitsForATimerIsInterruptedWhenTheTimeOfTheEndIsOver(End end) throws Exception {
    try (var fake =
        FakeLoop.open(with(DispatchMode.WORKERS).closeTimeout(Duration.ofMillis(20))).start()) {
      var waiting = new CountDownLatch(1);
      var handler =
          new RecordingHandler((mine, readiness) -> {
            var due = new CountDownLatch(1);
            mine.loop().schedule(LONG, due::countDown);
            waiting.countDown();
            due.await();
          });
      fake.loop.register(fake.platform.readablePollable(), Interest.READABLE, handler);
      Await.await(waiting);
      end.ask(fake.loop);
      fake.runner().join();
      assertThat(handler.awaitError()).isInstanceOf(InterruptedException.class);
    }
  }

  // ---- workers at the end of the time

  @Test
  void callbacksThatWaitForAWorkerDoNotBeginWhenTheTimeIsOver() throws Exception {
    try (var fake = FakeLoop.openVirtual(with(DispatchMode.WORKERS))) {
      var busy = new CountDownLatch(1);
      var begun = new AtomicInteger();
      var interrupts = new AtomicInteger();
      for (int i = 0; i < 5; i++) {
        FakePollable pollable = fake.platform.readablePollable();
        fake.loop.register(
            pollable,
            Interest.READABLE,
            new EventHandler() {
              @Override
              public void onReady(Registration registration, Readiness readiness) {
                begun.incrementAndGet();
                busy.countDown();
                while (interrupts.get() < 3) {
                  try {
                    new CountDownLatch(1).await();
                  } catch (InterruptedException e) {
                    interrupts.incrementAndGet();
                    fake.platform.advance(BETWEEN_INTERRUPTS_NS);
                  }
                }
              }

              @Override
              public void onShutdown(Registration registration) {}
            });
      }
      fake.start(); // one poll brings them all
      Await.await(busy);
      fake.settle();
      var stage = fake.loop.shutdown(Duration.ofNanos(100));
      fake.settle();
      fake.platform.advance(100);
      ShutdownReport report = Await.outcomeOf(stage);
      assertThat(begun).as("callbacks that were begun").hasValue(1);
      assertThat(interrupts).as("interrupted until it ended").hasValue(3);
      assertThat(report.forced()).isEqualTo(5);
      assertThat(report.inTime()).isFalse();
      assertThat(report.stillRunning()).isEmpty();
    }
  }

  // ---- the clock decides

  @ParameterizedTest
  @CsvSource({"99, true", "100, true", "101, false"})
  void inTimeIsWhatTheClockSays(long tookNs, boolean inTime) throws Exception {
    try (var fake = FakeLoop.openVirtual(LoopConfig.builder()).start()) {
      CountDownLatch released = LoopRunner.hold(fake.loop);
      var stage = fake.loop.shutdown(Duration.ofNanos(100));
      fake.platform.advance(tookNs);
      released.countDown();
      ShutdownReport report = Await.outcomeOf(stage);
      assertThat(report.took()).isEqualTo(Duration.ofNanos(tookNs));
      assertThat(report.inTime()).isEqualTo(inTime);
      assertThat(report.forced()).isZero();
    }
  }

  @Test
  void taskThatSubmitsItselfForEverEndsWithTheTimeAndIsNotInTime() throws Exception {
    try (var fake = FakeLoop.open().start()) {
      var again =
          new Runnable() {
            @Override
            public void run() {
              fake.loop.execute(this);
            }
          };
      fake.loop.execute(again);
      assertThat(Await.outcomeOf(fake.loop.shutdown(SHORT)).inTime()).isFalse();
      fake.runner().join();
      assertThat(fake.takeUncaught())
          .as("the last time it is refused")
          .hasOnlyElementsOfType(RejectedExecutionException.class);
    }
  }

  // ---- a callback that does not return

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void reportComesThoughACallbackDoesNotReturnAndSaysWhich(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(with(dispatch)).start()) {
      Blocking blocking = block(fake);
      FakePollable other = fake.platform.pollable();
      fake.loop.register(other, Interest.READABLE, (mine, readiness) -> {});
      fake.loop.schedule(LONG, () -> {});
      ShutdownReport report = Await.outcomeOf(fake.loop.shutdown(SHORT));
      assertThat(report.inTime()).isFalse();
      assertThat(report.took()).isGreaterThan(SHORT);
      assertThat(report.timersCancelled()).isEqualTo(1);
      assertThat(report.stillRunning())
          .singleElement()
          .asString()
          .startsWith("held")
          .contains("blockUntilReleased");
      if (dispatch == DispatchMode.WORKERS) {
        assertThat(report.stillRunning().getFirst())
            .contains("handler " + Blocking.class.getName());
      }
      assertThat(report.forced()).as("the other had no chance either").isEqualTo(2);
      assertThat(fake.runner().thread().isAlive()).isTrue();
      blocking.released.countDown();
      fake.runner().join();
      assertThat(fake.platform.openCount()).isZero();
      assertThat(Await.outcomeOf(fake.loop.shutdown(LONG))).as("afterwards").isSameAs(report);
    }
  }

  @Test
  void lateReportCountsBytesThatAreNotDelivered() throws Exception {
    try (var fake = FakeLoop.open(with(DispatchMode.INLINE)).start()) {
      fake.loop.register(
          fake.platform.pollable(),
          Interest.WRITABLE,
          new EventHandler() {
            @Override
            public void onReady(Registration registration, Readiness readiness) {}

            @Override
            public long undeliveredBytes(Registration registration) {
              return 7;
            }
          });
      CountDownLatch released = LoopRunner.hold(fake.loop);
      ShutdownReport report = Await.outcomeOf(fake.loop.shutdown(SHORT));
      assertThat(report.undeliveredBytes()).isEqualTo(7);
      assertThat(report.queuedBytes()).isEqualTo(7);
      assertThat(report.undelivered()).singleElement().extracting("bytes").isEqualTo(7L);
      released.countDown();
    }
  }

  // A dependent of the stage may block: the JDK's timer thread serves the whole JVM.
  @Test
  void lateReportComesOnAThreadOfItsOwn() throws Exception {
    try (var fake = FakeLoop.open(with(DispatchMode.INLINE)).start()) {
      CountDownLatch released = LoopRunner.hold(fake.loop);
      var where = new CompletableFuture<String>();
      fake.loop
          .shutdown(SHORT)
          .thenAccept(report -> where.complete(Thread.currentThread().getName()));
      assertThat(Await.outcomeOf(where)).isEqualTo("mill-late-shutdown");
      released.countDown();
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void closeFromAnotherThreadWaitsForACallbackNoLongerThanItIsAllowed(DispatchMode dispatch)
      throws Exception {
    try (var fake = FakeLoop.open(with(dispatch).closeTimeout(Duration.ofMillis(20))).start()) {
      Blocking blocking = block(fake);
      assertThatThrownBy(fake.loop::close)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("closes itself when this has returned")
          .hasMessageContaining("blockUntilReleased");
      blocking.released.countDown();
      fake.runner().join();
      assertThat(fake.platform.openCount()).isZero();
      fake.loop.close(); // it is by now
    }
  }

  @Test
  void groupSaysWhatHoldsItUp() throws Exception {
    var config =
        LoopGroupConfig.builder().loops(2).loop(each -> each.closeTimeout(Duration.ofMillis(20)));
    EventLoopGroup group = EventLoopGroup.open(config.build()).start();
    CountDownLatch released = LoopRunner.hold(group.next());
    GroupShutdownReport report = Await.outcomeOf(group.shutdown(SHORT));
    assertThat(report.inTime()).isFalse();
    assertThat(report.stillRunning()).singleElement().asString().contains("LoopRunner");
    assertThatThrownBy(group::close)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("LoopRunner");
    released.countDown();
    group.awaitEnd();
    group.close();
  }

  @Test
  void waitingForTheGroupsEndOnOneOfItsThreadsIsRefused() throws Exception {
    try (EventLoopGroup group =
        EventLoopGroup.open(LoopGroupConfig.builder().loops(2).build()).start()) {
      var refused = new CompletableFuture<Throwable>();
      group
          .next()
          .execute(() -> {
            try {
              group.shutdown(LONG).toCompletableFuture().join();
            } catch (IllegalStateException e) {
              refused.complete(e);
            }
          });
      assertThat(Await.outcomeOf(refused)).hasMessageContaining("cannot wait for the group's own");
    }
  }

  @Test
  void interruptDoesNotShortenTheWaitOfCloseAndIsKept() throws Exception {
    try (var fake = FakeLoop.open(with(DispatchMode.INLINE).closeTimeout(LONG)).start()) {
      Blocking blocking = block(fake);
      var closing = new AtomicReference<Thread>();
      FutureTask<Boolean> closed =
          Await.inBackground(
              "closing",
              () -> {
                closing.set(Thread.currentThread());
                fake.loop.close();
                return Thread.interrupted();
              });
      Await.eventually("it waits", () -> closing.get() != null);
      Await.state(closing.get(), Thread.State.TIMED_WAITING);
      closing.get().interrupt();
      Await.eventually("it has noticed", () -> !closing.get().isInterrupted());
      Await.state(closing.get(), Thread.State.TIMED_WAITING);
      blocking.released.countDown();
      assertThat(Await.outcome(closed)).isTrue();
    }
  }

  // ---- waiting for oneself

  @Test
  void waitingForTheLoopsEndOnItsOwnThreadsIsRefused() throws Exception {
    for (DispatchMode dispatch : DispatchMode.values()) {
      try (var fake = FakeLoop.open(with(dispatch)).start()) {
        var handler =
            new RecordingHandler(
                (mine, readiness) -> mine.loop().shutdown(LONG).toCompletableFuture().join());
        fake.loop.register(fake.platform.readablePollable(), Interest.READABLE, handler);
        assertThat(handler.awaitError())
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("cannot wait for the loop's own end");
        fake.runner().join();
      }
    }
  }

  @Test
  void waitingForOffloadedWorkOnTheLoopsThreadIsRefused() throws Exception {
    try (var fake = FakeLoop.open().start()) {
      var handler =
          new RecordingHandler((mine, readiness) ->
              mine.loop().offload(work -> {}, () -> 1).thenApply(one -> one + 1).get());
      fake.loop.register(fake.platform.readablePollable(), Interest.READABLE, handler);
      assertThat(handler.awaitError())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("thenAccept");
    }
  }

  // ---- a hook

  @ParameterizedTest
  @ValueSource(strings = {"task", "handler", "group"})
  void hookOfTheJavadocLetsTheVirtualMachineExit(String heldUp) throws Exception {
    ChildJvm.Outcome outcome = ChildJvm.of(ShutdownHookProgram.class).run(heldUp);
    assertThat(outcome.exitCode()).as(outcome.toString()).isEqualTo(3);
    assertThat(outcome.out()).contains("in time: false").contains("ShutdownHookProgram");
  }
}
