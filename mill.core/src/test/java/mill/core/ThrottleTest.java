package mill.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ThrottleTest {
  private static final long SECOND_NS = 1_000_000_000;

  private final VirtualNanos clock = new VirtualNanos();
  private final List<ManualGate> gates = new ArrayList<>();

  private RateLimiter limiter(long ratePerSecond, long burst) {
    return RateLimiter.perSecond(ratePerSecond, burst, clock);
  }

  private Throttle throttle(RateLimiter own, RateLimiter... shared) {
    return new Throttle(
        onTime -> {
          gates.add(new ManualGate(clock, onTime));
          return gates.getLast();
        },
        own,
        shared);
  }

  private ManualGate gate() {
    return gates.getLast();
  }

  @Test
  void whatIsThereIsPermittedAtOnce() throws IOException {
    Throttle throttle = throttle(limiter(1_000, 100));
    assertThat(throttle.permit(60)).isEqualTo(60);
    assertThat(throttle.permit(40)).isEqualTo(40);
    assertThat(gate().suspended).isFalse();
    assertThat(gate().timers).isZero();
  }

  @Test
  void whoFindsNothingIsSuspendedUntilHalfABurstIsThere() throws IOException {
    Throttle throttle = throttle(limiter(1_000, 100));
    throttle.permit(100);
    assertThat(throttle.permit(1_000)).isZero();
    assertThat(gate().suspended).isTrue();
    assertThat(gate().waitNs()).isEqualTo(50_000_000);
    gate().passTime();
    assertThat(gate().suspended).isFalse();
    assertThat(throttle.permit(1_000)).isEqualTo(50);
    assertThat(throttle.permit(1_000)).isZero();
  }

  @Test
  void whoWantsLessThanHalfABurstWaitsForThatOnly() throws IOException {
    Throttle throttle = throttle(limiter(1_000, 100));
    throttle.permit(100);
    assertThat(throttle.permit(3)).isZero();
    assertThat(gate().waitNs()).isEqualTo(3_000_000);
    gate().passTime();
    assertThat(throttle.permit(3)).isEqualTo(3);
  }

  @Test
  void crumbsAreNotPermittedButWaitedUpon() throws IOException {
    Throttle throttle = throttle(limiter(1_000, 100));
    throttle.permit(90);
    assertThat(throttle.permit(1_000)).isZero();
    assertThat(gate().waitNs()).isEqualTo(40_000_000);
    gate().passTime();
    assertThat(throttle.permit(1_000)).isEqualTo(50);
  }

  @Test
  void askingAgainWhileItWaitsTakesNothingAndStartsNoOtherTimer() throws IOException {
    RateLimiter limiter = limiter(1_000, 100);
    Throttle throttle = throttle(limiter);
    throttle.permit(100);
    throttle.permit(10);
    assertThat(throttle.permit(10)).isZero();
    assertThat(throttle.permit(1)).isZero();
    assertThat(gate().timers).isEqualTo(1);
    assertThat(limiter.available()).isEqualTo(-10);
  }

  @Test
  void whatWasWaitedForCanBeTakenInParts() throws IOException {
    Throttle throttle = throttle(limiter(1_000, 100));
    throttle.permit(100);
    throttle.permit(1_000);
    gate().passTime();
    assertThat(throttle.permit(20)).isEqualTo(20);
    assertThat(throttle.permit(20)).isEqualTo(20);
    assertThat(throttle.permit(20)).isEqualTo(10);
    assertThat(throttle.permit(20)).isZero();
  }

  @Test
  void unusedTokensGoBackToEveryLimiter() throws IOException {
    RateLimiter own = limiter(1_000, 100);
    RateLimiter shared = limiter(1_000, 200);
    Throttle throttle = throttle(own, shared);
    assertThat(throttle.permit(80)).isEqualTo(80);
    throttle.giveBack(30);
    assertThat(own.available()).isEqualTo(50);
    assertThat(shared.available()).isEqualTo(150);
  }

  @Test
  void slowestOfSeveralLimitersDecides() throws IOException {
    RateLimiter own = limiter(1_000, 100);
    RateLimiter shared = limiter(100, 40);
    Throttle throttle = throttle(own, shared);
    assertThat(throttle.permit(100)).isEqualTo(40);
    assertThat(throttle.permit(100)).isZero();
    assertThat(gate().waitNs()).isEqualTo(200_000_000);
    gate().passTime();
    assertThat(throttle.permit(100)).isEqualTo(20);
    assertThat(own.available()).isEqualTo(100);
    assertThat(shared.available()).isZero();
  }

  @Test
  void sharersWaitInTheOrderInWhichTheyCame() throws IOException {
    RateLimiter shared = limiter(1_000, 10);
    shared.tryAcquire(10);
    Throttle[] throttles = new Throttle[5];
    for (int i = 0; i < throttles.length; i++) {
      throttles[i] = throttle(limiter(1_000_000, 1_000), shared);
      assertThat(throttles[i].permit(4)).isZero();
    }
    for (int i = 0; i < throttles.length; i++) {
      assertThat(gates.get(i).waitNs()).isEqualTo(4_000_000);
      gates.get(i).passTime();
      assertThat(throttles[i].permit(4)).isEqualTo(4);
    }
  }

  @Test
  void sharerWhoAsksAllTheTimeGetsNoMoreThanTheOneWhoWaits() throws IOException {
    RateLimiter shared = limiter(1_000, 10);
    Throttle[] throttles = {throttle(shared), throttle(shared)};
    long[] got = new long[2];
    takeAll(throttles, got, 1);
    takeAll(throttles, got, 0);
    while (clock.getAsLong() < 10 * SECOND_NS) {
      int next = gates.get(0).waitNs() <= gates.get(1).waitNs() ? 0 : 1;
      for (int i = 0; i < 10; i++) {
        clock.advance(gates.get(next).waitNs() / 2);
        takeAll(throttles, got, 0);
      }
      gates.get(next).passTime();
      takeAll(throttles, got, next);
    }
    assertThat(got[0] + got[1]).isBetween(9_990L, 10_020L);
    assertThat(got[0] - got[1]).isBetween(-20L, 20L);
  }

  private static void takeAll(Throttle[] throttles, long[] got, int who) throws IOException {
    long some;
    while ((some = throttles[who].permit(5)) > 0) {
      got[who] += some;
    }
  }

  @Test
  void closingGivesBackWhatIsReservedAndWhatIsReady() throws IOException {
    RateLimiter limiter = limiter(1_000, 100);
    Throttle waiting = throttle(limiter);
    waiting.permit(100);
    waiting.permit(50);
    assertThat(limiter.available()).isEqualTo(-50);
    waiting.close();
    assertThat(limiter.available()).isZero();
    assertThat(gate().timerRuns).isFalse();

    Throttle ready = throttle(limiter);
    ready.permit(50);
    gate().passTime();
    assertThat(ready.permit(20)).isEqualTo(20);
    ready.close();
    ready.close();
    assertThat(limiter.available()).isEqualTo(30);
    assertThat(ready.permit(10)).isZero();
    assertThat(limiter.available()).isEqualTo(30);
  }

  @Test
  void timerThatGoesOffAfterTheEndDoesNothing() throws IOException {
    RateLimiter limiter = limiter(1_000, 100);
    Throttle throttle = throttle(limiter);
    throttle.permit(100);
    throttle.permit(50);
    throttle.close();
    assertThat(gate().resumes).isOne();
    gate().goOffLate();
    assertThat(gate().resumes).isOne();
    assertThat(limiter.available()).isZero();
    assertThat(throttle.permit(1)).isZero();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void failureToWaitTakesNothing(boolean suspendFails) throws IOException {
    RateLimiter own = limiter(1_000, 100);
    RateLimiter shared = limiter(1_000, 100);
    Throttle throttle = throttle(own, shared);
    throttle.permit(100);
    gate().failSuspend = suspendFails;
    gate().failTimer = !suspendFails;
    assertThatThrownBy(() -> throttle.permit(10))
        .isInstanceOf(suspendFails ? IOException.class : RejectedExecutionException.class);
    assertThat(own.available()).isZero();
    assertThat(shared.available()).isZero();
  }

  @Test
  void refusedReservationIsAskedForAgainLater() throws IOException {
    RateLimiter own = limiter(1_000, 100);
    RateLimiter crowded = limiter(RateLimiter.MAX_RATE_PER_SECOND, 100);
    crowded.tryAcquire(100);
    crowded.reserve(RateLimiter.MAX_DEBT);
    Throttle throttle = throttle(own, crowded);
    assertThat(throttle.permit(50)).isZero();
    assertThat(gate().suspended).isTrue();
    assertThat(gate().waitNs()).isEqualTo(Throttle.RETRY_NS);
    assertThat(own.available()).isEqualTo(100);
    gate().passTime();
    assertThat(gate().suspended).isFalse();
    assertThat(throttle.permit(50)).isZero();
    gate().passTime();
    assertThat(throttle.permit(50)).isEqualTo(50);
  }

  @Test
  void limiterOfOneTokenPermitsOneAtATime() throws IOException {
    Throttle accepts = throttle(limiter(3, 1));
    assertThat(accepts.permit(1)).isEqualTo(1);
    assertThat(accepts.permit(1)).isZero();
    assertThat(gate().waitNs()).isEqualTo(333_333_334);
    gate().passTime();
    assertThat(accepts.permit(1)).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, -1, Long.MIN_VALUE})
  void askingForNothingIsRefused(long wanted) {
    Throttle throttle = throttle(limiter(1, 1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> throttle.permit(wanted))
        .withMessage("wanted must be at least 1, not " + wanted);
  }

  @Test
  @SuppressWarnings("NullAway") // what a user without it may do
  void missingLimiterIsRefused() {
    assertThatNullPointerException().isThrownBy(() -> throttle(null)).withMessage("limiter");
    RateLimiter own = limiter(1, 1);
    assertThatNullPointerException()
        .isThrownBy(() -> throttle(own, (RateLimiter) null))
        .withMessage("limiter");
  }

  @Test
  void descriptionTellsWhatIsWaitedFor() throws IOException {
    Throttle throttle = throttle(limiter(1_000, 10));
    assertThat(throttle.toString()).startsWith("Throttle[open, [RateLimiter[1000/s");
    throttle.permit(10);
    throttle.permit(4);
    assertThat(throttle.toString()).startsWith("Throttle[waits for 4, ");
    throttle.close();
    assertThat(throttle.toString()).startsWith("Throttle[closed, ");
  }

  // 100 of them waited for 50 tokens each, and took 5,000 at once at a limit of 1,000 a second.
  @Test
  void tokensThatNobodyTakesLapse() throws IOException {
    RateLimiter limiter = limiter(1_000, 100);
    limiter.tryAcquire(100);
    List<Throttle> throttles = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      throttles.add(throttle(limiter));
      throttles.getLast().permit(50);
    }
    for (ManualGate gate : gates) {
      gate.passTime(); // each is ready in its turn
    }
    clock.advance(Throttle.LAPSE_NS);
    gates.forEach(ManualGate::goOffIfDue);
    assertThat(limiter.available()).isEqualTo(100);
    long permitted = 0;
    for (Throttle throttle : throttles) {
      permitted += throttle.permit(50);
    }
    assertThat(permitted).isEqualTo(100);
  }

  @Test
  void tokensAreKeptForAHandlerThatComesSoon() throws IOException {
    RateLimiter limiter = limiter(1_000, 100);
    Throttle throttle = throttle(limiter);
    throttle.permit(100);
    throttle.permit(50);
    gate().passTime();
    clock.advance(Throttle.LAPSE_NS - 1);
    gate().goOffIfDue();
    limiter.tryAcquire(100);
    assertThat(throttle.permit(50)).isEqualTo(50);
    clock.advance(1);
    gate().goOffIfDue();
    assertThat(limiter.available()).as("what was taken does not lapse").isOne();
  }

  @Test
  void rateThatRisesShortensAWait() throws IOException {
    RateLimiter limiter = limiter(100, 65_536);
    limiter.tryAcquire(65_536);
    Throttle throttle = throttle(limiter);
    throttle.permit(32_768); // 327 seconds
    gate().passTime();
    assertThat(gate().suspended).isTrue();
    limiter.setRate(1_000_000);
    gate().passTime();
    assertThat(gate().suspended).isTrue();
    assertThat(gate().waitNs()).isLessThan(SECOND_NS / 20);
    gate().passTime();
    assertThat(gate().suspended).isFalse();
    assertThat(throttle.permit(32_768)).isEqualTo(32_768);
  }

  @Test
  void directionThatWaitsIsReportedAgainWhenItsThrottleIsClosed() throws IOException {
    Throttle throttle = throttle(limiter(1_000, 100));
    throttle.permit(100);
    throttle.permit(50);
    assertThat(gate().suspended).isTrue();
    throttle.close();
    assertThat(gate().suspended).isFalse();
    assertThat(throttle.isClosed()).isTrue();
  }
}
