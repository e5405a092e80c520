package mill.natives.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import mill.natives.Interest;
import mill.natives.Poller;
import mill.natives.Readiness;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;
import org.junit.jupiter.api.Test;

/** What a waker promises: no wake-up is lost, and none lingers. */
class WakeContractTest extends PlatformContract {
  @Test
  void aWakeUpEndsAPollThatWaits() throws Exception {
    var polled =
        background(() -> {
          poller.poll(events, Poller.FOREVER);
          return events.woken();
        });
    poller.wake();
    assertTrue(join(polled));
  }

  @Test
  void aWakeUpEndsThePollThatComesNext() throws IOException {
    poller.wake();
    assertEquals(0, poller.poll(events, BOUND_NS));
    assertTrue(events.woken());
  }

  @Test
  void manyWakeUpsEndOneWaitAndNoneLingers() throws IOException {
    for (int i = 0; i < 100; i++) {
      poller.wake();
    }
    poller.poll(events, BOUND_NS);
    assertTrue(events.woken());
    poller.poll(events, 0);
    assertFalse(events.woken(), "one is enough");
  }

  @Test
  void afterItWasSeenTheNextWakeUpCounts() throws IOException {
    for (int i = 0; i < 200; i++) {
      poller.wake();
      poller.poll(events, BOUND_NS);
      assertTrue(events.woken(), "wake-up " + i);
    }
  }

  @Test
  void noWakeUpOfManyThreadsIsLost() throws Exception {
    int threads = 4;
    int rounds = 500;
    var done = new AtomicInteger();
    var wakers = new ArrayList<CompletableFuture<Void>>();
    for (int t = 0; t < threads; t++) {
      wakers.add(
          background(() -> {
            for (int i = 0; i < rounds; i++) {
              done.incrementAndGet();
              poller.wake();
            }
            return null;
          }));
    }
    // As a loop would: look at the work, then wait without end for more of it.
    long deadline = platform().nanoTime() + BOUND_NS;
    while (done.get() < threads * rounds) {
      poller.poll(events, deadline - platform().nanoTime());
      assertTrue(platform().nanoTime() < deadline, "a wake-up was lost");
    }
    for (var waker : wakers) {
      join(waker);
    }
  }

  @Test
  void oneWakeUpAtATimeFromAnotherThreadIsNeverLost() throws Exception {
    int rounds = 2_000;
    var requested = new AtomicInteger();
    var seen = new AtomicInteger();
    var waker =
        background(() -> {
          for (int i = 1; i <= rounds; i++) {
            requested.set(i);
            poller.wake();
            int round = i;
            until("round " + round, () -> seen.get() >= round);
          }
          return null;
        });
    long deadline = platform().nanoTime() + 2 * BOUND_NS;
    while (seen.get() < rounds) {
      poller.poll(events, BOUND_NS);
      seen.set(requested.get());
      assertTrue(platform().nanoTime() < deadline, () -> "lost after round " + seen);
    }
    join(waker);
  }

  @Test
  void aWakeUpAndAnEventBothArriveInABatchOfOne() throws IOException {
    Connection connection = connection();
    send(connection.client(), "x");
    poller.register(connection.server(), 4, Interest.READABLE, Trigger.LEVEL);
    waitForEvent();
    poller.wake();
    var one = new ReadyEvents(1);
    boolean woken = false;
    boolean ready = false;
    for (int polls = 0; !(woken && ready); polls++) {
      assertTrue(polls < 20, "woken " + woken + ", ready " + ready);
      poller.poll(one, BOUND_NS);
      woken |= one.woken();
      ready |= one.size() == 1;
    }
  }

  @Test
  void aWakeUpIsNotAnEvent() throws IOException {
    poller.wake();
    assertEquals(0, poller.poll(events, BOUND_NS));
    assertEquals(0, events.size());
  }

  @Test
  void wakingOnePollerDoesNotWakeAnother() throws IOException {
    try (var other = Poller.open(platform(), token -> {})) {
      other.wake();
      poller.poll(events, 0);
      assertFalse(events.woken());
      other.poll(events, BOUND_NS);
      assertTrue(events.woken());
    }
  }

  @Test
  void closingWakesAPollThatWaits() throws Exception {
    var entered = new AtomicInteger();
    var polled =
        background(() -> {
          entered.incrementAndGet();
          try {
            return poller.poll(events, Poller.FOREVER);
          } catch (IllegalStateException closedFirst) {
            return 0;
          }
        });
    until("the thread runs", () -> entered.get() == 1);
    poller.close();
    assertEquals(0, join(polled));
  }

  @Test
  void wakingAClosedPollerDoesNothing() {
    poller.close();
    poller.wake();
    poller.wake();
  }

  private void waitForEvent() throws IOException {
    await(4, Readiness.READABLE);
  }
}
