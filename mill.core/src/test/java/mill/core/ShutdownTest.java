package mill.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.testing.Await;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Promise 10: stop accepting, drain, force, and say what was delivered. */
class ShutdownTest {
  private static final Duration LONG = Duration.ofMinutes(10);

  /** Has bytes to deliver, delivers one at each event, and closes when all are delivered. */
  private static final class Draining implements EventHandler {
    final AtomicLong left;
    final AtomicInteger told = new AtomicInteger();
    private volatile boolean ending;

    Draining(long bytes) {
      left = new AtomicLong(bytes);
    }

    @Override
    public void onReady(Registration registration, Readiness readiness) {
      if (left.get() > 0) {
        left.decrementAndGet();
      }
      closeIfDone(registration);
    }

    @Override
    public void onShutdown(Registration registration) {
      told.incrementAndGet();
      ending = true;
      closeIfDone(registration);
    }

    @Override
    public long undeliveredBytes(Registration registration) {
      return left.get();
    }

    private void closeIfDone(Registration registration) {
      if (ending && left.get() == 0) {
        registration.close();
      }
    }
  }

  private static LoopConfig.Builder with(DispatchMode dispatch) {
    return LoopConfig.builder().dispatch(dispatch).workers(2);
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void whatIsQueuedIsDeliveredAndReported(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(with(dispatch)).start()) {
      List<Draining> handlers = new ArrayList<>();
      List<FakePollable> pollables = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        var handler = new Draining(i);
        handlers.add(handler);
        FakePollable pollable = fake.platform.pollable();
        pollables.add(pollable);
        fake.loop.register(pollable, Interest.WRITABLE, handler);
      }
      fake.settle();
      var stage = fake.loop.shutdown(LONG);
      fake.settle(); // all have been asked what they have queued
      pollables.forEach(pollable -> {
        if (pollable.isOpen()) {
          pollable.ready(Readiness.WRITABLE);
        }
      });
      ShutdownReport report = Await.outcomeOf(stage);
      fake.runner().join();
      assertThat(report.inTime()).isTrue();
      assertThat(report.ended()).isEqualTo(20);
      assertThat(report.forced()).isZero();
      assertThat(report.queuedBytes()).isEqualTo(190);
      assertThat(report.deliveredBytes()).isEqualTo(190);
      assertThat(report.undelivered()).isEmpty();
      assertThat(handlers).allSatisfy(handler -> assertThat(handler.told).hasValue(1));
      assertThat(fake.platform.openCount()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void whatIsNotDeliveredInTimeIsForcedAndReported(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.openVirtual(with(dispatch)).start()) {
      FakePollable stuck = fake.platform.pollable();
      fake.loop.register(stuck, Interest.WRITABLE, new Draining(100));
      fake.loop.register(fake.platform.pollable(), Interest.WRITABLE, new Draining(0));
      fake.settle();
      CompletableFuture<ShutdownReport> stage =
          fake.loop.shutdown(Duration.ofNanos(500)).toCompletableFuture();
      fake.settle();
      if (dispatch == DispatchMode.INLINE) {
        assertThat(fake.poller().sleepNs()).as("until the time is over").isEqualTo(500);
      }
      fake.platform.advance(499);
      assertThat(stage).isNotDone();
      assertThat(stuck.isOpen()).isTrue();
      fake.platform.advance(1);
      ShutdownReport report = Await.outcomeOf(stage);
      assertThat(report.inTime()).isFalse();
      assertThat(report.ended()).isEqualTo(1);
      assertThat(report.forced()).isEqualTo(1);
      assertThat(report.queuedBytes()).isEqualTo(100);
      assertThat(report.undeliveredBytes()).isEqualTo(100);
      assertThat(report.deliveredBytes()).isZero();
      assertThat(report.undelivered())
          .singleElement()
          .satisfies(one -> {
            assertThat(one.bytes()).isEqualTo(100);
            assertThat(one.what()).contains("FakePollable");
          });
      assertThat(report.took()).isEqualTo(Duration.ofNanos(500));
      assertThat(stuck.isOpen()).isFalse();
    }
  }

  @Test
  void handlerIsNotToldWhileItsCallbackRunsOnAWorker() throws Exception {
    try (var fake = FakeLoop.open(with(DispatchMode.WORKERS)).start()) {
      var running = new CountDownLatch(1);
      var goOn = new CountDownLatch(1);
      var inside = new AtomicBoolean();
      var overlapped = new AtomicBoolean();
      fake.loop.register(
          fake.platform.readablePollable(),
          Interest.READABLE,
          Trigger.ONESHOT,
          new EventHandler() {
            @Override
            public void onReady(Registration registration, Readiness readiness) {
              inside.set(true);
              running.countDown();
              Await.await(goOn);
              inside.set(false);
            }

            @Override
            public void onShutdown(Registration registration) {
              overlapped.set(inside.get());
              registration.close();
            }
          });
      Await.await(running);
      var stage = fake.loop.shutdown(LONG);
      fake.settle(); // the loop has done what it can
      goOn.countDown();
      assertThat(Await.outcomeOf(stage).ended()).isEqualTo(1);
      assertThat(overlapped).isFalse();
    }
  }

  @Test
  void listenersAreClosedFirstAndTheirHandlersAreNotAsked() throws Exception {
    try (var fake = FakeLoop.open().start()) {
      var order = new ArrayList<String>();
      FakePollable connection = fake.platform.pollable();
      FakePollable listener = fake.platform.listener();
      fake.loop.register(
          connection,
          Interest.READABLE,
          new EventHandler() {
            @Override
            public void onReady(Registration registration, Readiness readiness) {}

            @Override
            public void onShutdown(Registration registration) {
              order.add(listener.isOpen() ? "connection before listener" : "connection");
              registration.close();
            }
          });
      fake.loop.register(
          listener,
          Interest.READABLE,
          new EventHandler() {
            @Override
            public void onReady(Registration registration, Readiness readiness) {}

            @Override
            public void onShutdown(Registration registration) {
              order.add("listener");
            }
          });
      ShutdownReport report = Await.outcomeOf(fake.loop.shutdown(LONG));
      assertThat(order).containsExactly("connection");
      assertThat(report.listenersClosed()).isEqualTo(1);
      assertThat(report.ended()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void shutdownFromAHandlerDoesNotWaitForItself(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(with(dispatch)).start()) {
      var stages = new AtomicReference<CompletableFuture<ShutdownReport>>();
      var asked = new CountDownLatch(1);
      fake.loop.register(
          fake.platform.readablePollable(),
          Interest.READABLE,
          (mine, readiness) -> {
            if (stages.get() == null) {
              stages.set(mine.loop().shutdown(LONG).toCompletableFuture());
              asked.countDown();
            }
          });
      Await.await(asked);
      fake.runner().join();
      assertThat(stages.get()).isCompleted();
      assertThat(stages.get().join().ended()).isEqualTo(1);
      assertThat(fake.platform.openCount()).isZero();
    }
  }

  @Test
  void secondCallHasTheSameOutcomeAndMayHurry() throws Exception {
    try (var fake = FakeLoop.openVirtual(LoopConfig.builder()).start()) {
      fake.loop.register(fake.platform.pollable(), Interest.WRITABLE, new Draining(7));
      CompletableFuture<ShutdownReport> first = fake.loop.shutdown(LONG).toCompletableFuture();
      fake.settle();
      CompletableFuture<ShutdownReport> later =
          fake.loop.shutdown(LONG.multipliedBy(2)).toCompletableFuture();
      fake.settle();
      assertThat(fake.poller().sleepNs()).as("not put off").isEqualTo(LONG.toNanos());
      CompletableFuture<ShutdownReport> now =
          fake.loop.shutdown(Duration.ZERO).toCompletableFuture();
      ShutdownReport report = Await.outcomeOf(first);
      assertThat(report.forced()).isEqualTo(1);
      assertThat(Await.outcomeOf(later)).isSameAs(report);
      assertThat(Await.outcomeOf(now)).isSameAs(report);
      assertThat(Await.outcomeOf(fake.loop.shutdown(LONG))).as("after the end").isSameAs(report);
    }
  }

  @Test
  void loopThatNeverRanIsClosedAtOnceByTheCaller() throws Exception {
    try (var fake = FakeLoop.open()) {
      FakePollable pollable = fake.platform.pollable();
      fake.loop.register(pollable, Interest.WRITABLE, new Draining(3));
      fake.loop.schedule(LONG, () -> {});
      var ran = new AtomicInteger();
      fake.loop.execute(ran::incrementAndGet);
      CompletableFuture<ShutdownReport> stage = fake.loop.shutdown(LONG).toCompletableFuture();
      assertThat(stage).isCompleted();
      assertThat(stage.join().forced()).isEqualTo(1);
      assertThat(stage.join().undeliveredBytes()).isEqualTo(3);
      assertThat(stage.join().timersCancelled()).isEqualTo(1);
      assertThat(pollable.isOpen()).isFalse();
      assertThat(ran).as("accepted tasks").hasValue(1);
      fake.loop.run(); // returns at once: whoever was about to run it hears no error
    }
  }

  @Test
  void loopThatWasClosedReportsThatThereWasNothing() throws Exception {
    try (var fake = FakeLoop.open()) {
      fake.loop.close();
      ShutdownReport report = Await.outcomeOf(fake.loop.shutdown(LONG));
      assertThat(report.inTime()).isTrue();
      assertThat(report.forced() + report.ended()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void registrationMadeMeanwhileIsToldToo(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(with(dispatch)).start()) {
      var last = new Draining(0);
      fake.loop.register(
          fake.platform.pollable(),
          Interest.READABLE,
          new EventHandler() {
            @Override
            public void onReady(Registration registration, Readiness readiness) {}

            @Override
            public void onShutdown(Registration registration) throws Exception {
              fake.loop.register(fake.platform.pollable(), Interest.READABLE, last);
              registration.close();
            }
          });
      ShutdownReport report = Await.outcomeOf(fake.loop.shutdown(LONG));
      assertThat(last.told).hasValue(1);
      assertThat(report.ended()).isEqualTo(2);
      assertThat(report.inTime()).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void handlerThatThrowsWhenToldLosesItsConnectionOnly(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(with(dispatch)).start()) {
      var planned = new IllegalStateException("planned");
      var heard = new AtomicReference<Throwable>();
      fake.loop.register(
          fake.platform.pollable(),
          Interest.READABLE,
          new EventHandler() {
            @Override
            public void onReady(Registration registration, Readiness readiness) {}

            @Override
            public void onShutdown(Registration registration) {
              throw planned;
            }

            @Override
            public void onError(Registration registration, Throwable error) {
              heard.set(error);
            }

            @Override
            public long undeliveredBytes(Registration registration) {
              return 5;
            }
          });
      fake.loop.register(fake.platform.pollable(), Interest.READABLE, new Draining(0));
      ShutdownReport report = Await.outcomeOf(fake.loop.shutdown(LONG));
      assertThat(heard).hasValue(planned);
      assertThat(report.ended()).isEqualTo(2);
      assertThat(report.undeliveredBytes()).isEqualTo(5);
    }
  }

  // The loop sleeps then, and must hear of it.
  @Test
  void lastConnectionThatIsClosedFromAnotherThreadEndsTheShutdown() throws Exception {
    for (int round = 0; round < 200; round++) {
      try (var fake = FakeLoop.open().start()) {
        FakePollable pollable = fake.platform.pollable();
        fake.loop.register(pollable, Interest.WRITABLE, new Draining(1));
        var stage = fake.loop.shutdown(LONG);
        pollable.close();
        assertThat(Await.outcomeOf(stage).ended()).isEqualTo(1);
      }
    }
  }

  // The one that closes it is held up just before it counts; the loop, awake, must not think that
  // it was the last.
  @Test
  void registrationThatIsJustBeingClosedElsewhereIsStillCounted() throws Exception {
    try (var fake = FakeLoop.open().start()) {
      Thread closing = Thread.currentThread();
      var ended = new CountDownLatch(1);
      FakePollable pollable = fake.platform.pollable();
      fake.loop.register(
          pollable,
          Interest.READABLE,
          new EventHandler() {
            @Override
            public void onReady(Registration registration, Readiness readiness) {}

            @Override
            public void onShutdown(Registration registration) {}

            @Override
            public long undeliveredBytes(Registration registration) {
              if (Thread.currentThread() == closing) {
                fake.poller().wake();
                assertThat(Await.happensInAMoment(ended)).as("the shutdown is over").isFalse();
              }
              return 5;
            }
          });
      CompletableFuture<ShutdownReport> stage = fake.loop.shutdown(LONG).toCompletableFuture();
      CompletableFuture<Void> over = stage.thenRun(ended::countDown);
      fake.settle();
      pollable.close();
      assertThat(Await.outcomeOf(stage).ended()).isEqualTo(1);
      assertThat(stage.join().undeliveredBytes()).isEqualTo(5);
      assertThat(over).isCompleted();
    }
  }

  @Test
  void tasksAndTimersGoOnWhileTheLoopDrains() throws Exception {
    try (var fake = FakeLoop.openVirtual(LoopConfig.builder().timerTick(Duration.ofNanos(1)))) {
      FakePollable pollable = fake.platform.pollable();
      fake.loop.register(pollable, Interest.WRITABLE, new Draining(1));
      fake.start();
      var stage = fake.loop.shutdown(LONG);
      var ran = new AtomicInteger();
      fake.loop.execute(ran::incrementAndGet);
      fake.loop.schedule(Duration.ofNanos(10), pollable::close);
      fake.settle();
      assertThat(ran).hasValue(1);
      fake.platform.advance(10);
      assertThat(Await.outcomeOf(stage).inTime()).isTrue();
    }
  }

  @Test
  void workerThatBlocksIsInterruptedWhenTheTimeIsOver() throws Exception {
    try (var fake = FakeLoop.openVirtual(with(DispatchMode.WORKERS)).start()) {
      var blocked = new CountDownLatch(1);
      var interrupted = new AtomicBoolean();
      fake.loop.register(
          fake.platform.readablePollable(),
          Interest.READABLE,
          new RecordingHandler((mine, readiness) -> {
            blocked.countDown();
            try {
              new CountDownLatch(1).await();
            } catch (InterruptedException e) {
              interrupted.set(true);
              throw e;
            }
          }));
      Await.await(blocked);
      var stage = fake.loop.shutdown(Duration.ofNanos(100));
      fake.settle();
      fake.platform.advance(100);
      assertThat(Await.outcomeOf(stage)).isNotNull();
      assertThat(interrupted).isTrue();
    }
  }

  @Test
  void negativeTimeIsRefused() throws Exception {
    try (var fake = FakeLoop.open()) {
      assertThatThrownBy(() -> fake.loop.shutdown(Duration.ofNanos(-1)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("use 0");
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void shutdownOfAnIdleLoopEndsItAtOnceEveryTime(DispatchMode dispatch) throws Exception {
    for (int round = 0; round < 100; round++) {
      try (EventLoop loop = EventLoop.open(with(dispatch).build())) {
        LoopRunner runner = LoopRunner.startAndAwait(loop);
        assertThat(Await.outcomeOf(loop.shutdown(LONG)).inTime()).isTrue();
        runner.join();
      }
    }
  }
}
