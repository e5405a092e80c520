package mill.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import mill.core.FakePoller.Op;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.testing.Allocations;
import mill.testing.Await;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Promise 9: whatever ends a registration, its handler hears it once, and last. */
class OnClosedTest {
  private static void assertCalledByItsThread(ClosingHandler handler, DispatchMode dispatch) {
    assertThat(handler.closedOnOwnThread()).isTrue();
    assertThat(handler.closedOnLoopThread()).isEqualTo(dispatch == DispatchMode.INLINE);
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void cancelByTheHandlerItselfIsHeardWhenItsCallbackHasReturned(DispatchMode dispatch)
      throws Exception {
    try (var fake = FakeLoop.open(dispatch);
        var pollable = fake.platform.readablePollable()) {
      var completeAtOnce = new AtomicBoolean();
      var handler =
          new ClosingHandler((mine, readiness) -> completeAtOnce.set(Await.isDone(mine.cancel())));
      fake.loop.register(pollable, Interest.READABLE, handler);
      fake.start();
      assertThat(handler.awaitClosed()).containsExactly("onReady", "onClosed CANCELLED");
      assertCalledByItsThread(handler, dispatch);
      assertThat(completeAtOnce).isTrue();
      assertThat(pollable.isOpen()).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void stageOfACancelByAnotherThreadCompletesAfterIt(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch).start();
        var pollable = fake.platform.readablePollable()) {
      for (int round = 0; round < 500; round++) {
        var handler = new ClosingHandler();
        Registration registration = fake.loop.register(pollable, Interest.READABLE, handler);
        if (round % 2 == 0) {
          handler.awaitReady();
        }
        Await.done(registration.cancel());
        assertThat(handler.requireClosed()).last().isEqualTo("onClosed CANCELLED");
        assertCalledByItsThread(handler, dispatch);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void cancelByAnotherThreadWaitsForTheCallbackUnderWay(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch);
        var pollable = fake.platform.readablePollable()) {
      var release = new CountDownLatch(1);
      var handler = new ClosingHandler((mine, readiness) -> Await.await(release));
      Registration registration = fake.loop.register(pollable, Interest.READABLE, handler);
      fake.start();
      handler.awaitReady();
      CompletionStage<Void> stage = registration.cancel();
      assertThat(handler.isClosed()).isFalse();
      release.countDown();
      Await.done(stage);
      assertThat(handler.requireClosed()).containsExactly("onReady", "onClosed CANCELLED");
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void cancelByAnotherHandlerOfTheBatchIsHeardOutsideOfThatOne(DispatchMode dispatch)
      throws Exception {
    try (var fake = FakeLoop.open(dispatch);
        var first = fake.platform.pollable();
        var second = fake.platform.readablePollable()) {
      var victim = new ClosingHandler();
      Registration registration = fake.loop.register(first, Interest.READABLE, victim);
      var nested = new AtomicBoolean();
      var canceller =
          new ClosingHandler((mine, readiness) -> {
            registration.cancel();
            nested.set(dispatch == DispatchMode.INLINE && victim.isClosed());
            mine.cancel();
          });
      fake.loop.register(second, Interest.READABLE, canceller);
      fake.start();
      assertThat(victim.awaitClosed()).containsExactly("onClosed CANCELLED");
      assertThat(canceller.awaitClosed()).containsExactly("onReady", "onClosed CANCELLED");
      assertThat(nested).isFalse();
      assertCalledByItsThread(victim, dispatch);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void pollableClosedByItsHandlerIsHeard(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch)) {
      var handler = new ClosingHandler((mine, readiness) -> mine.pollable().close());
      fake.loop.register(fake.platform.readablePollable(), Interest.READABLE, handler);
      fake.start();
      assertThat(handler.awaitClosed()).containsExactly("onReady", "onClosed POLLABLE_CLOSED");
      assertCalledByItsThread(handler, dispatch);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void pollableClosedByAnotherThreadIsHeard(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch).start()) {
      FakePollable pollable = fake.platform.pollable();
      var handler = new ClosingHandler();
      fake.loop.register(pollable, Interest.READABLE, handler);
      fake.settle();
      pollable.close();
      assertThat(handler.awaitClosed()).containsExactly("onClosed POLLABLE_CLOSED");
      assertCalledByItsThread(handler, dispatch);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void handlerThatThrowsHearsItAfterOnError(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch)) {
      var handler =
          new ClosingHandler((mine, readiness) -> {
            throw new StackOverflowError("planned");
          });
      fake.loop.register(fake.platform.readablePollable(), Interest.READABLE, handler);
      fake.start();
      assertThat(handler.awaitClosed()).containsExactly("onReady", "onError", "onClosed FAILED");
      assertCalledByItsThread(handler, dispatch);
      assertThat(fake.platform.openCount()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void cancelFromATaskAndFromATimerAreHeardInTheSameTurn(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch).start();
        var pollable = fake.platform.pollable()) {
      var byTask = new ClosingHandler();
      Registration first = fake.loop.register(pollable, Interest.READABLE, byTask);
      fake.settle();
      fake.loop.execute(first::cancel);
      byTask.awaitClosed();
      var byTimer = new ClosingHandler();
      Registration second = fake.loop.register(pollable, Interest.READABLE, byTimer);
      fake.loop.schedule(Duration.ZERO, second::cancel);
      byTimer.awaitClosed();
      assertCalledByItsThread(byTask, dispatch);
      assertCalledByItsThread(byTimer, dispatch);
    }
  }

  // ---- the ends of the loop

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void closeOfARunningLoopIsHeardByTheThreadThatEndsIt(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch).start()) {
      var quiet = new ClosingHandler();
      var busy = new ClosingHandler();
      fake.loop.register(fake.platform.pollable(), Interest.READABLE, quiet);
      fake.loop.register(fake.platform.readablePollable(), Interest.READABLE, busy);
      busy.awaitReady();
      fake.loop.close();
      assertThat(quiet.requireClosed()).containsExactly("onClosed LOOP_CLOSED");
      assertThat(busy.requireClosed()).containsExactly("onReady", "onClosed LOOP_CLOSED");
      assertThat(busy.closedOn()).isSameAs(fake.runner().thread());
      assertThat(busy.closedOnLoopThread()).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void closeByAHandlerIsHeardBeforeRunReturns(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch)) {
      var handler = new ClosingHandler((mine, readiness) -> mine.loop().close());
      fake.loop.register(fake.platform.readablePollable(), Interest.READABLE, handler);
      fake.start();
      fake.runner().join();
      assertThat(handler.requireClosed()).containsExactly("onReady", "onClosed LOOP_CLOSED");
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void closeOfALoopThatNeverRanAndOfOneThatHasEndedIsHeardByTheCaller(DispatchMode dispatch)
      throws Exception {
    for (boolean ran : List.of(false, true)) {
      try (var fake = FakeLoop.open(dispatch)) {
        var handler = new ClosingHandler();
        fake.loop.register(fake.platform.pollable(), Interest.READABLE, handler);
        if (ran) {
          fake.start();
          fake.stopAndJoin();
          assertThat(handler.isClosed()).as("stop ends no registration").isFalse();
        }
        fake.loop.close();
        assertThat(handler.requireClosed()).containsExactly("onClosed LOOP_CLOSED");
        assertThat(handler.closedOn()).isSameAs(Thread.currentThread());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void cancelWhileTheLoopDoesNotRunIsHeardByTheCallerBeforeItReturns(DispatchMode dispatch)
      throws Exception {
    for (boolean ran : List.of(false, true)) {
      try (var fake = FakeLoop.open(dispatch);
          var pollable = fake.platform.readablePollable()) {
        var cancelled = new ClosingHandler();
        Registration registration = fake.loop.register(pollable, Interest.NONE, cancelled);
        if (ran) {
          fake.start();
          fake.stopAndJoin();
        }
        assertThat(Await.isDone(registration.cancel())).isTrue();
        assertThat(cancelled.requireClosed()).containsExactly("onClosed CANCELLED");
        assertThat(cancelled.closedOn()).isSameAs(Thread.currentThread());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void endOfTheHandlerInAShutdownIsHeardAsItsCancel(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch).start()) {
      var handler = new ClosingHandler();
      var listener = new ClosingHandler();
      fake.loop.register(fake.platform.pollable(), Interest.READABLE, handler);
      fake.loop.register(fake.platform.listener(), Interest.READABLE, listener);
      ShutdownReport report = Await.outcomeOf(fake.loop.shutdown(Duration.ofMinutes(1)));
      assertThat(handler.requireClosed()).containsExactly("onShutdown", "onClosed CANCELLED");
      assertThat(listener.requireClosed()).containsExactly("onClosed LOOP_CLOSED");
      assertThat(report.inTime()).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void whatAShutdownForcesHearsThatItIsForced(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch).start()) {
      var handler = new Staying((mine, readiness) -> {});
      fake.loop.register(fake.platform.pollable(), Interest.READABLE, handler);
      ShutdownReport report = Await.outcomeOf(fake.loop.shutdown(Duration.ofMillis(20)));
      assertThat(handler.requireClosed()).containsExactly("onShutdown", "onClosed SHUTDOWN_FORCED");
      assertThat(report.inTime()).isFalse();
    }
  }

  /** Stays when the loop shuts down. */
  private static final class Staying extends ClosingHandler {
    Staying(EventHandler whenReady) {
      super(whenReady);
    }

    @Override
    public void onShutdown(Registration registration) {
      task("onShutdown");
    }
  }

  // One worker is held up until it is interrupted; the others wait for it.
  @Test
  void whatWaitsForAWorkerWhenTheTimeIsOverHearsThatItIsForced() throws Exception {
    var config = LoopConfig.builder().dispatch(DispatchMode.WORKERS).workers(1);
    try (var fake = FakeLoop.open(config)) {
      var blocked =
          new Staying((mine, readiness) -> {
            try {
              new CountDownLatch(1).await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          });
      fake.loop.register(fake.platform.readablePollable(), Interest.READABLE, blocked);
      fake.start();
      blocked.awaitReady();
      var waiting = new ArrayList<ClosingHandler>();
      for (int i = 0; i < 20; i++) {
        waiting.add(new Staying((mine, readiness) -> {}));
        fake.loop.register(fake.platform.readablePollable(), Interest.READABLE, waiting.getLast());
      }
      Await.outcomeOf(fake.loop.shutdown(Duration.ofMillis(20)));
      assertThat(blocked.requireClosed()).last().isEqualTo("onClosed SHUTDOWN_FORCED");
      for (ClosingHandler handler : waiting) {
        assertThat(handler.requireClosed()).last().isEqualTo("onClosed SHUTDOWN_FORCED");
      }
    }
  }

  // ---- refused

  private static ClosingHandler refused(FakeLoop fake, FakePollable pollable) {
    var handler = new ClosingHandler();
    assertThatThrownBy(() -> fake.loop.register(pollable, Interest.READABLE, handler))
        .isInstanceOfAny(IOException.class, IllegalStateException.class);
    assertThat(handler.requireClosed()).containsExactly("onClosed REFUSED");
    assertThat(handler.closedOn()).isSameAs(Thread.currentThread());
    return handler;
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  @SuppressWarnings("try") // the pollable is closed in the middle: that is the point
  void refusedRegistrationIsHeardBeforeRegisterThrows(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch).start()) {
      FakePollable pollable = fake.platform.pollable();
      fake.poller().fail(Op.ADD, 0, "ENOSPC");
      refused(fake, pollable);
      assertThat(pollable.isOpen()).isTrue();
      var registered = new ClosingHandler();
      Registration registration = fake.loop.register(pollable, Interest.READABLE, registered);
      refused(fake, pollable); // twice
      assertThat(registration.isCancelled()).isFalse();
      pollable.close();
      assertThat(registered.awaitClosed()).containsExactly("onClosed POLLABLE_CLOSED");
      refused(fake, pollable);
      assertThat(fake.loop.toString()).contains("0 registrations");
      fake.loop.close();
      try (var late = fake.platform.pollable()) {
        refused(fake, late);
        assertThat(late.isOpen()).isTrue();
      }
    }
  }

  // ---- once, last, serial

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void causeThatCameFirstWins(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch)) {
      var handler =
          new ClosingHandler((mine, readiness) -> {
            mine.pollable().close();
            mine.close();
            mine.loop().close();
            throw new Exception("planned");
          });
      fake.loop.register(fake.platform.readablePollable(), Interest.READABLE, handler);
      fake.start();
      fake.runner().join();
      assertThat(handler.requireClosed())
          .containsExactly("onReady", "onError", "onClosed POLLABLE_CLOSED");
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void whatOnClosedThrowsReachesTheUncaughtHandlerAndNothingElse(DispatchMode dispatch)
      throws Exception {
    try (var fake = FakeLoop.open(dispatch);
        var good = fake.platform.pollable()) {
      var thrown = new StackOverflowError("planned");
      var uncaught = new CopyOnWriteArrayList<Throwable>();
      var handler =
          new ClosingHandler((mine, readiness) -> mine.close()) {
            @Override
            void whenClosed(Registration registration) {
              Thread.currentThread()
                  .setUncaughtExceptionHandler((where, told) -> uncaught.add(told));
              throw thrown;
            }
          };
      Registration registration =
          fake.loop.register(fake.platform.readablePollable(), Interest.READABLE, handler);
      fake.start();
      Await.done(registration.cancel());
      assertThat(handler.requireClosed()).last().asString().startsWith("onClosed");
      assertThat(uncaught).containsExactly(thrown);
      var served = new ClosingHandler();
      Registration other = fake.loop.register(good, Interest.READABLE, served);
      good.ready(Readiness.READABLE);
      served.awaitReady();
      Await.done(other.cancel());
      served.requireClosed();
    }
  }

  // Each closes the next: called inside each other they would overflow the stack.
  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void handlersThatCloseEachOtherAreNotNested(DispatchMode dispatch) throws Exception {
    var config = LoopConfig.builder().dispatch(dispatch).workers(1);
    for (String when : List.of("new", "running", "closing")) {
      try (var fake = FakeLoop.open(config)) {
        if (when.equals("running")) {
          fake.start();
        }
        var depth = new AtomicInteger();
        var deepest = new AtomicInteger();
        var told = new CountDownLatch(20_000);
        Registration before = null;
        for (int i = 0; i < 20_000; i++) {
          Registration previous = before;
          var handler =
              new EventHandler() {
                @Override
                public void onReady(Registration mine, Readiness readiness) {}

                @Override
                public void onClosed(Registration mine, CloseReason reason) {
                  deepest.accumulateAndGet(depth.incrementAndGet(), Math::max);
                  if (previous != null) {
                    previous.close();
                  }
                  depth.decrementAndGet();
                  told.countDown();
                }
              };
          before = fake.loop.register(fake.platform.pollable(), Interest.NONE, handler);
        }
        if (when.equals("closing")) {
          fake.loop.close();
        } else {
          before.close();
        }
        Await.await(told);
        assertThat(deepest).as(when).hasValue(1);
      }
    }
  }

  /** A handler that reads, throws, cancels or closes, as chance has it. */
  private static ClosingHandler atRandom() {
    return new ClosingHandler((mine, readiness) -> {
      switch (ThreadLocalRandom.current().nextInt(8)) {
        case 0 -> throw new Exception("planned");
        case 1 -> mine.cancel();
        case 2 -> mine.pollable().close();
        case 3 -> mine.setInterest(Interest.NONE);
        default -> mine.setInterest(Interest.READABLE);
      }
    });
  }

  private static void endAtRandom(Registration registration) {
    switch (ThreadLocalRandom.current().nextInt(4)) {
      case 0 -> registration.cancel();
      case 1 -> registration.close();
      case 2 -> registration.pollable().close();
      default -> registration.loop().execute(registration::close);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void whoeverEndsItAndWheneverItIsHeardOnceAndLast(DispatchMode dispatch) throws Exception {
    var config = LoopConfig.builder().dispatch(dispatch).workers(2).taskQueueCapacity(1 << 14);
    for (int round = 0; round < 20; round++) {
      var handlers = new ArrayList<ClosingHandler>();
      try (var fake = FakeLoop.open(config).start()) {
        var registrations = new CopyOnWriteArrayList<Registration>();
        for (int i = 0; i < 200; i++) {
          handlers.add(atRandom());
          registrations.add(
              fake.loop.register(
                  fake.platform.readablePollable(), Interest.READABLE, handlers.getLast()));
        }
        var threads = new ArrayList<FutureTask<Void>>();
        for (int t = 0; t < 2; t++) {
          threads.add(
              Await.inBackground(
                  "ending " + t,
                  () -> {
                    registrations.subList(0, 150).forEach(OnClosedTest::endAtRandom);
                    return null;
                  }));
        }
        for (var thread : threads) {
          Await.outcome(thread);
        }
        fake.loop.close();
        registrations.forEach(registration -> registration.pollable().close());
      }
      handlers.forEach(ClosingHandler::awaitClosed);
    }
  }

  // The latecomers tell it themselves.
  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void cancelInTheMomentTheLoopBeginsEndsOrIsClosedIsHeard(DispatchMode dispatch) throws Exception {
    for (int round = 0; round < 300; round++) {
      try (var fake = FakeLoop.open(dispatch)) {
        var handlers = new ArrayList<ClosingHandler>();
        var registrations = new ArrayList<Registration>();
        for (int i = 0; i < 50; i++) {
          handlers.add(new ClosingHandler());
          registrations.add(
              fake.loop.register(
                  fake.platform.readablePollable(), Interest.READABLE, handlers.getLast()));
        }
        if (round % 3 > 0) {
          fake.start();
        }
        var cancelling =
            Await.inBackground(
                "cancelling",
                () -> {
                  for (Registration registration : registrations) {
                    Await.done(registration.cancel());
                  }
                  return null;
                });
        switch (round % 3) {
          case 0 -> fake.start();
          case 1 -> fake.stopAndJoin();
          default -> fake.loop.close();
        }
        Await.outcome(cancelling);
        handlers.forEach(ClosingHandler::requireClosed);
        registrations.forEach(registration -> registration.pollable().close());
      }
    }
  }

  // Itself and its lock: 64 and 16 bytes with compressed references. Before onClosed it was 80 and
  // 16. The loop does not run, so that all of it happens here.
  @Test
  void registrationFromRegisterToOnClosedCostsItselfAndItsLock() throws Exception {
    Allocations.assumeCounted();
    int rounds = 10_000;
    try (var fake = FakeLoop.open();
        var pollable = fake.platform.pollable()) {
      var handler = new CountingHandler();
      long fewest = Long.MAX_VALUE;
      for (int window = 0; window < 30; window++) {
        long before = Allocations.ofCurrentThread();
        for (int i = 0; i < rounds; i++) {
          fake.loop.register(pollable, Interest.NONE, handler).cancel();
        }
        fewest = Math.min(fewest, Allocations.ofCurrentThread() - before);
      }
      assertThat(handler.closed).isEqualTo(30 * rounds);
      assertThat(fewest / rounds).as("bytes of one").isLessThanOrEqualTo(80);
    }
  }

  private static final class CountingHandler implements EventHandler {
    int closed;

    @Override
    public void onReady(Registration registration, Readiness readiness) {}

    @Override
    public void onClosed(Registration registration, CloseReason reason) {
      closed++;
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void endedLoopRefusesAnInterestAndAThrottle(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch)) {
      Registration registration =
          fake.loop.register(fake.platform.pollable(), Interest.READABLE, new ClosingHandler());
      fake.start();
      fake.stopAndJoin();
      assertThatThrownBy(() -> registration.setInterest(Interest.WRITABLE))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("the loop has ended");
      assertThatThrownBy(
              () -> registration.throttle(Interest.READABLE, RateLimiter.perSecond(1, 1)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("the loop has ended");
      assertThat(fake.poller().ops()).containsExactly(Op.ADD);
    }
  }
}
