package mill.natives;

import static mill.testing.Await.PATIENCE_NS;
import static mill.testing.Await.eventually;
import static mill.testing.Await.inBackground;
import static mill.testing.Await.outcome;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicLong;
import mill.testnet.Net;
import mill.testnet.Watch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PollerWakeTest {
  private Watch watch;

  @BeforeEach
  void open() throws IOException {
    watch = Watch.open();
  }

  @AfterEach
  void close() {
    watch.close();
  }

  @Test
  void wakeBeforeThePollEndsThatPollAndNoOther() throws IOException {
    watch.poller.wake();
    assertThat(watch.awaitBatch()).isEmpty();
    assertThat(watch.events.woken()).isTrue();
    watch.inAMoment();
    assertThat(watch.events.woken()).isFalse();
  }

  @Test
  void manyWakesEndOnePoll() throws IOException {
    for (int i = 0; i < 1_000; i++) {
      watch.poller.wake();
    }
    watch.awaitBatch();
    assertThat(watch.events.woken()).isTrue();
    for (int i = 0; i < 3; i++) {
      watch.now();
      assertThat(watch.events.woken()).isFalse();
    }
  }

  // The flag that coalesces wake-ups must be down before poll returns: whoever finds it up does not
  // write.
  @Test
  void wakeAfterThePollHasReturnedEndsTheNextOne() throws IOException {
    for (int i = 0; i < 1_000; i++) {
      watch.poller.wake();
      long start = System.nanoTime();
      watch.poller.poll(watch.events, PATIENCE_NS);
      assertThat(watch.events.woken()).isTrue();
      assertThat(System.nanoTime() - start).isLessThan(PATIENCE_NS);
    }
  }

  @Test
  void wakeEndsThePollOfAnotherThread() throws Exception {
    var polled = watch.pollElsewhere(Poller.FOREVER);
    watch.poller.wake();
    assertThat(outcome(polled)).isZero();
    assertThat(watch.events.woken()).isTrue();
  }

  @Test
  void wakeOfThePollingThreadItselfIsKeptForItsNextPoll() throws IOException {
    try (Net.TcpPair tcp = Net.tcpPair()) {
      watch.register(tcp.client(), 5, Interest.WRITABLE);
      assertThat(watch.now()).containsExactly(5L);
      watch.poller.wake();
      assertThat(watch.now()).as("events come beside the wake-up").containsExactly(5L);
      assertThat(watch.events.woken()).isTrue();
    }
  }

  @Test
  void wakesPlayPingPongAgainstPollsWithoutEnd() throws Exception {
    int rounds = 60_000;
    var back = new ReadyEvents(4);
    try (Watch there = Watch.open()) {
      FutureTask<Integer> pong =
          inBackground(
              "pong",
              () -> {
                for (int i = 0; i < rounds; i++) {
                  there.poller.poll(there.events, Poller.FOREVER);
                  assertThat(there.events.woken()).isTrue();
                  watch.poller.wake();
                }
                return rounds;
              });
      var reached = new AtomicLong();
      FutureTask<Integer> ping =
          inBackground(
              "ping",
              () -> {
                for (int i = 0; i < rounds; i++) {
                  there.poller.wake();
                  watch.poller.poll(back, Poller.FOREVER);
                  assertThat(back.woken()).isTrue();
                  reached.incrementAndGet();
                }
                return rounds;
              });
      eventually(
          "ping-pong goes on",
          () -> {
            long before = reached.get();
            if (before == rounds) {
              return true;
            }
            eventually("a round after " + before, () -> reached.get() != before || ping.isDone());
            return ping.isDone();
          });
      assertThat(outcome(ping)).isEqualTo(rounds);
      assertThat(outcome(pong)).isEqualTo(rounds);
    }
  }

  // Work is put where the poller looks, then wake() is called: no piece of work may stay unseen
  // behind a wait without end.
  @Test
  void noWakeIsLostAmongManyWakers() throws Exception {
    int wakers = 3;
    int each = 40_000;
    var submitted = new AtomicLong();
    FutureTask<Long> polls =
        inBackground(
            "polls",
            () -> {
              long seen = 0;
              while (seen < (long) wakers * each) {
                watch.poller.poll(watch.events, Poller.FOREVER);
                seen = submitted.get();
              }
              return seen;
            });
    var threads = new ArrayList<FutureTask<Void>>();
    for (int i = 0; i < wakers; i++) {
      threads.add(
          inBackground(
              "wakes " + i,
              () -> {
                for (int n = 0; n < each; n++) {
                  submitted.incrementAndGet();
                  watch.poller.wake();
                }
                return null;
              }));
    }
    for (FutureTask<Void> thread : threads) {
      outcome(thread);
    }
    assertThat(outcome(polls)).isEqualTo((long) wakers * each);
  }

  @Test
  void wakeAfterCloseDoesNothing() throws IOException {
    watch.poller.wake();
    watch.poller.close();
    watch.poller.wake();
    watch.poller.wake();
    try (Watch other = Watch.open()) {
      watch.poller.wake();
      other.inAMoment();
      assertThat(other.events.woken()).as("the number may be reused by now").isFalse();
    }
  }

  @Test
  void wakesWhileThePollerIsClosedFailNobody() throws Exception {
    for (int i = 0; i < 300; i++) {
      Poller poller = Poller.open();
      var wakes =
          inBackground(
              "wakes",
              () -> {
                for (int n = 0; n < 50; n++) {
                  poller.wake();
                }
                return null;
              });
      poller.close();
      outcome(wakes);
    }
  }
}
