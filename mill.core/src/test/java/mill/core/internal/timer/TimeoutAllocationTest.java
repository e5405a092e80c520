package mill.core.internal.timer;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import mill.core.Timeout;
import mill.testing.Allocations;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What timers cost on the heap. */
class TimeoutAllocationTest {
  private static final int TIMERS = 100_000;
  private static final int ITERATIONS = 5_000;
  private static final int MAX_WINDOWS = 100;

  private final VirtualTimers loop = new VirtualTimers(1 << 20, 0);
  private final LoopTimers timers = loop.timers;

  @BeforeEach
  void needCounter() {
    Allocations.assumeCounted();
  }

  // The wheel's own levels, 44 KiB each, are made by the timers before.
  @ParameterizedTest
  @EnumSource
  void liveTimerTakesAtMost64Bytes(PeriodicTimeoutTest.Kind kind) throws Exception {
    Runnable task = () -> {};
    Duration[] delays = new Duration[1_000];
    for (int i = 0; i < delays.length; i++) {
      delays[i] = Duration.ofMillis(30L * i);
      timers.schedule(delays[i], task);
    }
    var handles = new Timeout[TIMERS];
    assertThat(bytesEach(i -> handles[i] = timers.schedule(delays[i % delays.length], task)))
        .as("one-shot")
        .isBetween(16L, 64L);
    Duration period = Duration.ofMinutes(1);
    assertThat(
            bytesEach(
                kind == PeriodicTimeoutTest.Kind.FIXED_RATE
                    ? i -> handles[i] = timers.scheduleAtFixedRate(delays[i % 1_000], period, task)
                    : i ->
                        handles[i] =
                            timers.scheduleWithFixedDelay(delays[i % 1_000], period, task)))
        .as("periodic")
        .isBetween(16L, 64L);
    assertThat(timers.size()).isEqualTo(1_000 + 2 * TIMERS);
  }

  private interface Step {
    void run(int number);
  }

  // Rounded up.
  private long bytesEach(Step step) throws ReflectiveOperationException {
    long before = Allocations.ofCurrentThread();
    long counter = Allocations.ofCurrentThread() - before; // reading it allocates a little itself
    before = Allocations.ofCurrentThread();
    for (int i = 0; i < TIMERS; i++) {
      step.run(i);
    }
    return (Allocations.ofCurrentThread() - before - counter + TIMERS - 1) / TIMERS;
  }

  @Test
  void reusedHandleIsScheduledCancelledAndFiredWithoutGarbage() throws Exception {
    Timeout timeout = timers.newTimeout(() -> {});
    Timeout moved = timers.newTimeout(() -> {});
    requireNoGarbage(i -> {
      moved.rescheduleNs(1L << (20 + i % 30));
      moved.rescheduleNs(1L << (20 + i % 20));
      timeout.rescheduleNs(3_000_000 + i);
      moved.cancel();
      loop.sleepAndTurn();
    });
    assertThat(timers.fired()).isGreaterThanOrEqualTo(ITERATIONS);
  }

  @Test
  void reusedHandleOfAnotherThreadMakesNoGarbage() throws Exception {
    Timeout timeout = timers.newTimeout(() -> {});
    Timeout moved = timers.newTimeout(() -> {});
    requireNoGarbage(i -> {
      loop.foreign = true;
      moved.rescheduleNs(1L << (20 + i % 30));
      timeout.rescheduleNs(3_000_000 + i);
      moved.cancel();
      loop.foreign = false;
      timers.drainInbox();
      loop.sleepAndTurn();
    });
    assertThat(timers.fired()).isGreaterThanOrEqualTo(ITERATIONS);
  }

  @Test
  void periodicTimersRunWithoutGarbage() throws Exception {
    timers.scheduleAtFixedRate(Duration.ZERO, Duration.ofMillis(7), () -> {});
    timers.scheduleWithFixedDelay(Duration.ZERO, Duration.ofMillis(11), () -> {});
    requireNoGarbage(i -> loop.sleepAndTurn());
    assertThat(timers.fired()).isGreaterThanOrEqualTo(ITERATIONS);
  }

  // The first windows make the wheel's levels and are compiled; what allocates each time does so in
  // every window.
  private void requireNoGarbage(Step step) throws ReflectiveOperationException {
    long fewest = Long.MAX_VALUE;
    for (int window = 0; window < MAX_WINDOWS && fewest >= ITERATIONS; window++) {
      long before = Allocations.ofCurrentThread();
      for (int i = 0; i < ITERATIONS; i++) {
        step.run(i);
      }
      fewest = Math.min(fewest, Allocations.ofCurrentThread() - before);
    }
    assertThat(fewest).as("bytes in %d iterations", ITERATIONS).isLessThan(ITERATIONS);
  }
}
