package mill.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.testing.Await;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Timers as the loop runs them: how long it sleeps, who wakes it, what happens at its end. */
class LoopTimerTest {
  private static final long MS = 1_000_000;

  private static LoopConfig.Builder exact() {
    return LoopConfig.builder().timerTick(Duration.ofNanos(1));
  }

  @Test
  void loopSleepsExactlyUntilTheNextTimerAndWakesOncePerTimer() throws Exception {
    try (var fake = FakeLoop.openVirtual(exact())) {
      var ran = new ArrayList<Integer>();
      fake.loop.schedule(Duration.ofHours(1), () -> ran.add(2));
      fake.loop.schedule(Duration.ofNanos(7), () -> ran.add(1));
      fake.start();
      fake.settle();
      fake.poller().forgetCalls();
      long pollsBefore = fake.poller().polls();
      assertThat(fake.poller().sleepNs()).isEqualTo(7);
      fake.advance(6);
      assertThat(ran).isEmpty();
      fake.advance(1);
      assertThat(ran).containsExactly(1);
      assertThat(fake.poller().sleepNs()).isEqualTo(Duration.ofHours(1).toNanos() - 7);
      fake.advance(Duration.ofHours(1).toNanos() - 8);
      assertThat(ran).containsExactly(1);
      fake.advance(1);
      assertThat(ran).containsExactly(1, 2);
      assertThat(fake.poller().sleepNs()).as("nothing left to wait for").isNegative();
      assertThat(fake.poller().polls() - pollsBefore).as("one turn for each timer").isEqualTo(2);
      assertThat(fake.poller().timeouts()).as("no zero-timeout spins").doesNotContain(0L);
    }
  }

  @Test
  void timerThatIsCancelledWakesNobody() throws Exception {
    try (var fake = FakeLoop.openVirtual(exact()).start()) {
      var cancelled = new CountDownLatch(1);
      fake.loop.execute(() -> {
        Timeout timeout = fake.loop.schedule(Duration.ofMillis(5), () -> {});
        assertThat(timeout.cancel()).isTrue();
        cancelled.countDown();
      });
      Await.await(cancelled);
      fake.settle();
      assertThat(fake.poller().sleepNs()).isNegative();
    }
  }

