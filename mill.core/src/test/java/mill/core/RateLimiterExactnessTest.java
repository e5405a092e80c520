package mill.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The promise of {@link RateLimiter}: over any time T never more than burst + rate × T, and all of
 * it to those who ask for it. Times and demands are random; a failure names the seed.
 */
class RateLimiterExactnessTest {
  private static final BigInteger SECOND_NS = BigInteger.valueOf(1_000_000_000);
  private static final long DAY_NS = 86_400_000_000_000L;
  private static final long[] RATES = {
    1, 333, 10_000, 999_999_937, 1_000_000_000, 99_999_999_977L, 100_000_000_000L
  };

  /** What rate × T makes of whole tokens, by arithmetic that has no bounds. */
  private static BigInteger made(long ratePerSecond, BigInteger elapsedNs) {
    return BigInteger.valueOf(ratePerSecond).multiply(elapsedNs).divide(SECOND_NS);
  }

  private record Grant(long atNs, long tokens) {}

  static Stream<Arguments> ratesAndSeeds() {
    var random = new Random(4);
    return Stream.of(1, 2, 3, 4)
        .flatMap(_ -> Arrays.stream(RATES).mapToObj(rate -> Arguments.of(rate, random.nextLong())));
  }

  @ParameterizedTest(name = "{0}/s, seed {1}")
  @MethodSource("ratesAndSeeds")
  void noTimeHoweverShortOrLongGetsMoreThanBurstAndRate(long ratePerSecond, long seed) {
    var random = new Random(seed);
    var clock = new VirtualNanos(random.nextLong()); // anywhere, the end of the range included
    long startNs = clock.getAsLong();
    long burst = 1 + random.nextLong(Math.max(1, ratePerSecond / 50));
    RateLimiter limiter = RateLimiter.perSecond(ratePerSecond, burst, clock);
    long fillNs = fillNs(ratePerSecond, burst);
    List<Grant> grants = new ArrayList<>();
    for (int i = 0; i < 400; i++) {
      clock.advance(random.nextLong(1 + random.nextLong(1 + fillNs / 8)));
      long nowNs = clock.getAsLong() - startNs;
      switch (random.nextInt(4)) {
        case 0 -> grants.add(new Grant(nowNs, limiter.tryAcquire(1 + random.nextLong(burst))));
        case 1 -> {
          long n = 1 + random.nextLong(burst);
          grants.add(new Grant(nowNs, limiter.tryAcquireAll(n) ? n : 0));
        }
        case 2 -> {
          long n = 1 + random.nextLong(Math.max(1, burst / 4));
          if (limiter.available() >= -4 * burst) { // or the debt would only grow
            grants.add(new Grant(nowNs + limiter.reserve(n), n));
          }
        }
        default -> {
          long taken = limiter.tryAcquire(1 + random.nextLong(burst));
          long unused = random.nextLong(taken + 1);
          limiter.giveBack(unused);
          grants.add(new Grant(nowNs, taken - unused));
        }
      }
    }
    grants.sort(Comparator.comparingLong(Grant::atNs));
    assertNoWindowGetsMore(ratePerSecond, burst, grants);
  }

  private static void assertNoWindowGetsMore(long ratePerSecond, long burst, List<Grant> grants) {
    for (int from = 0; from < grants.size(); from++) {
      long sum = 0;
      for (int to = from; to < grants.size(); to++) {
        sum += grants.get(to).tokens();
        // One nanosecond more: what is reserved is due within one, and told with the next.
        long elapsedNs = grants.get(to).atNs() - grants.get(from).atNs() + 1;
        BigInteger most =
            made(ratePerSecond, BigInteger.valueOf(elapsedNs)).add(BigInteger.valueOf(burst));
        assertThat(BigInteger.valueOf(sum))
            .as("grants %d to %d", from, to)
            .isLessThanOrEqualTo(most);
      }
    }
  }

  private static long fillNs(long ratePerSecond, long burst) {
    return Math.max(1, Math.ceilDiv(burst * 1_000_000_000L, ratePerSecond));
  }

  @ParameterizedTest(name = "{0}/s, seed {1}")
  @MethodSource("ratesAndSeeds")
  void greedyUserGetsExactlyBurstAndRate(long ratePerSecond, long seed) {
    var random = new Random(seed);
    var clock = new VirtualNanos(random.nextLong());
    long burst = Math.max(2, ratePerSecond / 50);
    RateLimiter limiter = RateLimiter.perSecond(ratePerSecond, burst, clock);
    // Comes before the bucket is full, the part of a token that was left in it included.
    long longestNs = fillNs(ratePerSecond, burst) / 2;
    BigInteger taken = BigInteger.ZERO;
    BigInteger elapsedNs = BigInteger.ZERO;
    for (int i = 0; i < 20_000; i++) {
      taken = taken.add(BigInteger.valueOf(limiter.tryAcquire(Long.MAX_VALUE)));
      assertThat(taken).isEqualTo(made(ratePerSecond, elapsedNs).add(BigInteger.valueOf(burst)));
      long stepNs = random.nextLong(longestNs + 1);
      clock.advance(stepNs);
      elapsedNs = elapsedNs.add(BigInteger.valueOf(stepNs));
    }
  }

  @ParameterizedTest(name = "{0}/s for {1} days")
  @CsvSource({"1, 36525", "333, 36525", "10000, 3652", "1000000000, 10", "100000000000, 0.125"})
  void nothingDriftsHoweverLongItRuns(long ratePerSecond, double days) {
    var clock = new VirtualNanos();
    RateLimiter limiter = RateLimiter.perSecond(ratePerSecond, RateLimiter.MAX_BURST, clock);
    limiter.tryAcquire(Long.MAX_VALUE);
    // Odd steps, each too short to fill the bucket, so that every step leaves a remainder.
    long stepNs = Math.min(DAY_NS, fillNs(ratePerSecond, RateLimiter.MAX_BURST) / 2) - 7;
    long steps = (long) (days * DAY_NS / stepNs);
    BigInteger taken = BigInteger.ZERO;
    for (long i = 0; i < steps; i++) {
      clock.advance(stepNs);
      taken = taken.add(BigInteger.valueOf(limiter.tryAcquire(Long.MAX_VALUE)));
    }
    BigInteger elapsedNs = BigInteger.valueOf(stepNs).multiply(BigInteger.valueOf(steps));
    assertThat(steps).isPositive();
    assertThat(taken).isEqualTo(made(ratePerSecond, elapsedNs));
  }

  @Test
  void changesOfTheRateNeitherLoseNorInventTokens() {
    long seed = 20_260_101;
    var random = new Random(seed);
    var clock = new VirtualNanos();
    RateLimiter limiter = RateLimiter.perSecond(333, RateLimiter.MAX_BURST, clock);
    limiter.tryAcquire(Long.MAX_VALUE);
    BigInteger billionths = BigInteger.ZERO;
    BigInteger taken = BigInteger.ZERO;
    for (int i = 0; i < 10_000; i++) {
      long stepNs = random.nextLong(10_000_000);
      clock.advance(stepNs);
      billionths =
          billionths.add(
              BigInteger.valueOf(stepNs).multiply(BigInteger.valueOf(limiter.ratePerSecond())));
      limiter.setRate(RATES[random.nextInt(RATES.length)]);
      if (random.nextBoolean()) {
        taken = taken.add(BigInteger.valueOf(limiter.tryAcquire(Long.MAX_VALUE)));
        assertThat(taken).as("seed %d", seed).isEqualTo(billionths.divide(SECOND_NS));
      }
    }
  }
}
