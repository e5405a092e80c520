package mill.bench.jmh;

import com.google.common.util.concurrent.RateLimiter;
import io.github.bucket4j.Bandwidth;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.local.SynchronizationStrategy;
import io.github.resilience4j.ratelimiter.RateLimiterConfig;
import io.github.resilience4j.ratelimiter.internal.AtomicRateLimiter;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Takes one token that is there from a limiter of a thousand million a second, which nobody can
 * empty. One thread; {@link RateAcquireShared} is the same with two.
 *
 * <ul>
 *   <li>{@code mill}: {@link mill.core.RateLimiter#tryAcquire}.
 *   <li>{@code guava}: {@link RateLimiter#tryAcquire()}.
 *   <li>{@code bucket4j}: {@link Bucket#tryConsume}, local, lock-free, with nanoseconds.
 *   <li>{@code resilience4j}: {@link AtomicRateLimiter#acquirePermission()}, which counts the
 *       permits of each millisecond.
 * </ul>
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class RateAcquire {
  private static final int PER_SECOND = 1_000_000_000;
  private static final int PER_MILLISECOND = PER_SECOND / 1_000;

  /** mill's limiter. */
  @State(Scope.Benchmark)
  public static class Mill {
    private final mill.core.RateLimiter limiter = mill.core.RateLimiter.perSecond(PER_SECOND);
  }

  /** Guava's limiter. */
  @State(Scope.Benchmark)
  public static class Guava {
    private final RateLimiter limiter = RateLimiter.create(PER_SECOND);
  }

  /** Bucket4j's bucket, with the burst of mill's. */
  @State(Scope.Benchmark)
  public static class Bucket4j {
    private final Bucket bucket =
        Bucket.builder()
            .addLimit(
                Bandwidth.builder()
                    .capacity(PER_SECOND / 50)
                    .refillGreedy(PER_SECOND, Duration.ofSeconds(1))
                    .build())
            .withNanosecondPrecision()
            .withSynchronizationStrategy(SynchronizationStrategy.LOCK_FREE)
            .build();
  }

  /** Resilience4j's limiter. */
  @State(Scope.Benchmark)
  public static class Resilience4j {
    private final AtomicRateLimiter limiter =
        new AtomicRateLimiter(
            "bench",
            RateLimiterConfig.custom()
                .limitRefreshPeriod(Duration.ofMillis(1))
                .limitForPeriod(PER_MILLISECOND)
                .timeoutDuration(Duration.ZERO)
                .build());
  }

  @Benchmark
  public long mill(Mill subject) {
    return subject.limiter.tryAcquire(1);
  }

  @Benchmark
  public boolean guava(Guava subject) {
    return subject.limiter.tryAcquire();
  }

  @Benchmark
  public boolean bucket4j(Bucket4j subject) {
    return subject.bucket.tryConsume(1);
  }

  @Benchmark
  public boolean resilience4j(Resilience4j subject) {
    return subject.limiter.acquirePermission();
  }
}
