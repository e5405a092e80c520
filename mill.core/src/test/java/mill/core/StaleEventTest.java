package mill.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.net.UnixStream;
import mill.testing.Await;
import mill.testnet.Net;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Promise 2: an event of a past generation is dropped. */
class StaleEventTest {
  private static final int ALL_BITS = 63;
  private static final boolean ON_WINDOWS = OS.WINDOWS.isCurrentOs();

  @Test
  void staleEventAfterSlotReuseInOneBatchIsDropped() throws Exception {
    try (var fake = FakeLoop.open();
        var first = fake.platform.readablePollable()) {
      var misrouted = new AtomicInteger();
      var replaced = new CountDownLatch(1);
      FakePollable second = fake.platform.readablePollable();
      var tokens = new ArrayList<Long>();
      var registrations = new ArrayList<Registration>();
      fake.loop.register(
          first,
          Interest.READABLE,
          (registration, readiness) -> {
            first.ready(0);
            registrations.getFirst().close(); // its event is the next one of this batch
            FakePollable third = fake.platform.pollable(); // not ready
            assertThat(third.fd()).isEqualTo(second.fd());
            fake.loop.register(
                third, Interest.READABLE, (mine, what) -> misrouted.incrementAndGet());
            tokens.add(fake.poller().token(third.fd()));
            replaced.countDown();
          });
      registrations.add(
          fake.loop.register(
              second, Interest.READABLE, (mine, what) -> misrouted.incrementAndGet()));
      tokens.add(fake.poller().token(second.fd()));
      fake.start();
      Await.await(replaced);
      fake.settle();
      assertThat(misrouted).hasValue(0);
      assertThat(tokens.get(0).intValue()).as("the slot").isEqualTo(tokens.get(1).intValue());
      assertThat(tokens.get(0)).as("the token").isNotEqualTo(tokens.get(1));
    }
  }

  @Test
  void eventOfACancelledPeerInTheSameBatchIsDroppedThoughTheSlotIsEmpty() throws Exception {
    try (var fake = FakeLoop.open();
        var first = fake.platform.readablePollable();
        var second = fake.platform.readablePollable()) {
      var calls = new AtomicInteger();
      var registrations = new ArrayList<Registration>();
      EventHandler cancelsTheOther =
          (registration, readiness) -> {
            calls.incrementAndGet();
            ((FakePollable) registration.pollable()).ready(0);
            for (Registration other : registrations) {
              if (other != registration) {
                assertThat(Await.isDone(other.cancel())).isTrue();
              }
            }
          };
      registrations.add(fake.loop.register(first, Interest.READABLE, cancelsTheOther));
      registrations.add(fake.loop.register(second, Interest.READABLE, cancelsTheOther));
      fake.start();
      fake.settle();
      assertThat(calls).hasValue(1);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void tokensOfThePastAndOfNobodyReachNoOne(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch);
        var pollable = fake.platform.pollable()) {
      var calls = new AtomicInteger();
      EventHandler handler = (registration, readiness) -> calls.incrementAndGet();
      List<Long> past = new ArrayList<>();
      for (int generation = 0; generation < 100; generation++) {
        Registration registration = fake.loop.register(pollable, Interest.READABLE, handler);
        past.add(fake.poller().token(pollable.fd()));
        Await.done(registration.cancel());
      }
      fake.loop.register(pollable, Interest.READABLE, handler);
      long now = fake.poller().token(pollable.fd());
      assertThat(past).doesNotHaveDuplicates().doesNotContain(now);
      fake.start();
      past.addAll(
          List.of(-1L, 0L, 1L, now + 1, now + (1L << 32), Long.MIN_VALUE, Long.MAX_VALUE, -2L));
      for (long token : past) {
        fake.poller().inject(ALL_BITS, token, token);
      }
      fake.settle();
      fake.stopAndJoin(); // with the workers
      assertThat(calls).hasValue(0);
    }
  }

  @Test
  void tokenOfThePresentIsFoundAmongThoseOfThePast() throws Exception {
    try (var fake = FakeLoop.open();
        var pollable = fake.platform.pollable()) {
      var calls = new AtomicInteger();
      EventHandler handler = (registration, readiness) -> calls.incrementAndGet();
      Registration past = fake.loop.register(pollable, Interest.READABLE, handler);
      long pastToken = fake.poller().token(pollable.fd());
      Await.done(past.cancel());
      fake.loop.register(pollable, Interest.READABLE, handler);
      fake.poller()
          .inject(Readiness.READABLE, pastToken, fake.poller().token(pollable.fd()), pastToken);
      fake.start();
      fake.settle();
      assertThat(calls).hasValue(1);
    }
  }

  /**
   * Real descriptors: two pairs are ready in one batch. The handler that comes first closes the
   * other pair and opens a new one, which gets its number and its slot. The event of the dead one
   * must not reach it.
   *
   * <p>POSIX hands out the lowest free number, so nearly every round reuses one. Windows promises
   * nothing of the kind, and a pair is a TCP connection there whose port stays taken for a while:
   * fewer rounds, and none of them needs to have met the same number.
   */
  @Test
  void realDescriptorsThatAreReusedInsideOneBatchHearNothingOfTheDead() throws Exception {
    try (EventLoop loop = EventLoop.open()) {
      var rounds = new ReuseRounds(loop, ON_WINDOWS ? 200 : 5_000);
      LoopRunner runner = LoopRunner.start(loop);
      loop.execute(rounds);
      Await.await(rounds.over);
      runner.stopAndJoin();
      assertThat(runner.uncaught()).isEmpty();
      assertThat(rounds.misrouted).hasValue(0);
      assumeTrue(
          !ON_WINDOWS || rounds.reused > 0,
          "nothing was misrouted, but Windows gave no fresh socket the number of a dead one");
      assertThat(rounds.reused).as("rounds with the same number").isPositive();
    }
  }

  private static final class ReuseRounds implements Runnable {
    final CountDownLatch over = new CountDownLatch(1);
    final AtomicInteger misrouted = new AtomicInteger();
    int reused;

    private final EventLoop loop;
    private final List<UnixStream.Pair> alive = new ArrayList<>();
    private int left;
    private boolean begun;

    ReuseRounds(EventLoop loop, int rounds) {
      this.loop = loop;
      left = rounds;
    }

    @Override
    public void run() {
      alive.forEach(pair -> {
        pair.first().close();
        pair.second().close();
      });
      alive.clear();
      if (left-- == 0) {
        over.countDown();
        return;
      }
      begun = false;
      try {
        for (int i = 0; i < 2; i++) {
          UnixStream.Pair pair = UnixStream.pair();
          alive.add(pair);
          Net.poke(pair.second());
          loop.register(pair.first(), Interest.READABLE, (mine, readiness) -> replacePeer(mine));
        }
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }

    private void replacePeer(Registration registration) throws IOException {
      if (begun) {
        misrouted.incrementAndGet(); // the peer was closed before its turn came
        return;
      }
      begun = true;
      Net.drain((UnixStream) registration.pollable());
      UnixStream.Pair peer = alive.get(alive.getFirst().first() == registration.pollable() ? 1 : 0);
      peer.first().close();
      peer.second().close();
      UnixStream.Pair fresh = UnixStream.pair();
      alive.add(fresh);
      loop.register(
          fresh.first(), Interest.READABLE, (mine, readiness) -> misrouted.incrementAndGet());
      if (fresh.first().fd() == peer.first().fd()) {
        reused++;
      }
      loop.execute(this);
    }
  }
}
