package mill.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import mill.core.FakePoller.Op;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.natives.net.UnixStream;
import mill.testing.Await;
import mill.testing.Threads;
import mill.testnet.Net;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Promise 4: after the stage of {@code cancel()} has completed, no callback runs. */
class CancelTest {
  private static final EventHandler NOTHING = (registration, readiness) -> {};

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void cancelOfACallbackItselfCompletesAtOnceAndNoOtherComes(DispatchMode dispatch)
      throws Exception {
    try (var fake = FakeLoop.open(dispatch);
        var pollable = fake.platform.readablePollable()) {
      var calls = new AtomicInteger();
      var doneAtOnce = new AtomicBoolean();
      var called = new CountDownLatch(1);
      fake.loop.register(
          pollable,
          Interest.READABLE,
          (registration, readiness) -> {
            calls.incrementAndGet();
            doneAtOnce.set(Await.isDone(registration.cancel()));
            pollable.ready(Readiness.READABLE | Readiness.ERROR);
            called.countDown();
          });
      fake.start();
      Await.await(called);
      fake.settle();
      fake.stopAndJoin();
      assertThat(calls).hasValue(1);
      assertThat(doneAtOnce).isTrue();
      assertThat(pollable.isOpen()).isTrue();
      assertThat(fake.poller().calls()).last().extracting(FakePoller.Call::op).isEqualTo(Op.REMOVE);
    }
  }

  @Test
  void cancelFromAnotherThreadWaitsForTheInlineCallbackUnderWay() throws Exception {
    cancelWaitsForTheCallbackUnderWay(DispatchMode.INLINE);
  }

  @Test
  void cancelFromAnotherThreadWaitsForTheWorkersCallbackUnderWay() throws Exception {
    cancelWaitsForTheCallbackUnderWay(DispatchMode.WORKERS);
  }

