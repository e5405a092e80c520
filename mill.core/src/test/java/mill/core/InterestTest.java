package mill.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import mill.core.FakePoller.Call;
import mill.core.FakePoller.Op;
import mill.natives.ErrnoException;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.testing.Await;
import mill.testing.Threads;
import mill.testnet.Net;
import mill.testnet.Net.TcpPair;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Promise 5: what is reported, and that NONE is nothing at all. */
class InterestTest {
  private static final EventHandler NOTHING = (registration, readiness) -> {};

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void interestNoneTakesTheDescriptorOutOfTheKernel(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch).start();
        var pollable = fake.platform.pollable()) {
      var calls = new AtomicInteger();
      Registration registration =
          fake.loop.register(
              pollable, Interest.READABLE, (mine, readiness) -> calls.incrementAndGet());
      registration.setInterest(Interest.NONE);
      assertThat(fake.poller().ops()).containsExactly(Op.ADD, Op.REMOVE);
      assertThat(registration.interest()).isSameAs(Interest.NONE);
      fake.settle();
      long polls = fake.poller().polls();
      pollable.ready(Readiness.READABLE | Readiness.ERROR | Readiness.WRITE_CLOSED);
      fake.settle();
      assertThat(fake.poller().polls()).as("no wake-up for a reset connection").isEqualTo(polls);
      assertThat(calls).hasValue(0);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void interestComesBackAfterNone(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch).start();
        var pollable = fake.platform.readablePollable()) {
      var called = new CountDownLatch(1);
      Registration registration =
          fake.loop.register(
              pollable,
              Interest.NONE,
              (mine, readiness) -> {
                mine.setInterest(Interest.NONE);
                called.countDown();
              });
      assertThat(fake.poller().calls()).isEmpty();
      registration.setInterest(Interest.READABLE);
      Await.await(called);
      fake.settle();
      assertThat(registration.interest()).isSameAs(Interest.NONE);
    }
  }

  // The callback has taken the descriptor out; putting it back would be to re-arm it.
  @Test
  void workerDoesNotReArmWhatItsCallbackHasSwitchedOff() throws Exception {
    try (var fake = FakeLoop.open(DispatchMode.WORKERS);
        var pollable = fake.platform.readablePollable()) {
      var calls = new AtomicInteger();
      fake.loop.register(
          pollable,
          Interest.READABLE,
          (mine, readiness) -> {
            calls.incrementAndGet();
            mine.setInterest(Interest.NONE);
          });
      fake.poller().hook(Op.REMOVE, fd -> fake.loop.stop());
      fake.start();
      fake.runner().join();
      assertThat(calls).hasValue(1);
      assertThat(fake.poller().ops()).containsExactly(Op.ADD, Op.REMOVE);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void realResetIsNotReportedWithoutInterestAndIsWithAny(DispatchMode dispatch) throws Exception {
    try (EventLoop loop = EventLoop.open(LoopConfig.builder().dispatch(dispatch).build());
        TcpPair silent = Net.tcpPair();
        TcpPair writing = Net.tcpPair()) {
      var silentCalls = new AtomicInteger();
      var heard = new AtomicReference<Readiness>();
      var reported = new CountDownLatch(1);
      loop.register(
          silent.server(), Interest.NONE, (mine, readiness) -> silentCalls.incrementAndGet());
      LoopRunner runner = LoopRunner.start(loop);
      Net.reset(silent.client());
      Net.reset(writing.client());
      loop.register(
          writing.server(),
          Interest.WRITABLE,
          (mine, readiness) -> {
            if (readiness.isError()) {
              heard.set(readiness);
              mine.close();
              reported.countDown();
            }
          });
      Await.await(reported);
      runner.stopAndJoin();
      assertThat(heard.get().isWritable()).isTrue();
      assertThat(silentCalls).hasValue(0);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void errorIsReportedWhateverTheInterest(DispatchMode dispatch) throws Exception {
    for (Interest interest :
        new Interest[] {Interest.READABLE, Interest.WRITABLE, Interest.PRIORITY}) {
      try (var fake = FakeLoop.open(dispatch);
          var pollable = fake.platform.pollable()) {
        var heard = new CountDownLatch(1);
        fake.loop.register(
            pollable,
            interest,
            (mine, readiness) -> {
              mine.close();
              assertThat(readiness.isError()).isTrue();
              heard.countDown();
            });
        pollable.ready(Readiness.ERROR);
        fake.start();
        Await.await(heard);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void interestChangesFromTheCallback(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch);
        var pollable = fake.platform.pollable()) {
      var wrote = new CountDownLatch(1);
      pollable.ready(Readiness.READABLE | Readiness.WRITABLE);
      fake.loop.register(
          pollable,
          Interest.READABLE,
          (mine, readiness) -> {
            if (readiness.isReadable()) {
              mine.setInterest(Interest.WRITABLE);
            } else if (readiness.isWritable()) {
              mine.setInterest(Interest.NONE);
              wrote.countDown();
            }
          });
      fake.start();
      Await.await(wrote);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void interestChangesFromAnotherThreadWhileTheLoopSleeps(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch).start();
        var pollable = fake.platform.readablePollable()) {
      var called = new CountDownLatch(1);
      Registration registration =
          fake.loop.register(
              pollable,
              Interest.WRITABLE,
              (mine, readiness) -> {
                mine.close();
                called.countDown();
              });
      fake.settle();
      registration.setInterest(Interest.READABLE);
      Await.await(called);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void oneShotFiresOnceUntilItsInterestIsSetAnew(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch);
        var pollable = fake.platform.readablePollable()) {
      var calls = new AtomicInteger();
      var first = new CountDownLatch(1);
      var second = new CountDownLatch(2);
      Registration registration =
          fake.loop.register(
              pollable,
              Interest.READABLE,
              Trigger.ONESHOT,
              (mine, readiness) -> {
                calls.incrementAndGet();
                first.countDown();
                second.countDown();
              });
      fake.start();
      Await.await(first);
      fake.settle();
      assertThat(fake.poller().isArmed(pollable.fd())).isFalse();
      assertThat(calls).hasValue(1);
      registration.setInterest(Interest.READABLE);
      Await.await(second);
      fake.settle();
      assertThat(calls).hasValue(2);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void sameLevelTriggeredInterestCostsNoCall(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch);
        var pollable = fake.platform.pollable()) {
      Registration registration = fake.loop.register(pollable, Interest.READABLE, NOTHING);
      registration.setInterest(Interest.READABLE);
      registration.setInterest(Interest.READABLE, Trigger.LEVEL);
      assertThat(fake.poller().ops()).containsExactly(Op.ADD);
      registration.setInterest(Interest.READABLE, Trigger.EDGE);
      registration.setInterest(Interest.READABLE);
      var edge = new Call(Op.MODIFY, pollable.fd(), Interest.READABLE, Trigger.EDGE);
      assertThat(fake.poller().calls().subList(1, 3)).containsExactly(edge, edge);
      registration.setInterest(Interest.READABLE, Trigger.LEVEL);
      assertThat(fake.poller().ops()).containsExactly(Op.ADD, Op.MODIFY, Op.MODIFY, Op.MODIFY);
    }
  }

  @Test
  void interestThatTheKernelRefusesChangesNothing() throws IOException {
    try (var fake = FakeLoop.open();
        var pollable = fake.platform.pollable()) {
      Registration registration = fake.loop.register(pollable, Interest.READABLE, NOTHING);
      fake.poller().fail(Op.MODIFY, 0, "ENOSPC");
      assertThatThrownBy(() -> registration.setInterest(Interest.WRITABLE))
          .isInstanceOf(ErrnoException.class)
          .hasMessageContaining("ENOSPC");
      assertThat(registration.interest()).isSameAs(Interest.READABLE);
      registration.setInterest(Interest.WRITABLE);
      assertThat(fake.poller().interest(pollable.fd())).isSameAs(Interest.WRITABLE);
    }
  }

  @Test
  void reArmingThatTheKernelRefusesReachesOnErrorAndCloses() throws Exception {
    try (var fake = FakeLoop.open(DispatchMode.WORKERS)) {
      FakePollable pollable = fake.platform.readablePollable();
      var held = new CountDownLatch(1);
      fake.poller().hook(Op.REMOVE, fd -> held.countDown());
      var errors = new RecordingHandler((mine, readiness) -> Await.await(held));
      fake.poller().fail(Op.ADD, 1, "EIO");
      fake.loop.register(pollable, Interest.READABLE, errors);
      fake.start();
      assertThat(errors.awaitError()).isInstanceOf(ErrnoException.class);
      assertThat(pollable.isOpen()).isFalse();
    }
  }

  @Test
  void interestsOfManyThreadsLeaveKernelAndRegistrationAgreed() throws Exception {
    try (var fake = FakeLoop.open().start();
        var pollable = fake.platform.readablePollable()) {
      Registration registration = fake.loop.register(pollable, Interest.NONE, NOTHING);
      for (int round = 0; round < 200; round++) {
        var next = new AtomicInteger();
        Threads.together(
            3,
            () -> {
              switch (next.getAndIncrement()) {
                case 0 -> registration.setInterest(Interest.NONE);
                case 1 -> registration.setInterest(Interest.WRITABLE);
                default -> registration.setInterest(Interest.PRIORITY);
              }
            });
        assertThat(fake.poller().interest(pollable.fd())).isSameAs(registration.interest());
      }
    }
  }
}
