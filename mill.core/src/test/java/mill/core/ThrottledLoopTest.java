package mill.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.testing.Await;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A {@link Throttle} on a loop whose clock is the test's: descriptors that are always ready. */
class ThrottledLoopTest {
  private static final long SECOND_NS = 1_000_000_000;
  private static final long TICK_NS = LoopConfig.defaults().timerTick().toNanos();

  private static RateLimiter limiter(FakeLoop fake, long ratePerSecond) {
    return RateLimiter.perSecond(
        ratePerSecond, Math.max(1, ratePerSecond / 50), fake.platform::nanoTime);
  }

  private static Throttle throttle(Registration registration, Interest direction, RateLimiter own) {
    return registration.throttle(direction, own);
  }

  /** Reads all that is permitted, from what never ends. */
  private static final class Reader implements EventHandler {
    private final AtomicReference<Throttle> throttle = new AtomicReference<>();
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong calls = new AtomicLong();
    private final Interest direction;
    private final RateLimiter limiter;
    private final long wanted;

    private Reader(Interest direction, RateLimiter limiter, long wanted) {
      this.direction = direction;
      this.limiter = limiter;
      this.wanted = wanted;
    }

    private boolean isWaiting() {
      Throttle mine = throttle.get();
      return mine != null && mine.toString().startsWith("Throttle[waits");
    }

    @Override
    public void onReady(Registration registration, Readiness readiness) throws Exception {
      if (throttle.get() == null) {
        throttle.set(throttle(registration, direction, limiter));
      }
      calls.incrementAndGet();
      long permitted;
      while ((permitted = throttle.get().permit(wanted)) > 0) {
        bytes.addAndGet(permitted);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "INLINE, 10_000, 65_536",
    "INLINE, 333, 1",
    "INLINE, 1_000_000_000, 1_048_576",
    "WORKERS, 10_000, 65_536",
    "WORKERS, 1_000_000_000, 4_194_304",
  })
  void rateIsKeptOverTenSecondsAndTheLoopSleepsInBetween(
      DispatchMode dispatch, String rateText, String wantedText) throws Exception {
    long ratePerSecond = Long.parseLong(rateText.replace("_", ""));
    long wanted = Long.parseLong(wantedText.replace("_", ""));
    var config = LoopConfig.builder().dispatch(dispatch).workers(2);
    try (var fake = FakeLoop.openVirtual(config).start();
        FakePollable pollable = fake.platform.readablePollable()) {
      var reader = new Reader(Interest.READABLE, limiter(fake, ratePerSecond), wanted);
      long startNs = fake.platform.nanoTime();
      fake.loop.register(pollable, Interest.READABLE, reader);
      long waits = 0;
      while (true) {
        awaitThrottled(fake, reader);
        long sleepNs = fake.sleepNs();
        assertThat(sleepNs).as("nothing but a timer wakes it").isPositive();
        if (fake.platform.nanoTime() - startNs + sleepNs > 10 * SECOND_NS) {
          break;
        }
        waits++;
        fake.advance(sleepNs);
      }
      double expected = 10.0 * ratePerSecond;
      assertThat((double) reader.bytes.get()).isCloseTo(expected, within(0.01 * expected));
      // One call for each wait, and one more where a worker is re-armed just before it is asked.
      assertThat(reader.calls.get()).isLessThanOrEqualTo(2 * (waits + 1));
    }
  }

  // With workers the loop may be asleep while the handler runs, so it is asked first. What it says
  // it says between two calls: the timer has been started then.
  private static void awaitThrottled(FakeLoop fake, Reader reader) {
    long startNs = System.nanoTime();
    while (!reader.isWaiting()) {
      Await.requirePatience(startNs, "never throttled");
      Thread.onSpinWait();
    }
    fake.settle();
  }

  @Test
  void whoMayNotReadStillHearsThatItCanWrite() throws Exception {
    try (var fake = FakeLoop.openVirtual(LoopConfig.builder()).start();
        FakePollable pollable = fake.platform.readablePollable()) {
      var reader = new Reader(Interest.READABLE, limiter(fake, 100), 1_000);
      var writes = new AtomicLong();
      fake.loop.register(
          pollable,
          Interest.READABLE_WRITABLE,
          (registration, readiness) -> {
            if (readiness.isReadable()) {
              reader.onReady(registration, readiness);
            }
            if (readiness.isWritable()) {
              writes.incrementAndGet();
              registration.setInterest(Interest.READABLE); // has written all
            }
          });
      awaitThrottled(fake, reader);
      assertThat(fake.poller().interest(pollable.fd())).isSameAs(Interest.WRITABLE);
      long calls = reader.calls.get();
      pollable.ready(Readiness.READABLE | Readiness.WRITABLE);
      fake.settle();
      assertThat(writes).hasValue(1);
      assertThat(reader.calls).hasValue(calls);
      assertThat(fake.poller().interest(pollable.fd())).isSameAs(Interest.NONE);
      fake.advance(fake.poller().sleepNs());
      assertThat(reader.calls.get()).isGreaterThan(calls);
    }
  }

