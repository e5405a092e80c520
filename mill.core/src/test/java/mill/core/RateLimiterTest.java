package mill.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RateLimiterTest {
  private static final long SECOND_NS = 1_000_000_000;
  private static final long DAY_NS = 86_400 * SECOND_NS;

  private final VirtualNanos clock = new VirtualNanos();

  private RateLimiter limiter(long ratePerSecond, long burst) {
    return RateLimiter.perSecond(ratePerSecond, burst, clock);
  }

  private RateLimiter empty(long ratePerSecond, long burst) {
    RateLimiter limiter = limiter(ratePerSecond, burst);
    assertThat(limiter.tryAcquire(burst)).isEqualTo(burst);
    return limiter;
  }

  @Test
  void bucketBeginsFullAndGivesNoMoreThanTheBurst() {
    RateLimiter limiter = limiter(1_000, 30);
    assertThat(limiter.available()).isEqualTo(30);
    assertThat(limiter.tryAcquire(20)).isEqualTo(20);
    assertThat(limiter.tryAcquire(20)).isEqualTo(10);
    assertThat(limiter.tryAcquire(20)).isZero();
    clock.advance(DAY_NS);
    assertThat(limiter.tryAcquire(Long.MAX_VALUE)).isEqualTo(30);
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1",
    "49, 1",
    "50, 1",
    "100, 2",
    "10000, 200",
    "100000000000, 2000000000",
  })
  void burstIsTwentyMillisecondsOfTheRateAndAtLeastOneToken(long ratePerSecond, long burst) {
    RateLimiter limiter = RateLimiter.perSecond(ratePerSecond);
    assertThat(limiter.ratePerSecond()).isEqualTo(ratePerSecond);
    assertThat(limiter.burst()).isEqualTo(burst);
    assertThat(limiter.tryAcquireAll(burst)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 333, 10_000, 999_999_937, 1_000_000_000, 100_000_000_000L})
  void tokenComesWithItsNanosecondAndNotOneBefore(long ratePerSecond) {
    RateLimiter limiter = empty(ratePerSecond, 1);
    long waitNs = limiter.nanosUntil(1);
    assertThat(waitNs).isEqualTo(Math.ceilDiv(SECOND_NS, ratePerSecond));
    clock.advance(waitNs - 1);
    assertThat(limiter.tryAcquireAll(1)).isFalse();
    clock.advance(1);
    assertThat(limiter.nanosUntil(1)).isZero();
    assertThat(limiter.tryAcquireAll(1)).isTrue();
  }

  @Test
  void tokenThatLacksABillionthIsNotGiven() {
    RateLimiter limiter = limiter(999_999_999, 10);
    limiter.tryAcquire(9);
    clock.advance(1);
    assertThat(limiter.tryAcquireAll(2)).isFalse();
    assertThat(limiter.tryAcquire(2)).isEqualTo(1);
  }

  @Test
  void allOrNothingTakesNothingWhenOneIsMissing() {
    RateLimiter limiter = limiter(1_000, 10);
    assertThat(limiter.tryAcquireAll(4)).isTrue();
    assertThat(limiter.tryAcquireAll(7)).isFalse();
    assertThat(limiter.available()).isEqualTo(6);
    assertThat(limiter.tryAcquireAll(6)).isTrue();
    assertThat(limiter.tryAcquireAll(0)).isTrue();
  }

  @Test
  void reservationsAreServedOneAfterTheOther() {
    RateLimiter limiter = limiter(1_000, 10);
    assertThat(limiter.reserve(10)).isZero();
    assertThat(limiter.reserve(5)).isEqualTo(5_000_000);
    assertThat(limiter.reserve(1)).isEqualTo(6_000_000);
    clock.advance(2_000_000);
    assertThat(limiter.reserve(20)).isEqualTo(24_000_000);
    assertThat(limiter.available()).isEqualTo(-24);
  }

  @Test
  void nobodyTakesWhatOthersHaveReserved() {
    RateLimiter limiter = empty(1_000, 10);
    long waitNs = limiter.reserve(10);
    clock.advance(waitNs);
    assertThat(limiter.tryAcquire(10)).isZero();
    assertThat(limiter.nanosUntil(1)).isEqualTo(1_000_000);
    clock.advance(1_000_000);
    assertThat(limiter.tryAcquire(10)).isEqualTo(1);
  }

  @Test
  void debtIsBoundedAndARefusedReservationTakesNothing() {
    RateLimiter limiter = empty(1, 1);
    assertThat(limiter.reserve(RateLimiter.MAX_DEBT - 1))
        .isEqualTo((RateLimiter.MAX_DEBT - 1) * SECOND_NS);
    assertThat(limiter.reserve(2)).isEqualTo(RateLimiter.REFUSED);
    assertThat(limiter.available()).isEqualTo(1 - RateLimiter.MAX_DEBT);
    assertThat(limiter.reserve(1)).isEqualTo(RateLimiter.MAX_DEBT * SECOND_NS);
    assertThat(limiter.reserve(RateLimiter.MAX_DEBT)).isEqualTo(RateLimiter.REFUSED);
    clock.advance(SECOND_NS);
    assertThat(limiter.reserve(1)).isEqualTo(RateLimiter.MAX_DEBT * SECOND_NS);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 333, 1_000_000_000, RateLimiter.MAX_RATE_PER_SECOND})
  void deepestDebtFillsToTheLargestBurstWithoutOverflow(long ratePerSecond) {
    RateLimiter limiter = empty(ratePerSecond, RateLimiter.MAX_BURST);
    limiter.reserve(RateLimiter.MAX_DEBT);
    long waitNs = limiter.nanosUntil(RateLimiter.MAX_BURST);
    assertThat(waitNs)
        .isEqualTo(
            Math.ceilDiv(
                (RateLimiter.MAX_DEBT + RateLimiter.MAX_BURST) * SECOND_NS, ratePerSecond));
    clock.advance(waitNs - 1);
    assertThat(limiter.available()).isLessThan(RateLimiter.MAX_BURST);
    clock.advance(1);
    assertThat(limiter.available()).isEqualTo(RateLimiter.MAX_BURST);
  }

  @Test
  void longestTimeThatAClockCanTellFillsTheBucketOnly() {
    RateLimiter limiter = empty(RateLimiter.MAX_RATE_PER_SECOND, 7);
    clock.advance(Long.MAX_VALUE);
    assertThat(limiter.available()).isEqualTo(7);
    // 2^62 ns × 4/s would be 2^64, which a long takes for nothing.
    RateLimiter wrapped = empty(4, RateLimiter.MAX_BURST);
    clock.advance(1L << 62);
    assertThat(wrapped.available()).isEqualTo(RateLimiter.MAX_BURST);
  }

  @Test
  void clockMayPassTheEndOfItsRange() {
    var lateClock = new VirtualNanos(Long.MAX_VALUE - 5);
    RateLimiter limiter = RateLimiter.perSecond(1_000_000_000, 100, lateClock);
    assertThat(limiter.reserve(110)).isEqualTo(10);
    lateClock.advance(10);
    assertThat(limiter.available()).isZero();
    lateClock.advance(3);
    assertThat(limiter.tryAcquire(100)).isEqualTo(3);
  }

  @Test
  void clockThatStandsStillOrGoesBackMakesNoTokens() {
    RateLimiter limiter = empty(1_000_000_000, 100);
    assertThat(limiter.tryAcquire(1)).isZero();
    clock.advance(-50);
    assertThat(limiter.tryAcquire(1)).isZero();
    assertThat(limiter.nanosUntil(1)).isEqualTo(51);
    assertThat(limiter.reserve(1)).isEqualTo(51);
    limiter.giveBack(1);
    clock.advance(50);
    assertThat(limiter.tryAcquire(1)).isZero();
    clock.advance(1);
    assertThat(limiter.tryAcquire(100)).isEqualTo(1);
  }

  @Test
  void givenBackIsThereAgainButNeverAboveTheBurst() {
    RateLimiter limiter = limiter(1_000, 10);
    limiter.tryAcquire(8);
    limiter.giveBack(3);
    assertThat(limiter.available()).isEqualTo(5);
    limiter.giveBack(6);
    assertThat(limiter.available()).isEqualTo(10);
    limiter.tryAcquire(10);
    limiter.giveBack(Long.MAX_VALUE);
    assertThat(limiter.available()).isEqualTo(10);
    assertThat(limiter.tryAcquire(20)).isEqualTo(10);
  }

  @Test
  void reservationThatIsGivenBackShortensTheDebt() {
    RateLimiter limiter = empty(1_000, 10);
    limiter.reserve(100);
    limiter.giveBack(100);
    assertThat(limiter.reserve(1)).isEqualTo(1_000_000);
  }

  @Test
  void tokensOfTheOldRateStayWhenTheRateChanges() {
    RateLimiter limiter = empty(3, 100);
    clock.advance(SECOND_NS / 2); // one and a half
    limiter.setRate(1_000);
    assertThat(limiter.available()).isEqualTo(1);
    assertThat(limiter.nanosUntil(2)).isEqualTo(500_000);
    clock.advance(500_000);
    assertThat(limiter.tryAcquire(100)).isEqualTo(2);
    assertThat(limiter.ratePerSecond()).isEqualTo(1_000);
    assertThat(limiter.burst()).isEqualTo(100);
  }

  @Test
  void debtStaysWhenTheRateChanges() {
    RateLimiter limiter = empty(10, 10);
    assertThat(limiter.reserve(10)).isEqualTo(SECOND_NS);
    limiter.setRate(1_000);
    assertThat(limiter.available()).isEqualTo(-10);
    assertThat(limiter.reserve(10)).isEqualTo(20_000_000);
  }

  @Test
  void largerBurstHasYetToFillAndASmallerOneSpills() {
    RateLimiter limiter = limiter(1_000, 10);
    limiter.setRate(1_000, 20);
    assertThat(limiter.available()).isEqualTo(10);
    clock.advance(SECOND_NS);
    assertThat(limiter.available()).isEqualTo(20);
    limiter.setRate(2_000, 5);
    assertThat(limiter.available()).isEqualTo(5);
    clock.advance(SECOND_NS);
    assertThat(limiter.available()).isEqualTo(5);
    assertThat(limiter.burst()).isEqualTo(5);
  }

  static Stream<Arguments> refusals() {
    return Stream.of(
        refusal("ratePerSecond must be 1 to 100000000000, not 0", _ -> RateLimiter.perSecond(0)),
        refusal(
            "ratePerSecond must be 1 to 100000000000, not 100000000001",
            _ -> RateLimiter.perSecond(RateLimiter.MAX_RATE_PER_SECOND + 1)),
        refusal("burst must be 1 to 4294967296, not 0", _ -> RateLimiter.perSecond(1, 0)),
        refusal(
            "burst must be 1 to 4294967296, not 4294967297",
            _ -> RateLimiter.perSecond(1, RateLimiter.MAX_BURST + 1)),
        refusal("max must not be negative, and is -1", limiter -> limiter.tryAcquire(-1)),
        refusal("n must not be negative, and is -1", limiter -> limiter.tryAcquireAll(-1)),
        refusal("0 to the burst, 10, not 11", limiter -> limiter.tryAcquireAll(11)),
        refusal("0 to the burst, 10, not 11", limiter -> limiter.nanosUntil(11)),
        refusal("n must not be negative, and is -1", limiter -> limiter.nanosUntil(-1)),
        refusal("n must be 1 to 4294967296, not 0", limiter -> limiter.reserve(0)),
        refusal(
            "n must be 1 to 4294967296, not 9223372036854775807",
            limiter -> limiter.reserve(Long.MAX_VALUE)),
        refusal("n must not be negative, and is -2", limiter -> limiter.giveBack(-2)),
        refusal("ratePerSecond must be 1 to", limiter -> limiter.setRate(0)),
        refusal("ratePerSecond must be 1 to", limiter -> limiter.setRate(-1, 5)),
        refusal("burst must be 1 to", limiter -> limiter.setRate(5, 0)));
  }

  interface Use {
    void on(RateLimiter limiter);
  }

  private static Arguments refusal(String message, Use use) {
    return Arguments.of(message, use);
  }

  @ParameterizedTest
  @MethodSource("refusals")
  void valueOutOfItsRangeIsRefusedWithTheRangeAndChangesNothing(String message, Use use) {
    RateLimiter limiter = limiter(1_000, 10);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> use.on(limiter))
        .withMessageContaining(message);
    assertThat(limiter.ratePerSecond()).isEqualTo(1_000);
    assertThat(limiter.burst()).isEqualTo(10);
    assertThat(limiter.tryAcquire(100)).isEqualTo(10);
  }

  @Test
  @SuppressWarnings("NullAway") // what a user without it may do
  void missingClockIsRefused() {
    assertThatNullPointerException()
        .isThrownBy(() -> RateLimiter.perSecond(1, 1, null))
        .withMessage("nanoClock");
  }

  @Test
  void limiterIsUsableAfterItsClockHasThrown() {
    boolean[] broken = {false};
    RateLimiter limiter =
        RateLimiter.perSecond(
            1,
            5,
            () -> {
              if (broken[0]) {
                throw new IllegalStateException("no time");
              }
              return 0;
            });
    broken[0] = true;
    assertThatCode(() -> limiter.tryAcquire(1)).hasMessage("no time");
    broken[0] = false;
    assertThat(limiter.tryAcquire(1)).isEqualTo(1);
  }

  @Test
  void descriptionTellsRateBurstAndTokens() {
    RateLimiter limiter = limiter(1_000, 10);
    limiter.tryAcquire(3);
    assertThat(limiter).hasToString("RateLimiter[1000/s, burst 10, 7 available]");
  }

  @Test
  void rateBelowOneASecondIsExact() {
    var limiter = RateLimiter.per(10, Duration.ofMinutes(1), 2, clock);
    assertThat(limiter.tryAcquire(5)).isEqualTo(2);
    clock.advance(6_000_000_000L - 1);
    assertThat(limiter.tryAcquire(1)).isZero();
    assertThat(limiter.nanosUntil(1)).isEqualTo(1);
    clock.advance(1);
    assertThat(limiter.tryAcquire(5)).isEqualTo(1);
    assertThat(limiter.reserve(3)).isEqualTo(18_000_000_000L);
    assertThat(limiter.ratePerSecond()).isZero();
    assertThat(limiter.toString()).contains("0.1666");
  }

  @Test
  void periodThatIsNoWholeNumberOfTokensDriftsNever() {
    var limiter = RateLimiter.per(3, Duration.ofNanos(7), 1_000_000, clock);
    limiter.tryAcquire(1_000_000);
    long taken = 0;
    for (int i = 0; i < 70_000; i++) {
      clock.advance(1);
      taken += limiter.tryAcquire(10);
    }
    assertThat(taken).isEqualTo(30_000);
  }

  @Test
  void rateOfALongPeriodCanBecomeOneOfASecond() {
    var limiter = RateLimiter.per(1, Duration.ofHours(1), 4, clock);
    limiter.reserve(6);
    assertThat(limiter.available()).isEqualTo(-2);
    limiter.setRate(1_000);
    assertThat(limiter.available()).isEqualTo(-2);
    clock.advance(3_000_000);
    assertThat(limiter.tryAcquire(4)).isEqualTo(1);
    assertThat(limiter.burst()).isEqualTo(4);
  }

  @Test
  void periodsAndBurstsThatCannotBeCountedAreRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RateLimiter.per(1, Duration.ZERO))
        .withMessageContaining("period");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RateLimiter.per(1, RateLimiter.MAX_PERIOD.plusNanos(1)))
        .withMessageContaining("period");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RateLimiter.per(0, Duration.ofSeconds(1)))
        .withMessageContaining("tokens");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RateLimiter.per(RateLimiter.MAX_RATE_PER_SECOND, Duration.ofMillis(999)))
        .withMessageContaining("more than");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RateLimiter.per(1, RateLimiter.MAX_PERIOD, 1_000))
        .withMessageContaining("burst");
  }
}
