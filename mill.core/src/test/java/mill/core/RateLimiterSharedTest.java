package mill.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import mill.testing.Await;
import org.junit.jupiter.api.Test;

/** One {@link RateLimiter} between several threads. */
class RateLimiterSharedTest {
  private static final int THREADS = 4;
  private static final int ROUNDS = 50_000;

  private interface Work {
    long of(int thread) throws Exception;
  }

  private static long sumOfAll(Work work) throws Exception {
    var start = new CyclicBarrier(THREADS);
    List<FutureTask<Long>> tasks = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      int thread = i;
      tasks.add(
          Await.inBackground(
              "taker-" + thread,
              () -> {
                start.await();
                return work.of(thread);
              }));
    }
    long sum = 0;
    for (FutureTask<Long> task : tasks) {
      sum += Await.outcome(task);
    }
    return sum;
  }

  @Test
  void threadsTogetherGetWhatOneWouldGet() throws Exception {
    var clock = new VirtualNanos();
    long startNs = clock.getAsLong();
    RateLimiter limiter = RateLimiter.perSecond(333_333_333, RateLimiter.MAX_BURST, clock);
    limiter.tryAcquire(Long.MAX_VALUE);
    long taken =
        sumOfAll(thread -> {
          var random = new Random(thread);
          long mine = 0;
          for (int i = 0; i < ROUNDS; i++) {
            clock.advance(random.nextInt(100));
            long some = limiter.tryAcquire(1 + random.nextInt(20));
            long unused = random.nextLong(some + 1);
            limiter.giveBack(unused);
            mine += some - unused;
          }
          return mine;
        });
    taken += limiter.tryAcquire(Long.MAX_VALUE);
    long elapsedNs = clock.getAsLong() - startNs;
    assertThat(taken).isEqualTo(elapsedNs * 333_333_333 / 1_000_000_000);
  }

  @Test
  void noTwoReservationsGetTheSameTokens() throws Exception {
    var clock = new VirtualNanos();
    RateLimiter limiter = RateLimiter.perSecond(1_000_000_000, 1, clock);
    limiter.tryAcquire(1);
    // One token a nanosecond and a clock that stands still: the waits are 1, 2, 3 and so on.
    boolean[] seen = new boolean[THREADS * ROUNDS + 1];
    var twice = new AtomicInteger();
    long reserved =
        sumOfAll(_ -> {
          long lastNs = 0;
          for (int i = 0; i < ROUNDS; i++) {
            long waitNs = limiter.reserve(1);
            if (waitNs <= lastNs || seen[(int) waitNs]) {
              twice.incrementAndGet();
            }
            seen[(int) waitNs] = true;
            lastNs = waitNs;
          }
          return (long) ROUNDS;
        });
    assertThat(twice).hasValue(0);
    assertThat(limiter.available()).isEqualTo(-reserved);
  }

  @Test
  void sharersWhoReserveTheSameAmountGetTheSameShare() {
    var clock = new VirtualNanos();
    RateLimiter limiter = RateLimiter.perSecond(1_000, 10, clock);
    limiter.tryAcquire(10);
    long[] dueNs = new long[3];
    long[] tokens = new long[3];
    for (int i = 0; i < 3; i++) {
      dueNs[i] = limiter.reserve(4);
    }
    // Whoever is due takes, and queues again; a fourth only grabs what is there, and finds nothing.
    for (int turn = 0; turn < 3_000; turn++) {
      int next = turn % 3;
      clock.advance(dueNs[next] - clock.getAsLong());
      tokens[next] += 4;
      assertThat(limiter.tryAcquire(1)).isZero();
      dueNs[next] = clock.getAsLong() + limiter.reserve(4);
    }
    assertThat(tokens).containsExactly(4_000, 4_000, 4_000);
    assertThat(clock.getAsLong()).isEqualTo(12_000_000_000L);
  }

  @Test
  void realClockGivesNoMoreThanTheRate() throws Exception {
    long startNs = System.nanoTime();
    RateLimiter limiter = RateLimiter.perSecond(1_000_000, 100);
    long taken =
        sumOfAll(_ -> {
          long mine = 0;
          for (int i = 0; i < ROUNDS; i++) {
            mine += limiter.tryAcquire(1 + i % 3);
          }
          return mine;
        });
    long elapsedNs = System.nanoTime() - startNs;
    assertThat(taken).isBetween(100L, 100 + elapsedNs / 1_000);
  }
}