  @Test
  void timerFromAnotherThreadShortensTheSleepOnlyIfItIsSooner() throws Exception {
    try (var fake = FakeLoop.openVirtual(exact()).start()) {
      fake.settle();
      fake.loop.schedule(Duration.ofNanos(1_000), () -> {});
      fake.settle();
      assertThat(fake.poller().sleepNs()).isEqualTo(1_000);
      long polls = fake.poller().polls();
      fake.loop.schedule(Duration.ofNanos(2_000), () -> {});
      fake.settle();
      assertThat(fake.poller().polls()).as("not woken for a later one").isEqualTo(polls);
      fake.loop.schedule(Duration.ofNanos(10), () -> {});
      fake.settle();
      assertThat(fake.poller().sleepNs()).isEqualTo(10);
      fake.advance(10);
      assertThat(fake.poller().sleepNs()).isEqualTo(990);
      fake.advance(990);
      assertThat(fake.poller().sleepNs()).isEqualTo(1_000);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void timersRunOnTheLoopsThreadInTheOrderOfTheirDeadlines(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.openVirtual(exact().dispatch(dispatch)).start()) {
      var order = new ArrayList<Integer>();
      var onLoop = new AtomicBoolean(true);
      for (int i = 0; i < 1_000; i++) {
        int number = i;
        fake.loop.schedule(
            Duration.ofNanos(1 + (number * 7L) % 1_000),
            () -> {
              order.add((number * 7) % 1_000);
              onLoop.compareAndSet(true, fake.loop.isLoopThread());
            });
      }
      fake.settle();
      fake.advance(1_000);
      assertThat(order).hasSize(1_000).isSorted();
      assertThat(onLoop).isTrue();
    }
  }

  @Test
  void flowOfDueTimersLeavesTheConnectionsTheirTurn() throws Exception {
    try (var fake = FakeLoop.openVirtual(exact().maxTasksPerTurn(4))) {
      var fired = new AtomicInteger();
      for (int i = 0; i < 100; i++) {
        fake.loop.schedule(Duration.ZERO, fired::incrementAndGet);
      }
      List<Integer> seen = new ArrayList<>();
      FakePollable pollable = fake.platform.readablePollable();
      fake.loop.register(
          pollable,
          Interest.READABLE,
          (mine, readiness) -> {
            seen.add(fired.get());
            if (fired.get() == 100) {
              mine.close();
            }
          });
      fake.start();
      fake.advance(1);
      assertThat(fired).hasValue(100);
      for (int i = 1; i < seen.size(); i++) {
        assertThat(seen.get(i) - seen.get(i - 1)).isBetween(0, 4);
      }
      assertThat(seen.size()).isGreaterThanOrEqualTo(25);
    }
  }

  @Test
  void fixedRateKeepsItsGridAndCatchesUp() throws Exception {
    try (var fake = FakeLoop.openVirtual(exact()).start()) {
      var runs = new AtomicInteger();
      Timeout timeout =
          fake.loop.scheduleAtFixedRate(
              Duration.ofNanos(10), Duration.ofNanos(100), runs::incrementAndGet);
      fake.settle();
      fake.advance(10);
      fake.advance(99);
      assertThat(runs).hasValue(1);
      fake.advance(1);
      assertThat(runs).hasValue(2);
      fake.advance(1_000);
      assertThat(runs).hasValue(12);
      assertThat(timeout.cancel()).isTrue();
      fake.advance(1_000);
      assertThat(runs).hasValue(12);
    }
  }

  @Test
  void throwingTimerReachesTheUncaughtHandlerAndTheLoopGoesOn() throws Exception {
    try (var fake = FakeLoop.openVirtual(exact()).start()) {
      var planned = new IllegalStateException("planned");
      var ran = new AtomicInteger();
      Timeout periodic =
          fake.loop.scheduleAtFixedRate(
              Duration.ofNanos(1),
              Duration.ofNanos(1),
              () -> {
                throw planned;
              });
      fake.loop.schedule(Duration.ofNanos(2), ran::incrementAndGet);
      fake.settle();
      fake.advance(1);
      fake.advance(10);
      assertThat(fake.takeUncaught()).containsExactly(planned);
      assertThat(periodic.isScheduled()).isFalse();
      assertThat(ran).hasValue(1);
    }
  }

  @Test
  void endedLoopRunsNoTimerAndRefusesNewOnes() throws Exception {
    try (var fake = FakeLoop.openVirtual(exact()).start()) {
      var ran = new AtomicInteger();
      Timeout timeout = fake.loop.schedule(Duration.ofNanos(5), ran::incrementAndGet);
      fake.settle();
      fake.stopAndJoin();
      fake.platform.advance(10);
      assertThat(timeout.isScheduled()).isFalse();
      assertThat(timeout.cancel()).isFalse();
      assertThatThrownBy(() -> fake.loop.schedule(Duration.ZERO, ran::incrementAndGet))
          .isInstanceOf(RejectedExecutionException.class)
          .hasMessageContaining("the loop has ended");
      assertThatThrownBy(() -> timeout.reschedule(Duration.ZERO))
          .isInstanceOf(RejectedExecutionException.class);
      assertThat(ran).hasValue(0);
    }
  }

  @Test
  void handlerMovesItsOwnIdleTimeout() throws Exception {
    try (var fake = FakeLoop.openVirtual(exact()).start()) {
      FakePollable pollable = fake.platform.pollable();
      Timeout idle = fake.loop.schedule(Duration.ofMillis(10), pollable::close);
      fake.loop.register(
          pollable,
          Interest.READABLE,
          Trigger.EDGE,
          (mine, readiness) -> idle.rescheduleNs(10 * MS));
      fake.settle();
      fake.advance(9 * MS);
      pollable.ready(Readiness.READABLE);
      fake.settle();
      fake.advance(9 * MS);
      assertThat(pollable.isOpen()).isTrue();
      fake.advance(MS);
      assertThat(pollable.isOpen()).isFalse();
    }
  }

  // A real loop and the real clock: the kernel's wait is never shorter than the deadline.
  @Test
  void noTimerOfARealLoopIsEarly() throws Exception {
    try (EventLoop loop = EventLoop.open()) {
      LoopRunner runner = LoopRunner.start(loop);
      var early = new AtomicLong();
      var done = new CountDownLatch(200);
      for (int i = 0; i < 200; i++) {
        long delayNs = 1_000L + i * 37_123L;
        long dueNs = System.nanoTime() + delayNs;
        loop.schedule(
            Duration.ofNanos(delayNs),
            () -> {
              if (System.nanoTime() - dueNs < 0) {
                early.incrementAndGet();
              }
              done.countDown();
            });
      }
      Await.await(done);
      assertThat(early).hasValue(0);
      runner.stopAndJoin();
    }
  }
}
