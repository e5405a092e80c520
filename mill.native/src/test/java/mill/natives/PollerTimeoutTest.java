package mill.natives;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import mill.natives.linux.KernelCalls;
import mill.testing.Await;
import mill.testnet.Net;
import mill.testnet.Watch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PollerTimeoutTest {
  @ParameterizedTest
  @ValueSource(longs = {1, 999, 50_000, 999_999, 1_000_000, 1_000_001, 1_500_000, 7_300_000})
  void timeoutIsNeverShorterThanAsked(long timeoutNs) throws IOException {
    try (Watch watch = Watch.open()) {
      for (int i = 0; i < 5; i++) {
        long start = System.nanoTime();
        int ready = watch.poller.poll(watch.events, timeoutNs);
        long waited = System.nanoTime() - start;
        assertThat(ready).isZero();
        assertThat(watch.events.woken()).isFalse();
        assertThat(waited).isGreaterThanOrEqualTo(timeoutNs);
      }
    }
  }

  // Rounded to milliseconds, 100 waits of 100 us would take 100 ms and more; a busy machine may
  // still delay some.
  @Test
  void timeoutIsNotRoundedUpToMillisecondsWhereTheKernelCountsNanoseconds() throws IOException {
    assumeTrue(!OS.WINDOWS.isCurrentOs(), "Windows waits for milliseconds");
    assumeTrue(
        !OS.LINUX.isCurrentOs() || KernelCalls.hasPwait2(), "this kernel has no epoll_pwait2");
    try (Watch watch = Watch.open()) {
      long shortest = Long.MAX_VALUE;
      for (int i = 0; i < 200; i++) {
        long start = System.nanoTime();
        watch.poller.poll(watch.events, 100_000);
        shortest = Math.min(shortest, System.nanoTime() - start);
      }
      assertThat(shortest).isLessThan(TimeUnit.MILLISECONDS.toNanos(1));
    }
  }

  @Test
  void zeroDoesNotWait() throws IOException {
    try (Watch watch = Watch.open()) {
      long shortest = Long.MAX_VALUE;
      for (int i = 0; i < 1_000; i++) {
        long start = System.nanoTime();
        assertThat(watch.poller.poll(watch.events, 0)).isZero();
        shortest = Math.min(shortest, System.nanoTime() - start);
      }
      assertThat(shortest).isLessThan(TimeUnit.MICROSECONDS.toNanos(500));
    }
  }

  @Test
  void longestTimeoutIsNotMistakenForNone() throws Exception {
    for (long timeoutNs : new long[] {Long.MAX_VALUE, Long.MAX_VALUE - 1, Poller.FOREVER, -2}) {
      try (Watch watch = Watch.open()) {
        var polled = watch.pollElsewhere(timeoutNs);
        assertThat(polled.isDone()).isFalse();
        watch.poller.wake();
        assertThat(Await.outcome(polled)).isZero();
        assertThat(watch.events.woken()).isTrue();
      }
    }
  }

  @Test
  void emptyPollClearsTheBatchBefore() throws IOException {
    try (Watch watch = Watch.open();
        Net.TcpPair tcp = Net.tcpPair()) {
      watch.register(tcp.client(), 1, Interest.WRITABLE, Trigger.ONESHOT);
      watch.poller.wake();
      assertThat(watch.now()).containsExactly(1L);
      assertThat(watch.events.woken()).isTrue();
      assertThat(watch.now()).isEmpty();
      assertThat(watch.events.woken()).isFalse();
    }
  }
}
