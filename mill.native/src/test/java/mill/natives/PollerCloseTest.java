package mill.natives;

import static mill.testing.Await.inBackground;
import static mill.testing.Await.outcome;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.FutureTask;
import mill.natives.net.UnixStream;
import mill.testnet.Net;
import mill.testnet.Watch;
import org.junit.jupiter.api.Test;

class PollerCloseTest {
  @Test
  void closeWakesThePollOfAnotherThread() throws Exception {
    for (int i = 0; i < 200; i++) {
      Watch watch = Watch.open();
      var polled = watch.pollElsewhere(Poller.FOREVER);
      watch.close();
      assertThat(outcome(polled)).isZero();
    }
  }

  // Without a look at whether the poll has begun: it is refused, or it is woken, and never left
  // behind.
  @Test
  void closeRacingWithThePollEndsItEitherWay() throws Exception {
    var start = new CyclicBarrier(2);
    for (int i = 0; i < 500; i++) {
      Watch watch = Watch.open();
      var polled =
          inBackground(
              "polls",
              () -> {
                start.await();
                try {
                  return watch.poller.poll(watch.events, Poller.FOREVER);
                } catch (IllegalStateException e) {
                  assertThat(e).hasMessageContaining("closed");
                  return 0;
                }
              });
      start.await();
      if (i % 2 == 0) {
        watch.poller.wake();
      }
      watch.close();
      assertThat(outcome(polled)).isZero();
    }
  }

  @Test
  void closeTwiceDoesNothing() throws IOException {
    Poller poller = Poller.open();
    assertThat(poller.toString()).startsWith("Poller[").doesNotContain("closed");
    poller.close();
    poller.close();
    assertThat(poller.toString()).contains("closed");
  }

  @Test
  void useAfterCloseIsRefused() throws IOException {
    UnixStream.Pair pair = UnixStream.pair();
    try (UnixStream first = pair.first();
        UnixStream second = pair.second()) {
      Watch watch = Watch.open();
      watch.register(first, 1, Interest.READABLE);
      watch.close();
      assertThatThrownBy(() -> watch.poller.poll(watch.events, 0)).satisfies(PollerCloseTest::says);
      assertThatThrownBy(() -> watch.register(second, 2, Interest.READABLE))
          .satisfies(PollerCloseTest::says);
      assertThatThrownBy(() -> watch.register(second, 2, Interest.NONE))
          .satisfies(PollerCloseTest::says);
      assertThatThrownBy(() -> watch.poller.change(first, Interest.WRITABLE, Trigger.LEVEL))
          .satisfies(PollerCloseTest::says);
    }
  }

  @Test
  void pollablesOutliveTheirPollerAndMoveToAnother() throws IOException {
    UnixStream.Pair pair = UnixStream.pair();
    try (UnixStream first = pair.first();
        UnixStream second = pair.second();
        Watch next = Watch.open()) {
      Watch watch = Watch.open();
      watch.register(first, 1, Interest.READABLE);
      watch.close();
      Net.writeText(second, "still open");
      assertThat(watch.poller.deregister(first)).isTrue();
      next.register(first, 2, Interest.READABLE);
      next.await(2, Readiness.READABLE);
    }
  }

  @Test
  void pollablesCanBeClosedAfterTheirPoller() throws IOException {
    List<Long> closed = new ArrayList<>();
    UnixStream.Pair pair = UnixStream.pair();
    Watch watch = Watch.tellingClosed(closed::add);
    watch.register(pair.first(), 1, Interest.READABLE);
    watch.close();
    pair.first().close();
    pair.second().close();
    assertThat(closed).containsExactly(1L);
  }

  @Test
  void secondThreadMayNotPoll() throws Exception {
    try (Watch watch = Watch.open()) {
      var polled = watch.pollElsewhere(Poller.FOREVER);
      var other = new ReadyEvents(1);
      assertThatThrownBy(() -> watch.poller.poll(other, 0))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("another thread polls");
      watch.poller.wake();
      assertThat(outcome(polled)).isZero();
      assertThat(watch.poller.poll(other, 0)).as("afterwards it may").isZero();
    }
  }

  @Test
  void pollingMovesFromThreadToThread() throws Exception {
    try (Watch watch = Watch.open()) {
      for (int i = 0; i < 10; i++) {
        watch.poller.wake();
        FutureTask<Integer> polled =
            inBackground("polls", () -> watch.poller.poll(watch.events, Poller.FOREVER));
        outcome(polled);
        assertThat(watch.events.woken()).isTrue();
      }
    }
  }

  private static void says(Throwable thrown) {
    assertThat(thrown)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("the poller is closed");
  }
}
