package mill.core.internal.timer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import mill.core.Timeout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TimeoutTest {
  private static final long MS = 1_000_000;
  private static final long DAY_NS = 86_400_000 * MS;

  private final VirtualTimers loop = new VirtualTimers();
  private final LoopTimers timers = loop.timers;
  private final List<String> log = new ArrayList<>();

  private Timeout in(long delayNs, String name) {
    Timeout timeout = timers.newTimeout(() -> log.add(name));
    timeout.rescheduleNs(delayNs);
    return timeout;
  }

  @Test
  void timerRunsWhenItIsDueAndNotANanosecondBefore() {
    Timeout timeout = timers.schedule(Duration.ofNanos(100), () -> log.add("ran"));
    assertThat(timeout.isScheduled()).isTrue();
    assertThat(timeout.remainingNs()).isEqualTo(100);
    assertThat(timeout).hasToString("Timeout[due in PT0.0000001S]");
    assertThat(timers.nextDelayNs()).isEqualTo(100);
    assertThat(loop.turnAfter(99)).isZero();
    assertThat(timeout.remainingNs()).isOne();
    assertThat(loop.turnAfter(1)).isOne();
    assertThat(log).containsExactly("ran");
    assertThat(timeout.isScheduled()).isFalse();
    assertThat(timeout.remainingNs()).isEqualTo(-1);
    assertThat(timeout).hasToString("Timeout[not scheduled]");
    assertThat(timeout.cancel()).isFalse();
    assertThat(timers.nextDelayNs()).isEqualTo(-1);
    assertThat(timers.size()).isZero();
    assertThat(timers.fired()).isOne();
  }

  @Test
  void deadlineIsRoundedUpToATick() {
    var coarse = new VirtualTimers(3 * MS, 17);
    coarse.timers.schedule(Duration.ofNanos((1 << 21) + 1), () -> log.add("ran"));
    coarse.timers.schedule(Duration.ofNanos(1 << 22), () -> log.add("ran as well"));
    assertThat(coarse.timers.nextDelayNs()).isEqualTo(1 << 22);
    assertThat(coarse.turnAfter((1 << 22) - 1)).isZero();
    assertThat(coarse.turnAfter(1)).isEqualTo(2);
    assertThat(log).containsExactly("ran", "ran as well");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, -1, (1L << 30) + 1, Long.MIN_VALUE, Long.MAX_VALUE})
  void tickOutOfRangeIsRefused(long tickNs) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new VirtualTimers(tickNs, 0))
        .withMessage("a tick must be 1 to 1073741824 ns, not " + tickNs);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 1_023, 1_024, 1_025, 1 << 20, 1L << 40, DAY_NS, 365 * DAY_NS, 1L << 62})
  void oneTimerIsOneWakeUpHoweverFarItIs(long delayNs) {
    loop.turnAfter(12_345);
    in(delayNs, "ran");
    assertThat(timers.nextDelayNs()).isEqualTo(delayNs);
    assertThat(loop.sleepAndTurn()).isTrue();
    assertThat(log).containsExactly("ran");
    assertThat(loop.idleWakeUps).isZero();
  }

  @Test
  void timersOfOneTickRunInTheOrderOfSchedulingHoweverTheyMovedDown() {
    long at = (1L << 30) + (5 << 20) + (7 << 10) + 9;
    // Each comes to a lower level than the one before, since the wheel has moved on.
    for (long now : new long[] {0, 1L << 30, (1L << 30) + (5 << 20), at - 9, at - 1}) {
      loop.turnAfter(now - loop.nowNs);
      in(at - now, "first at " + now);
      in(at - now, "second at " + now);
    }
    List<String> expected =
        List.of(
            "first at 0",
            "second at 0",
            "first at 1073741824",
            "second at 1073741824",
            "first at 1078984704",
            "second at 1078984704",
            "first at " + (at - 9),
            "second at " + (at - 9),
            "first at " + (at - 1),
            "second at " + (at - 1));
    loop.turnAfter(1);
    assertThat(log).containsExactlyElementsOf(expected);
  }

  @Test
  void timeThatJumpsFarRunsEverythingInOrder() {
    in(50 * 365 * DAY_NS, "decades");
    in(3, "nanoseconds");
    in(40 * DAY_NS, "days");
    in(5 * MS, "milliseconds");
    assertThat(loop.turnAfter(100 * 365 * DAY_NS)).isEqualTo(4);
    assertThat(log).containsExactly("nanoseconds", "milliseconds", "days", "decades");
    in(3, "later");
    assertThat(timers.nextDelayNs()).isEqualTo(3);
    assertThat(loop.turnAfter(3)).isOne();
  }

  @Test
  void centuriesAreAsGoodAsForEver() {
    loop.turnAfter(DAY_NS);
    Timeout seconds = timers.schedule(Duration.ofSeconds(Long.MAX_VALUE), () -> log.add("never"));
    Timeout nanos = in(Long.MAX_VALUE, "never");
    in(DAY_NS, "tomorrow");
    assertThat(seconds.remainingNs()).isEqualTo(LoopTimeout.MAX_DEADLINE_NS - DAY_NS);
    assertThat(nanos.remainingNs()).isEqualTo(seconds.remainingNs());
    assertThat(loop.sleepAndTurn()).isTrue();
    assertThat(log).containsExactly("tomorrow");
    assertThat(timers.nextDelayNs()).isGreaterThan(290L * 365 * DAY_NS);
    assertThat(loop.turnAfter(200L * 365 * DAY_NS)).isZero();
    assertThat(seconds.cancel()).isTrue();
    assertThat(nanos.cancel()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 1 << 20, 1 << 30})
  void centuriesDoNotOverflowWhateverTheTick(long tickNs) {
    var coarse = new VirtualTimers(tickNs, Long.MAX_VALUE);
    coarse.timers.schedule(Duration.ofSeconds(Long.MAX_VALUE, 999_999_999), () -> log.add("never"));
    assertThat(coarse.timers.nextDelayNs()).isGreaterThanOrEqualTo(LoopTimeout.MAX_DEADLINE_NS);
    assertThat(coarse.turn()).isZero();
    assertThat(coarse.timers.close()).isOne();
  }

  @Test
  void clockMayWrapAround() {
    var wrapping = new VirtualTimers(1, Long.MAX_VALUE - 10);
    wrapping.timers.schedule(Duration.ofNanos(100), () -> log.add("ran"));
    assertThat(wrapping.turnAfter(99)).isZero();
    assertThat(wrapping.nowNs).isNegative();
    assertThat(wrapping.turnAfter(1)).isOne();
  }

  @Test
  void negativeDelayIsAsGoodAsZero() {
    timers.schedule(Duration.ofSeconds(Long.MIN_VALUE), () -> log.add("first"));
    in(Long.MIN_VALUE, "second");
    in(0, "third");
    assertThat(timers.nextDelayNs()).isZero();
    loop.turn();
    assertThat(log).containsExactly("first", "second", "third");
  }

  @Test
  void timerThatIsCancelledByOneOfTheSameBatchDoesNotRun() {
    var victims = new ArrayList<Timeout>();
    timers.schedule(
        Duration.ofNanos(5),
        () -> victims.forEach(victim -> log.add("cancelled " + victim.cancel())));
    victims.add(in(5, "same tick"));
    victims.add(in(6, "next tick"));
    victims.add(in(5_000, "next block"));
    assertThat(loop.turnAfter(10_000)).isOne();
    assertThat(log).containsExactly("cancelled true", "cancelled true", "cancelled true");
    assertThat(timers.nextDelayNs()).isEqualTo(-1);
  }

  @Test
  void timerThatIsDueAndPutOffDoesNotRunBefore() {
    Timeout victim = timers.newTimeout(() -> log.add("ran"));
    timers.schedule(Duration.ofNanos(5), () -> victim.rescheduleNs(50));
    victim.rescheduleNs(5);
    assertThat(loop.turnAfter(5)).isOne();
    assertThat(timers.nextDelayNs()).isEqualTo(50);
    assertThat(loop.turnAfter(50)).isOne();
    assertThat(log).containsExactly("ran");
  }

  @Test
  void timerThatAnotherThreadPutsOffOrCancelsAmongItsBatchDoesNotRun() {
    Timeout putOff = timers.newTimeout(() -> log.add("put off"));
    Timeout broughtForward = timers.newTimeout(() -> log.add("brought forward"));
    Timeout cancelled = timers.newTimeout(() -> log.add("cancelled"));
    timers.schedule(
        Duration.ofNanos(5),
        () ->
            loop.elsewhere(() -> {
              putOff.rescheduleNs(50);
              broughtForward.rescheduleNs(1);
              cancelled.cancel();
            }));
    putOff.rescheduleNs(5);
    broughtForward.rescheduleNs(6);
    cancelled.rescheduleNs(5);
    assertThat(loop.turnAfter(5)).isOne();
    assertThat(loop.turnAfter(1)).isOne();
    assertThat(log).containsExactly("brought forward");
    assertThat(timers.nextDelayNs()).isEqualTo(49);
    assertThat(loop.turnAfter(49)).isOne();
    assertThat(log).containsExactly("brought forward", "put off");
    // For what else may have been cancelled elsewhere.
    assertThat(timers.nextDelayNs()).isEqualTo(LoopTimers.LET_GO_NS - 49);
  }

  @Test
  void onlySoManyRunInATurnAndTheRestAreTheFirstOfTheNext() {
    for (int i = 0; i < 5; i++) {
      in(10 + i, "timer " + i);
    }
    loop.nowNs = 20;
    assertThat(loop.turn(2)).isEqualTo(2);
    in(0, "late");
    assertThat(timers.nextDelayNs()).isZero();
    assertThat(loop.turn(2)).isEqualTo(2);
    assertThat(timers.nextDelayNs()).isZero();
    assertThat(loop.turn(2)).isEqualTo(2);
    assertThat(log).containsExactly("timer 0", "timer 1", "timer 2", "timer 3", "timer 4", "late");
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 1 << 20})
  void taskThatSchedulesItselfAtOnceRunsOnceInATurn(long tickNs) {
    var aligned = new VirtualTimers(tickNs, 0);
    var self = new Timeout[1];
    self[0] =
        aligned.timers.newTimeout(() -> {
          log.add("ran");
          self[0].rescheduleNs(0);
        });
    self[0].rescheduleNs(1);
    aligned.nowNs = 100 * tickNs; // far behind: many ticks are due
    for (int turn = 1; turn <= 3; turn++) {
      assertThat(aligned.turn()).isOne();
      assertThat(log).hasSize(turn);
      assertThat(aligned.timers.nextDelayNs()).isZero();
    }
  }

  @Test
  void handleIsScheduledAgainAfterItRanWasCancelledOrWhileItWaits() {
    Timeout timeout = timers.newTimeout(() -> log.add("ran"));
    assertThat(timeout.isScheduled()).isFalse();
    assertThat(timeout.cancel()).isFalse();
    assertThat(timeout.reschedule(Duration.ofNanos(10))).isFalse();
    assertThat(timeout.reschedule(Duration.ofNanos(2_000))).isTrue();
    assertThat(timeout.rescheduleNs(20)).isTrue();
    assertThat(timers.size()).isOne();
    assertThat(loop.turnAfter(20)).isOne();
    assertThat(timeout.rescheduleNs(5)).isFalse();
    assertThat(timeout.cancel()).isTrue();
    assertThat(timeout.rescheduleNs(7)).isFalse();
    assertThat(loop.turnAfter(7)).isOne();
    assertThat(loop.turnAfter(10_000)).isZero();
    assertThat(log).hasSize(2);
  }

  @Test
  void throwingTaskIsReportedAndTheOthersRun() {
    var thrown = new IllegalStateException("thrown by the test");
    timers.schedule(Duration.ofNanos(1), () -> log.add("before"));
    timers.schedule(
        Duration.ofNanos(1),
        () -> {
          throw thrown;
        });
    timers.schedule(Duration.ofNanos(1), () -> log.add("after"));
    assertThat(loop.turnAfter(1)).isEqualTo(3);
    assertThat(log).containsExactly("before", "after");
    assertThat(loop.uncaught).containsExactly(thrown);
    assertThat(timers.size()).isZero();
  }

  @Test
  void missingTaskOrDelayIsRefused() {
    Duration second = Duration.ofSeconds(1);
    assertThatNullPointerException().isThrownBy(() -> timers.newTimeout(null));
    assertThatNullPointerException().isThrownBy(() -> timers.schedule(second, null));
    assertThatNullPointerException().isThrownBy(() -> timers.schedule(null, () -> {}));
    assertThatNullPointerException()
        .isThrownBy(() -> timers.scheduleAtFixedRate(second, second, null));
    assertThatNullPointerException()
        .isThrownBy(() -> timers.scheduleWithFixedDelay(second, second, null));
    assertThat(timers.size()).isZero();
  }

  // The earliest timers of many in one slot are cancelled: the loop wakes for one of them, finds
  // nothing, and from then on knows better.
  @Test
  void cancelledTimersCostFewWakeUps() {
    var doomed = new ArrayList<Timeout>();
    for (int i = 0; i < 1_000; i++) {
      in((3L << 20) + 1_000L * i, "ran");
      doomed.add(in((2L << 20) + 1_000L * i, "doomed"));
    }
    doomed.forEach(Timeout::cancel);
    int turns = 0;
    while (loop.sleepAndTurn()) {
      turns++;
    }
    assertThat(log).hasSize(1_000).containsOnly("ran");
    assertThat(turns).isLessThanOrEqualTo(1_000 + 2);
    assertThat(loop.idleWakeUps).isLessThanOrEqualTo(2);
  }

  @Test
  void aLongSlotIsSearchedOnceEnoughTimersHaveLeft() {
    long slot = 3L << 20;
    var doomed = new ArrayList<Timeout>();
    for (int i = 0; i < 200; i++) {
      doomed.add(in(slot + i, "doomed"));
      in(slot + 1_000 + i, "ran");
    }
    doomed.removeFirst().cancel();
    assertThat(timers.nextDelayNs()).as("the bound will do").isEqualTo(slot);
    doomed.forEach(Timeout::cancel);
    assertThat(timers.nextDelayNs()).as("as many have left as are there").isEqualTo(slot + 1_000);
    assertThat(loop.sleepAndTurn()).isTrue();
    assertThat(loop.idleWakeUps).isZero();
    assertThat(log).hasSize(1);
  }

  @Test
  void manyTimersOfOneSlotMoveDownInSeveralTurnsAndKeepTheirOrder() {
    int count = 40_000;
    long at = 5L << 20;
    var order = new ArrayList<Integer>();
    for (int i = 0; i < count; i++) {
      int number = i;
      timers.newTimeout(() -> order.add(number)).rescheduleNs(at);
    }
    loop.nowNs = at;
    assertThat(loop.turn()).as("they only move in this turn").isZero();
    int number = count;
    timers.newTimeout(() -> order.add(number)).rescheduleNs(0);
    assertThat(timers.nextDelayNs()).isZero();
    while (loop.turn() > 0 || timers.size() > 0) {
      assertThat(timers.nextDelayNs()).isLessThanOrEqualTo(0);
    }
    assertThat(order).hasSize(count + 1).isSorted();
  }

  @Test
  void otherThreadsTimerWakesTheLoopOnlyIfItWouldComeTooLate() {
    in(1_000, "own");
    assertThat(timers.nextDelayNs()).isEqualTo(1_000);
    var timeout = new Timeout[1];
    loop.elsewhere(() -> timeout[0] = in(1_001, "later"));
    assertThat(loop.wakeUps).isZero();
    assertThat(timers.hasInbox()).isTrue();
    loop.elsewhere(() -> timeout[0].rescheduleNs(999));
    assertThat(loop.wakeUps).isOne();
    loop.elsewhere(() -> timeout[0].cancel());
    assertThat(loop.wakeUps).isOne();
    loop.elsewhere(() -> timeout[0].rescheduleNs(100));
    assertThat(loop.wakeUps).isEqualTo(2);
    assertThat(timers.size()).isEqualTo(2);
    loop.turn();
    assertThat(timers.hasInbox()).isFalse();
    assertThat(timers.nextDelayNs()).isEqualTo(100);
    loop.turnAfter(1_000);
    assertThat(log).containsExactly("later", "own");
  }

  @Test
  void otherThreadsTimersOfOneTickRunInTheOrderOfTheirComing() {
    loop.elsewhere(() -> {
      in(5, "first");
      in(5, "second");
      in(5, "third");
    });
    loop.turnAfter(5);
    assertThat(log).containsExactly("first", "second", "third");
  }

  @Test
  void otherThreadsTimerWakesALoopThatSleepsForEver() {
    assertThat(timers.nextDelayNs()).isEqualTo(-1);
    loop.elsewhere(() -> in(Long.MAX_VALUE, "never"));
    assertThat(loop.wakeUps).isOne();
  }

  @Test
  void otherThreadsTimerThatIsLateByThenRunsInTheTurnThatFindsIt() {
    in(5_000, "own");
    loop.turnAfter(10);
    loop.elsewhere(() -> in(20, "late"));
    loop.nowNs += 2_000; // the loop was busy
    timers.advance(1); // and did not look at its inbox
    assertThat(loop.turn()).isOne();
    assertThat(log).containsExactly("late");
  }

  @Test
  void timersThatOtherThreadsCancelDoNotHeapUpWhileTheLoopSleeps() {
    timers.nextDelayNs();
    in(0, "now");
    assertThat(timers.nextDelayNs()).isZero(); // nothing wakes it for being too late
    loop.elsewhere(() -> {
      // What each of them refers to may be large: 254 of 1 MB were the end of a heap of 512 MB.
      int kept = 64;
      for (int i = 1; i < kept; i++) {
        in(1_000, "cancelled").cancel();
      }
      assertThat(loop.wakeUps).isZero();
      in(1_000, "cancelled").cancel();
    });
    assertThat(loop.wakeUps).isOne();
    assertThat(timers.size()).isOne();
    loop.turnAfter(2_000);
    assertThat(log).containsExactly("now");
  }

  @Test
  void oneTurnLooksAtABoundedNumberOfOtherThreadsTimers() {
    int count = LoopTimers.MAX_INBOX_PER_TURN + 10;
    loop.elsewhere(() -> {
      for (int i = 0; i < count; i++) {
        in(5, "timer");
      }
    });
    assertThat(loop.turnAfter(5)).isEqualTo(LoopTimers.MAX_INBOX_PER_TURN);
    assertThat(timers.hasInbox()).isTrue();
    assertThat(loop.turn()).isEqualTo(10);
    assertThat(timers.hasInbox()).isFalse();
  }

  @Test
  void closeCancelsEverythingAndRefusesWhatComesAfter() {
    Timeout own = in(5, "own");
    Timeout far = in(1L << 50, "far");
    Timeout idle = timers.newTimeout(() -> {});
    var others = new ArrayList<Timeout>();
    loop.elsewhere(() -> {
      others.add(in(5, "other"));
      in(6, "cancelled").cancel();
      own.rescheduleNs(6);
    });
    assertThat(timers.close()).isEqualTo(3);
    assertThat(timers.close()).isZero();
    assertThat(timers.size()).isZero();
    assertThat(List.of(own, far, others.getFirst())).noneMatch(Timeout::isScheduled);
    assertThat(own.cancel()).isFalse();
    for (boolean foreign : new boolean[] {false, true}) {
      loop.foreign = foreign;
      assertThatExceptionOfType(RejectedExecutionException.class)
          .isThrownBy(() -> idle.rescheduleNs(1))
          .withMessage("the loop has ended");
      assertThatExceptionOfType(RejectedExecutionException.class)
          .isThrownBy(() -> timers.schedule(Duration.ZERO, () -> {}));
    }
    loop.foreign = false;
    assertThat(loop.turnAfter(DAY_NS)).isZero();
    assertThat(timers.nextDelayNs()).isEqualTo(-1);
    assertThat(log).isEmpty();
  }

  @Test
  void taskMayCloseTheTimersItIsOneOf() {
    timers.schedule(Duration.ofNanos(1), () -> log.add("cancelled " + timers.close()));
    in(1, "same tick");
    in(9_000, "later");
    assertThat(loop.turnAfter(1)).isOne();
    assertThat(log).containsExactly("cancelled 2");
    assertThat(timers.size()).isZero();
  }

  // The loop sleeps for ever, and what the timer refers to with it, if nobody tells it to look.
  @Test
  void timerThatIsCancelledElsewhereIsLetGoWithinASecond() {
    Timeout[] handles = new Timeout[3];
    loop.elsewhere(() -> {
      for (int i = 0; i < handles.length; i++) {
        handles[i] = timers.schedule(Duration.ofMinutes(1), this::noTask);
      }
    });
    loop.turn();
    timers.nextDelayNs();
    int before = loop.wakeUps;
    loop.elsewhere(handles[0]::cancel);
    assertThat(loop.wakeUps).as("the first one wakes the loop").isEqualTo(before + 1);
    loop.turn();
    assertThat(timers.nextDelayNs()).isEqualTo(LoopTimers.LET_GO_NS);
    loop.elsewhere(handles[1]::cancel);
    assertThat(loop.wakeUps).as("it looks anyway").isEqualTo(before + 1);
    assertThat(timers.hasInbox()).isTrue();
    loop.turnAfter(LoopTimers.LET_GO_NS);
    assertThat(timers.hasInbox()).isFalse();
    assertThat(timers.nextDelayNs()).isEqualTo(LoopTimers.LET_GO_NS);
    loop.elsewhere(handles[2]::cancel);
    loop.turnAfter(LoopTimers.LET_GO_NS);
    loop.turnAfter(LoopTimers.LET_GO_NS);
    assertThat(timers.nextDelayNs()).as("nothing to look for any more").isEqualTo(-1);
  }

  private void noTask() {}
}