  @Test
  void acceptsAreLimitedOneByOne() throws Exception {
    try (var fake = FakeLoop.openVirtual(LoopConfig.builder()).start();
        FakePollable listener = fake.platform.listener()) {
      long startNs = fake.platform.nanoTime();
      listener.ready(Readiness.READABLE);
      var acceptor = new Reader(Interest.READABLE, limiter(fake, 5), 1);
      fake.loop.register(listener, Interest.READABLE, acceptor);
      fake.settle();
      assertThat(acceptor.bytes).hasValue(1);
      for (int accepted = 2; accepted <= 10; accepted++) {
        long sleepNs = fake.poller().sleepNs();
        fake.advance(sleepNs - 1);
        assertThat(acceptor.bytes).hasValue(accepted - 1);
        fake.advance(1);
        assertThat(acceptor.bytes).hasValue(accepted);
        long elapsedNs = fake.platform.nanoTime() - startNs;
        assertThat((accepted - 1) * SECOND_NS / 5).isCloseTo(elapsedNs, within(TICK_NS));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void closingTheRegistrationWhileItWaitsLeavesTheLoopAsleep(DispatchMode dispatch)
      throws Exception {
    var config = LoopConfig.builder().dispatch(dispatch).workers(2);
    try (var fake = FakeLoop.openVirtual(config).start();
        FakePollable pollable = fake.platform.readablePollable()) {
      var reader = new Reader(Interest.READABLE, limiter(fake, 100), 1);
      Registration registration = fake.loop.register(pollable, Interest.READABLE, reader);
      awaitThrottled(fake, reader);
      long calls = reader.calls.get();
      registration.close();
      fake.advance(SECOND_NS);
      assertThat(reader.calls).hasValue(calls);
      assertThat(reader.limiter.available()).isEqualTo(2);
    }
  }

  @Test
  void kernelThatRefusesToResumeClosesTheRegistrationAndIsReported() throws Exception {
    try (var fake = FakeLoop.openVirtual(LoopConfig.builder()).start();
        FakePollable pollable = fake.platform.readablePollable()) {
      var reader = new Reader(Interest.READABLE, limiter(fake, 100), 1);
      Registration registration = fake.loop.register(pollable, Interest.READABLE, reader);
      awaitThrottled(fake, reader);
      fake.poller().fail(FakePoller.Op.ADD, 0, "ENOSPC");
      fake.settle();
      fake.advance(fake.poller().sleepNs());
      assertThat(registration.isCancelled()).isTrue();
      assertThat(pollable.isOpen()).isFalse();
      assertThat(fake.takeUncaught()).hasSize(1);
    }
  }

  @Test
  void directionHasOneThrottleAndACancelledRegistrationNone() throws Exception {
    try (var fake = FakeLoop.openVirtual(LoopConfig.builder());
        FakePollable pollable = fake.platform.pollable()) {
      RateLimiter limiter = limiter(fake, 100);
      Registration registration =
          fake.loop.register(pollable, Interest.READABLE, (mine, readiness) -> {});
      Throttle first = registration.throttle(Interest.READABLE, limiter);
      assertThat(first.permit(1)).isEqualTo(1);
      assertThat(registration.throttle(Interest.WRITABLE, limiter).permit(1)).isEqualTo(1);
      assertThatThrownBy(() -> registration.throttle(Interest.READABLE, limiter))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("give it all limiters at once");
      first.close();
      assertThat(registration.throttle(Interest.READABLE, limiter)).isNotSameAs(first);
      assertThatThrownBy(() -> registration.throttle(Interest.READABLE_WRITABLE, limiter))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("READABLE or WRITABLE");
      registration.cancel();
      Registration cancelled =
          fake.loop.register(pollable, Interest.READABLE, (mine, readiness) -> {});
      cancelled.cancel();
      assertThatThrownBy(() -> cancelled.throttle(Interest.READABLE, limiter))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("cancelled");
    }
  }
}
