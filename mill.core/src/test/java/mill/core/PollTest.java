package mill.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import mill.core.FakePoller.Op;
import mill.natives.Interest;
import mill.natives.Poller;
import mill.natives.Readiness;
import mill.natives.net.UnixStream;
import mill.testing.Await;
import mill.testnet.Net;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How the loop polls: outcomes of a poll, its timeout, its batch. */
class PollTest {
  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void pollsThatBringNothingAreHarmless(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch).start();
        var pollable = fake.platform.pollable()) {
      var heard = new CountDownLatch(1);
      fake.loop.register(
          pollable,
          Interest.READABLE,
          (mine, readiness) -> {
            mine.close();
            heard.countDown();
          });
      fake.poller().interruptPolls(1_000);
      fake.settle();
      for (int i = 0; i < 100; i++) {
        fake.poller().wake();
      }
      fake.settle();
      var ran = new CountDownLatch(1);
      fake.poller().interruptPolls(10);
      fake.loop.execute(ran::countDown);
      pollable.ready(Readiness.READABLE);
      Await.await(ran);
      Await.await(heard);
      assertThat(fake.poller().polls()).isGreaterThan(1_000);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void pollErrorEndsALoopThatSleeps(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch).start()) {
      fake.settle();
      fake.poller().fail(Op.POLL, 0, "EBADF");
      assertThat(fake.awaitFailure()).isInstanceOf(IOException.class).hasMessageContaining("EBADF");
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void pollErrorEndsRunWithItsExceptionAndLeavesTheLoopInOrder(DispatchMode dispatch)
      throws Exception {
    try (var fake = FakeLoop.open(dispatch)) {
      FakePollable pollable = fake.platform.pollable();
      Registration registration =
          fake.loop.register(pollable, Interest.READABLE, (mine, readiness) -> {});
      FakePollable kept = fake.platform.pollable();
      fake.loop.register(kept, Interest.READABLE, (mine, readiness) -> {});
      var ran = new AtomicInteger();
      fake.loop.execute(ran::incrementAndGet);
      fake.poller().fail(Op.POLL, 0, "EBADF");
      fake.start();
      assertThat(fake.awaitFailure()).isInstanceOf(IOException.class).hasMessageContaining("EBADF");
      assertThat(ran).as("tasks that were accepted").hasValue(1);
      assertThatThrownBy(() -> fake.loop.execute(() -> {}))
          .isInstanceOf(RejectedExecutionException.class);
      fake.loop.run(); // returns at once
      assertThat(Await.isDone(registration.cancel())).isTrue();
      assertThat(pollable.isOpen()).as("cancelled, not closed").isTrue();
      pollable.close();
      fake.loop.close();
      assertThat(kept.isOpen()).isFalse();
      assertThat(fake.platform.allPollersClosed()).isTrue();
    }
  }

  @Test
  void loopSleepsWithoutEndByDefaultAndNotAtAllWhenTasksWait() throws Exception {
    try (var fake = FakeLoop.open(LoopConfig.builder().maxTasksPerTurn(1))) {
      var ran = new CountDownLatch(3);
      for (int i = 0; i < 3; i++) {
        fake.loop.execute(ran::countDown);
      }
      fake.start();
      Await.await(ran);
      fake.settle();
      assertThat(fake.poller().timeouts()).containsExactly(0L, 0L, 0L, Poller.FOREVER);
    }
  }

  @Test
  void sleepIsBoundedByTheConfiguredTimeout() throws Exception {
    Duration bound = Duration.ofMillis(1).plusNanos(1);
    try (var fake = FakeLoop.open(LoopConfig.builder().maxPollTimeout(bound)).start()) {
      fake.poller().awaitPolls(5);
      assertThat(fake.poller().timeouts()).containsOnly(bound.toNanos());
    }
  }

  @Test
  void zeroTimeoutNeverSleeps() throws Exception {
    try (var fake = FakeLoop.open(LoopConfig.builder().maxPollTimeout(Duration.ZERO)).start()) {
      fake.poller().awaitPolls(100);
      assertThat(fake.poller().timeouts()).containsOnly(0L);
    }
  }

  @Test
  void timeoutOfCenturiesIsTakenAsForEver() throws Exception {
    Duration ages = Duration.ofSeconds(Long.MAX_VALUE);
    try (var fake = FakeLoop.open(LoopConfig.builder().maxPollTimeout(ages)).start()) {
      assertThat(fake.poller().timeouts()).containsExactly(Long.MAX_VALUE);
      assertThat(fake.loop.config().maxPollTimeout()).contains(ages);
    }
  }

  @Test
  void batchOfOneEventServesAllThatAreReady() throws Exception {
    int connections = 50;
    try (var fake = FakeLoop.open(LoopConfig.builder().eventsPerPoll(1))) {
      var served = new AtomicInteger[connections];
      var all = new CountDownLatch(connections);
      var pollables = new ArrayList<FakePollable>();
      for (int i = 0; i < connections; i++) {
        var mine = new AtomicInteger();
        served[i] = mine;
        pollables.add(fake.platform.readablePollable());
        fake.loop.register(
            pollables.getLast(),
            Interest.READABLE,
            (registration, readiness) -> {
              if (mine.incrementAndGet() == 10) {
                registration.close();
                all.countDown();
              }
            });
      }
      fake.start();
      Await.await(all);
      assertThat(fake.poller().polls()).isGreaterThanOrEqualTo(10L * connections);
    }
  }

  @Test
  void batchOfOneEventServesAllRealDescriptorsThatAreReady() throws Exception {
    int connections = 40;
    try (EventLoop loop = EventLoop.open(LoopConfig.builder().eventsPerPoll(1).build())) {
      var all = new CountDownLatch(connections);
      for (int i = 0; i < connections; i++) {
        UnixStream.Pair pair = UnixStream.pair();
        Net.poke(pair.second());
        var left = new AtomicInteger(10);
        loop.register(
            pair.first(),
            Interest.READABLE, // which it stays: nobody reads
            (registration, readiness) -> {
              if (left.decrementAndGet() == 0) {
                registration.close();
                pair.second().close();
                all.countDown();
              }
            });
      }
      LoopRunner runner = LoopRunner.start(loop);
      Await.await(all);
      runner.stopAndJoin();
    }
  }
}