  private static void cancelWaitsForTheCallbackUnderWay(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch);
        var pollable = fake.platform.readablePollable()) {
      var entered = new CountDownLatch(1);
      var release = new CountDownLatch(1);
      var left = new AtomicBoolean();
      Registration registration =
          fake.loop.register(
              pollable,
              Interest.READABLE,
              (mine, readiness) -> {
                entered.countDown();
                Await.await(release);
                left.set(true);
              });
      fake.start();
      Await.await(entered);
      CompletionStage<Void> first = registration.cancel();
      CompletionStage<Void> second = registration.cancel();
      assertThat(Await.isDone(first)).isFalse();
      assertThat(Await.isDone(second)).as("cancelled a second time").isFalse();
      assertThat(fake.poller().interest(pollable.fd()))
          .as("the kernel forgets at once")
          .isEqualTo(Interest.NONE);
      var leftBefore = new AtomicBoolean();
      CompletionStage<Void> noted = first.thenRun(() -> leftBefore.set(left.get()));
      release.countDown();
      Await.done(noted);
      assertThat(leftBefore).isTrue();
      Await.done(second);
      assertThat(Await.isDone(registration.cancel())).isTrue();
    }
  }

  @Test
  void cancelFromAnotherWorkerWaitsForTheCallbackUnderWay() throws Exception {
    try (var fake = FakeLoop.open(DispatchMode.WORKERS);
        var victim = fake.platform.readablePollable();
        var canceller = fake.platform.pollable()) {
      var entered = new CountDownLatch(1);
      var release = new CountDownLatch(1);
      var asked = new CountDownLatch(1);
      var stage = new AtomicReference<CompletionStage<Void>>();
      Registration registration =
          fake.loop.register(
              victim,
              Interest.READABLE,
              (mine, readiness) -> {
                entered.countDown();
                Await.await(release);
              });
      fake.loop.register(
          canceller,
          Interest.READABLE,
          Trigger.ONESHOT,
          (mine, readiness) -> {
            stage.set(registration.cancel());
            asked.countDown();
          });
      fake.start();
      Await.await(entered);
      canceller.ready(Readiness.READABLE);
      Await.await(asked);
      assertThat(Await.isDone(stage.get())).isFalse();
      release.countDown();
      Await.done(stage.get());
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void cancelBeforeTheLoopRunsAndAfterItHasEndedCompletesAtOnce(DispatchMode dispatch)
      throws Exception {
    try (var fake = FakeLoop.open(dispatch);
        var before = fake.platform.readablePollable();
        var after = fake.platform.pollable()) {
      var calls = new AtomicInteger();
      Registration first =
          fake.loop.register(
              before, Interest.READABLE, (mine, readiness) -> calls.incrementAndGet());
      Registration second = fake.loop.register(after, Interest.READABLE, NOTHING);
      assertThat(Await.isDone(first.cancel())).isTrue();
      fake.start();
      fake.settle();
      fake.stopAndJoin();
      assertThat(Await.isDone(second.cancel())).isTrue();
      assertThat(Await.isDone(first.cancel())).isTrue();
      assertThat(calls).hasValue(0);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void cancelOfASleepingLoopCompletes(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch).start();
        var pollable = fake.platform.pollable()) {
      Registration registration = fake.loop.register(pollable, Interest.READABLE, NOTHING);
      fake.settle();
      Await.done(registration.cancel());
      assertThat(registration.isCancelled()).isTrue();
      assertThat(registration.toString()).contains("cancelled");
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void cancelThatNobodyAnswersBeforeTheLoopEndsCompletesAsItEnds(DispatchMode dispatch)
      throws Exception {
    try (var fake = FakeLoop.open(dispatch);
        var pollable = fake.platform.readablePollable()) {
      var entered = new CountDownLatch(1);
      var release = new CountDownLatch(1);
      Registration registration =
          fake.loop.register(
              pollable,
              Interest.READABLE,
              (mine, readiness) -> {
                entered.countDown();
                Await.await(release);
              });
      fake.start();
      Await.await(entered);
      fake.loop.stop();
      CompletionStage<Void> stage = registration.cancel();
      release.countDown();
      Await.done(stage);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void closingThePollableCancels(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch).start()) {
      FakePollable pollable = fake.platform.pollable();
      Registration registration = fake.loop.register(pollable, Interest.READABLE, NOTHING);
      pollable.close();
      assertThat(registration.isCancelled()).isTrue();
      assertThat(fake.loop.toString()).contains("0 registrations");
      assertThat(fake.poller().ops()).containsExactly(Op.ADD, Op.REMOVE);
      assertThatThrownBy(() -> registration.setInterest(Interest.WRITABLE))
          .isInstanceOf(ClosedChannelException.class);
      Await.done(registration.cancel());
    }
  }

  @Test
  void closingARegistrationClosesItsPollable() throws Exception {
    try (var fake = FakeLoop.open()) {
      FakePollable pollable = fake.platform.pollable();
      Registration registration = fake.loop.register(pollable, Interest.READABLE, NOTHING);
      registration.close();
      registration.close();
      assertThat(pollable.isOpen()).isFalse();
      assertThat(registration.isCancelled()).isTrue();
      assertThat(fake.platform.openCount()).isZero();
    }
  }

  @Test
  void cancelledRegistrationRefusesAnInterestAndSaysWhatToDo() throws Exception {
    try (var fake = FakeLoop.open();
        var pollable = fake.platform.pollable()) {
      Registration registration = fake.loop.register(pollable, Interest.READABLE, NOTHING);
      Await.done(registration.cancel());
      assertThatThrownBy(() -> registration.setInterest(Interest.WRITABLE))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("register");
      assertThat(fake.poller().ops()).containsExactly(Op.ADD, Op.REMOVE);
    }
  }

  // Whatever the kernel says, no registration may be left behind.
  @Test
  void cancelThatTheKernelRefusesStillForgets() throws Exception {
    try (var fake = FakeLoop.open();
        var pollable = fake.platform.pollable()) {
      Registration registration = fake.loop.register(pollable, Interest.READABLE, NOTHING);
      fake.poller().fail(Op.REMOVE, 0, "EIO");
      assertThatThrownBy(registration::close).isInstanceOf(IllegalStateException.class);
      assertThat(registration.isCancelled()).isTrue();
      assertThat(pollable.isOpen()).isFalse();
      assertThat(fake.loop.toString()).contains("0 registrations");
    }
  }

  @Test
  void manyCancellationsBehindOneLongCallbackCostNoMoreThanTheyMust() throws Exception {
    int count = 150_000; // squared, this takes minutes
    try (var fake = FakeLoop.open();
        var pollable = fake.platform.readablePollable()) {
      var entered = new CountDownLatch(1);
      var release = new CountDownLatch(1);
      fake.loop.register(
          pollable,
          Interest.READABLE,
          Trigger.ONESHOT,
          (mine, readiness) -> {
            entered.countDown();
            Await.await(release);
          });
      var registrations = new ArrayList<Registration>();
      for (int i = 0; i < count; i++) {
        registrations.add(fake.loop.register(fake.platform.pollable(), Interest.NONE, NOTHING));
      }
      fake.start();
      Await.await(entered);
      long start = System.nanoTime();
      CompletionStage<Void> last = null;
      for (Registration registration : registrations) {
        last = registration.cancel();
      }
      assertThat(System.nanoTime() - start).isLessThan(Await.PATIENCE_NS);
      release.countDown();
      Await.done(last);
      registrations.forEach(registration -> registration.pollable().close());
    }
  }

  /** Runs while it is wanted, and remembers whether it ran when it was not. */
  private static final class Watched implements EventHandler {
    final AtomicBoolean over = new AtomicBoolean();
    final AtomicInteger callbacks;
    final AtomicInteger afterwards;

    Watched(AtomicInteger callbacks, AtomicInteger afterwards) {
      this.callbacks = callbacks;
      this.afterwards = afterwards;
    }

    @Override
    public void onReady(Registration registration, Readiness readiness) {
      callbacks.incrementAndGet();
      if (over.get()) {
        afterwards.incrementAndGet();
      }
      for (int i = 0; i < 100; i++) {
        Thread.onSpinWait();
      }
      if (over.get()) {
        afterwards.incrementAndGet();
      }
    }
  }

  // Where a hand-over between threads takes long, under Wine for instance, fewer rounds will do.
  private static boolean isWorthwhile(int round, long startNs) {
    return round < 1_000 || System.nanoTime() - startNs < Await.PATIENCE_NS;
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void noCallbackRunsAfterACancelFromAnotherThreadHasCompleted(DispatchMode dispatch)
      throws Exception {
    var callbacks = new AtomicInteger();
    var afterwards = new AtomicInteger();
    try (var fake = FakeLoop.open(dispatch).start();
        var pollable = fake.platform.readablePollable()) {
      long startNs = System.nanoTime();
      for (int round = 0; round < 100_000 && isWorthwhile(round, startNs); round++) {
        var handler = new Watched(callbacks, afterwards);
        Registration registration = fake.loop.register(pollable, Interest.READABLE, handler);
        for (int i = ThreadLocalRandom.current().nextInt(600); i > 0; i--) {
          Thread.onSpinWait();
        }
        Await.done(registration.cancel());
        handler.over.set(true);
        if (round % 1_000 == 0) {
          fake.poller().forgetCalls();
        }
      }
    }
    assertThat(afterwards).hasValue(0);
    assertThat(callbacks).as("callbacks that had begun in time").hasPositiveValue();
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void noCallbackOfARealDescriptorRunsAfterItsCancel(DispatchMode dispatch) throws Exception {
    var callbacks = new AtomicInteger();
    var afterwards = new AtomicInteger();
    var config = LoopConfig.builder().dispatch(dispatch).workers(2);
    try (EventLoop loop = EventLoop.open(config.build())) {
      UnixStream.Pair pair = UnixStream.pair();
      Net.poke(pair.second());
      LoopRunner runner = LoopRunner.start(loop);
      long startNs = System.nanoTime();
      for (int round = 0; round < 10_000 && isWorthwhile(round, startNs); round++) {
        var handler = new Watched(callbacks, afterwards);
        Registration registration = loop.register(pair.first(), Interest.READABLE, handler);
        for (int i = ThreadLocalRandom.current().nextInt(1_000); i > 0; i--) {
          Thread.onSpinWait();
        }
        Await.done(registration.cancel());
        handler.over.set(true);
      }
      runner.stopAndJoin();
      pair.first().close();
      pair.second().close();
    }
    assertThat(afterwards).hasValue(0);
    assertThat(callbacks).hasPositiveValue();
  }

  // A change of the interest, as a worker makes one when it re-arms, has looked for the last time
  // whether the registration is cancelled, and is on its way to the kernel. If that is cancelled
  // and
  // registered anew just then, the change must not reach the new one: cancelling waits for it.
  @Test
  void changeOfACancelledRegistrationDoesNotTouchItsSuccessor() throws Exception {
    try (var fake = FakeLoop.open();
        var pollable = fake.platform.readablePollable()) {
      var release = new CountDownLatch(1);
      var changing = new CompletableFuture<Registration>();
      fake.start();
      fake.poller().hook(Op.ADD, fd -> Await.await(release));
      // Holds the way to the kernel, and the first event comes all the same.
      FutureTask<Registration> registers =
          Await.inBackground(
              "registers",
              () ->
                  fake.loop.register(
                      pollable,
                      Interest.READABLE,
                      (mine, readiness) -> {
                        changing.complete(mine);
                        mine.setInterest(Interest.WRITABLE);
                      }));
      Registration old = Await.outcomeOf(changing);
      Thread changer = fake.runner().thread();
      Await.state(changer, Thread.State.BLOCKED);
      var canceller = new AtomicReference<Thread>();
      FutureTask<Void> cancels =
          Await.inBackground(
              "cancels",
              () -> {
                canceller.set(Thread.currentThread());
                Await.done(old.cancel());
                return null;
              });
      while (canceller.get() == null) {
        Thread.onSpinWait();
      }
      Await.state(canceller.get(), Thread.State.BLOCKED);
      assertThat(Threads.blockerOf(canceller.get())).isEqualTo(changer.threadId());
      fake.poller().hook(Op.ADD, fd -> {});
      release.countDown();
      Await.outcome(registers);
      Await.outcome(cancels);
      fake.loop.register(pollable, Interest.PRIORITY, NOTHING);
      assertThat(fake.poller().interest(pollable.fd())).isSameAs(Interest.PRIORITY);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void cancelsFromManyThreadsAtOnceAllComplete(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch).start();
        var pollable = fake.platform.readablePollable()) {
      for (int round = 0; round < 500; round++) {
        Registration registration = fake.loop.register(pollable, Interest.READABLE, NOTHING);
        Threads.together(3, () -> Await.done(registration.cancel()));
      }
    }
  }
}
