package mill.core.internal.timer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import mill.core.Timeout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class PeriodicTimeoutTest {
  /** The two ways to count. */
  enum Kind {
    FIXED_RATE,
    FIXED_DELAY;

    Timeout schedule(LoopTimers timers, long initialNs, long periodNs, Runnable task) {
      Duration initial = Duration.ofNanos(initialNs);
      Duration period = Duration.ofNanos(periodNs);
      return this == FIXED_RATE
          ? timers.scheduleAtFixedRate(initial, period, task)
          : timers.scheduleWithFixedDelay(initial, period, task);
    }
  }

  private final VirtualTimers loop = new VirtualTimers();
  private final LoopTimers timers = loop.timers;
  private final List<Long> runs = new ArrayList<>();
  private final Timeout[] self = new Timeout[1];

  private void ran() {
    runs.add(loop.nowNs);
  }

  @Test
  void fixedRateCountsFromDeadlineToDeadline() {
    Kind.FIXED_RATE.schedule(
        timers,
        10,
        100,
        () -> {
          ran();
          loop.nowNs += 30;
        });
    for (int i = 0; i < 4; i++) {
      loop.sleepAndTurn();
    }
    assertThat(runs).containsExactly(10L, 110L, 210L, 310L);
    assertThat(loop.idleWakeUps).isZero();
  }

  @Test
  void fixedRateThatSkipsRunsOnceForAllThatWereMissedAndKeepsItsBeat() {
    timers.scheduleAtFixedRate(Duration.ofNanos(10), Duration.ofNanos(100), true, this::ran);
    loop.sleepAndTurn();
    loop.turnAfter(345); // 110, 210 and 310 were missed
    assertThat(runs).containsExactly(10L, 355L);
    loop.sleepAndTurn();
    loop.turnAfter(100); // on time
    loop.turnAfter(199); // 710 was missed, by less than a period
    assertThat(runs).containsExactly(10L, 355L, 410L, 510L, 709L);
    loop.sleepAndTurn();
    assertThat(runs).endsWith(710L);
    assertThat(loop.idleWakeUps).isZero();
  }

  @Test
  void fixedRateThatCatchesUpRunsAsOftenAsThereWerePeriods() {
    timers.scheduleAtFixedRate(Duration.ofNanos(10), Duration.ofNanos(100), false, this::ran);
    loop.turnAfter(355);
    for (int i = 0; i < 3; i++) {
      loop.sleepAndTurn();
    }
    assertThat(runs).containsExactly(355L, 355L, 355L, 355L);
  }

  @Test
  void fixedDelayCountsFromTheEndOfARun() {
    Kind.FIXED_DELAY.schedule(
        timers,
        10,
        100,
        () -> {
          ran();
          loop.nowNs += 30;
        });
    for (int i = 0; i < 4; i++) {
      loop.sleepAndTurn();
    }
    assertThat(runs).containsExactly(10L, 140L, 270L, 400L);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 1 << 20})
  void fixedRateCatchesUpOneRunATurn(long tickNs) {
    var late = new VirtualTimers(tickNs, 0);
    Kind.FIXED_RATE.schedule(late.timers, 100, 100, () -> runs.add(late.nowNs));
    late.nowNs = tickNs + 1_000;
    long due = tickNs == 1 ? 10 : tickNs / 100; // what the tick that has come brings
    for (int turn = 1; turn <= due; turn++) {
      assertThat(late.timers.nextDelayNs()).isZero();
      assertThat(late.turn()).isOne();
    }
    assertThat(late.timers.nextDelayNs()).isPositive();
    assertThat(late.turn()).isZero();
  }

  @Test
  void fixedDelayDoesNotCatchUp() {
    Kind.FIXED_DELAY.schedule(timers, 100, 100, this::ran);
    assertThat(loop.turnAfter(1_000)).isOne();
    assertThat(timers.nextDelayNs()).isEqualTo(100);
  }

  @ParameterizedTest
  @EnumSource
  void cancelledTimerRunsNoMore(Kind kind) {
    Timeout timeout = kind.schedule(timers, 10, 10, this::ran);
    loop.turnAfter(10);
    assertThat(timeout.isScheduled()).isTrue();
    assertThat(timeout.cancel()).isTrue();
    assertThat(timeout.cancel()).isFalse();
    assertThat(loop.turnAfter(1_000)).isZero();
    assertThat(timers.size()).isZero();
    assertThat(timers.nextDelayNs()).isEqualTo(-1);
  }

  @ParameterizedTest
  @EnumSource
  void taskCancelsItself(Kind kind) {
    self[0] =
        kind.schedule(
            timers,
            10,
            10,
            () -> {
              ran();
              assertThat(self[0].isScheduled()).isTrue();
              assertThat(self[0].cancel()).isTrue();
              assertThat(self[0].cancel()).isFalse();
            });
    loop.turnAfter(10);
    assertThat(loop.turnAfter(1_000)).isZero();
    assertThat(runs).hasSize(1);
    assertThat(loop.uncaught).isEmpty();
    assertThat(timers.size()).isZero();
  }

  @ParameterizedTest
  @EnumSource
  void anotherThreadCancelsWhileTheTaskRuns(Kind kind) {
    self[0] =
        kind.schedule(
            timers,
            10,
            10,
            () -> {
              ran();
              loop.elsewhere(() -> assertThat(self[0].cancel()).isTrue());
            });
    loop.turnAfter(10);
    assertThat(loop.turnAfter(1_000)).isZero();
    assertThat(runs).hasSize(1);
    assertThat(loop.uncaught).isEmpty();
    assertThat(timers.size()).isZero();
  }

  @ParameterizedTest
  @EnumSource
  void taskThatMovesItsNextRunGoesOnFromThere(Kind kind) {
    self[0] =
        kind.schedule(
            timers,
            10,
            10,
            () -> {
              ran();
              if (runs.size() == 1) {
                assertThat(self[0].rescheduleNs(500)).isTrue();
              }
            });
    for (int i = 0; i < 3; i++) {
      loop.sleepAndTurn();
    }
    assertThat(runs).containsExactly(10L, 510L, 520L);
    assertThat(timers.size()).isOne();
  }

  @ParameterizedTest
  @EnumSource
  void anotherThreadMovesTheNextRunWhileTheTaskRuns(Kind kind) {
    self[0] =
        kind.schedule(
            timers,
            10,
            10,
            () -> {
              ran();
              if (runs.size() == 1) {
                loop.elsewhere(() -> assertThat(self[0].rescheduleNs(500)).isTrue());
              }
            });
    loop.turnAfter(10);
    timers.drainInbox();
    for (int i = 0; i < 2; i++) {
      loop.sleepAndTurn();
    }
    assertThat(runs).containsExactly(10L, 510L, 520L);
    assertThat(timers.size()).isOne();
  }

  @ParameterizedTest
  @EnumSource
  void cancelledTimerGoesOnWhenItIsScheduledAgain(Kind kind) {
    Timeout timeout = kind.schedule(timers, 10, 10, this::ran);
    timeout.cancel();
    assertThat(timeout.reschedule(Duration.ofNanos(50))).isFalse();
    loop.sleepAndTurn();
    loop.sleepAndTurn();
    assertThat(runs).containsExactly(50L, 60L);
  }

  @ParameterizedTest
  @EnumSource
  void throwingTimerIsCancelled(Kind kind) {
    var thrown = new IllegalStateException("thrown by the test");
    Timeout timeout =
        kind.schedule(
            timers,
            10,
            10,
            () -> {
              ran();
              throw thrown;
            });
    loop.turnAfter(10);
    assertThat(timeout.isScheduled()).isFalse();
    assertThat(loop.turnAfter(1_000)).isZero();
    assertThat(loop.uncaught).containsExactly(thrown);
    assertThat(timers.size()).isZero();
  }

  @ParameterizedTest
  @EnumSource
  void timerThatClosesTheTimersRunsNoMore(Kind kind) {
    Timeout timeout = kind.schedule(timers, 10, 10, timers::close);
    assertThat(loop.turnAfter(10)).isOne();
    assertThat(timeout.isScheduled()).isFalse();
    assertThat(loop.turnAfter(1_000)).isZero();
    assertThat(timers.size()).isZero();
  }

  @Test
  void remainingTimeOfARunningTimerIsItsDelay() {
    var remaining = new ArrayList<Long>();
    self[0] = Kind.FIXED_DELAY.schedule(timers, 10, 70, () -> remaining.add(self[0].remainingNs()));
    loop.turnAfter(10);
    assertThat(remaining).containsExactly(70L);
    assertThat(self[0].remainingNs()).isEqualTo(70);
  }

  @Test
  void periodOfCenturiesDoesNotOverflow() {
    timers.scheduleAtFixedRate(Duration.ZERO, Duration.ofSeconds(Long.MAX_VALUE), this::ran);
    timers.scheduleWithFixedDelay(Duration.ZERO, Duration.ofSeconds(Long.MAX_VALUE), this::ran);
    assertThat(loop.turnAfter(1)).isEqualTo(2);
    assertThat(loop.turnAfter(1L << 60)).isZero();
    assertThat(timers.size()).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, -1})
  void periodThatIsNotPositiveIsRefused(long periodNs) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Kind.FIXED_RATE.schedule(timers, 1, periodNs, this::ran))
        .withMessageStartingWith("period must be longer than zero, not PT");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Kind.FIXED_DELAY.schedule(timers, 1, periodNs, this::ran))
        .withMessageStartingWith("delay must be longer than zero, not PT");
    assertThat(timers.size()).isZero();
  }
}
