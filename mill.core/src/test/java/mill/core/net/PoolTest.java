package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import mill.core.group.EventLoopGroup;
import mill.core.group.LoopGroupConfig;
import mill.core.net.CloseCause.Kind;
import mill.core.net.PoolFixture.Holder;
import mill.natives.net.TcpListener;
import mill.testing.Await;
import mill.testing.OpenFds;
import mill.testnet.Net;
import org.junit.jupiter.api.Test;

/** Pools: who gets which connection, and what becomes of those that nobody has. */
class PoolTest {
  private static final ConnectionPoolConfig CONFIG = PoolFixture.CONFIG;
  private static final ConnectionPoolConfig ONE = CONFIG.maxConnections(1, 1);

  private static InetSocketAddress nobody() throws Exception {
    try (var listener = TcpListener.bind(Net.loopback())) {
      return (InetSocketAddress) listener.localAddress();
    }
  }

  @Test
  void whatWasGivenBackIsLentAgainAndTheHandlerHearsBoth() throws Exception {
    try (var all = new PoolFixture(CONFIG)) {
      Holder first = all.ask();
      Connection c = first.open();
      assertThat(all.pool.metrics().leased()).isEqualTo(1);
      assertThat(first.lease.release()).isTrue();
      assertThat(first.end()).isEqualTo(Kind.HANDED_OVER);
      Holder second = all.ask();
      assertThat(second.open()).isSameAs(c);
      assertThat(first.heard.events).containsExactly("open", "closed HANDED_OVER");
      assertThat(second.heard.events).containsExactly("open");
      assertThat(all.pool.metrics().connected()).isEqualTo(1);
      assertThat(all.pool.metrics().leases()).isEqualTo(2);
    }
  }

  @Test
  void aConnectionIsGivenBackOnce() throws Exception {
    try (var all = new PoolFixture(ONE)) {
      Holder first = all.ask();
      first.open();
      Holder second = all.ask();
      assertThat(first.lease.release()).isTrue();
      assertThat(first.lease.release()).isFalse();
      assertThat(first.lease.discard()).isFalse();
      second.open();
      assertThat(first.lease.release()).as("though somebody else has it").isFalse();
      assertThat(first.lease.discard()).isFalse();
      all.turns();
      assertThat(second.heard.events).containsExactly("open");
      assertThat(all.pool.metrics().leased()).isEqualTo(1);
      assertThat(second.lease.discard()).isTrue();
      assertThat(second.lease.release()).isFalse();
      assertThat(second.end()).isEqualTo(Kind.LOCAL);
      all.until(() -> all.pool.metrics().places() == 0);
    }
  }

  @Test
  void aLeaseCanBeAskedForAgainFromItsEndOn() throws Exception {
    try (var all = new PoolFixture(ONE)) {
      var opened = new AtomicInteger();
      var leases = new Lease[1];
      var heard =
          new Recorder() {
            @Override
            public void onOpen(Connection c) {
              opened.incrementAndGet();
              assertThatThrownBy(leases[0]::request).isInstanceOf(IllegalStateException.class);
              leases[0].release();
            }

            @Override
            public void onClosed(Connection c, CloseCause cause) {
              if (opened.get() < 100) {
                leases[0].request();
              }
            }
          };
      leases[0] = all.pool.newLease(all.target(), heard);
      leases[0].request();
      all.until(() -> opened.get() == 100 && all.pool.metrics().idle() == 1);
      assertThat(all.pool.metrics().connected()).isEqualTo(1);
    }
  }

  @Test
  void cancellingAtEachStateKeepsTheCount() throws Exception {
    try (var all = new PoolFixture(ONE)) {
      Lease free = all.pool.newLease(all.target(), new Recorder());
      assertThat(free.cancel()).as("not asked for").isFalse();
      var early = new Holder();
      boolean cancelledEarly =
          all.loops.call(() -> {
            early.lease = all.pool.lease(all.target(), early.heard);
            PoolFixture.check(all.part());
            return early.lease.cancel();
          });
      assertThat(cancelledEarly).as("while it connects").isTrue();
      assertThat(early.end()).isEqualTo(Kind.LOCAL);
      assertThat(early.heard.events).containsExactly("closed LOCAL");
      all.until(() -> all.pool.metrics().idle() == 1); // the late one was kept
      Holder has = all.ask();
      has.open();
      Holder waits = all.ask();
      all.turns();
      assertThat(waits.lease.cancel()).as("while it waits").isTrue();
      assertThat(waits.lease.cancel()).isFalse();
      assertThat(waits.end()).isEqualTo(Kind.LOCAL);
      assertThat(has.lease.cancel()).as("while it has one").isFalse();
      Holder lent = all.ask();
      all.turns();
      boolean late =
          all.loops.call(() -> {
            has.lease.release(); // goes to the waiter after this
            return has.lease.cancel();
          });
      assertThat(late).as("when it was given back").isFalse();
      lent.open();
      assertThat(lent.lease.cancel()).isFalse();
      lent.lease.release();
      all.until(() -> all.pool.metrics().idle() == 1);
      all.loops.run(() -> {
        PoolFixture.check(all.part());
        return true;
      });
      assertThat(all.pool.metrics().cancelled()).isEqualTo(2);
      assertThat(all.pool.metrics().connected()).isEqualTo(1);
      all.ask().open();
    }
  }

  @Test
  void whoCancelsOnAnotherThreadJustBeforeTheDeliveryHasNone() throws Exception {
    try (var all = new PoolFixture(ONE)) {
      var has = new Holder();
      var cancels = new Holder();
      var cancelled = new ArrayList<Boolean>();
      has.heard.onFrame =
          (c, text) -> {
            has.lease.release(); // is delivered when this has returned
            var elsewhere = Await.inBackground("canceller", cancels.lease::cancel);
            try {
              cancelled.add(Await.outcome(elsewhere));
            } catch (Exception e) {
              throw new AssertionError(e);
            }
          };
      has.lease = all.pool.lease(all.target(), has.heard);
      Connection c = has.open();
      cancels.lease = all.pool.lease(all.target(), cancels.heard);
      Holder next = all.ask();
      all.until(() -> all.pool.metrics().waiting() == 2);
      c.write(Messages.of("go\n"));
      assertThat(next.open()).isSameAs(c);
      assertThat(cancels.end()).isEqualTo(Kind.LOCAL);
      assertThat(cancelled).containsExactly(true);
      assertThat(cancels.heard.events).containsExactly("closed LOCAL");
    }
  }

  @Test
  void waitersOfEightThreadsAreServedInTheirOrder() throws Exception {
    try (var all = new PoolFixture(ONE)) {
      Holder has = all.ask();
      has.open();
      int each = 50;
      var served = new ArrayList<Integer>();
      var asked = new AtomicInteger();
      var lock = new Object();
      Await.Condition[] work = new Await.Condition[1];
      work[0] =
          () -> {
            for (int i = 0; i < each; i++) {
              synchronized (lock) { // so that there is an order
                ask(all, asked.getAndIncrement(), served);
              }
            }
            return true;
          };
      var threads = new ArrayList<java.util.concurrent.Future<Boolean>>();
      for (int i = 0; i < 8; i++) {
        threads.add(Await.inBackground("asker " + i, () -> work[0].holds()));
      }
      for (var thread : threads) {
        Await.outcome(thread);
      }
      has.lease.release();
      all.until(() -> all.loops.call(served::size) == 8 * each);
      assertThat(all.loops.call(() -> List.copyOf(served))).isSorted().doesNotHaveDuplicates();
    }
  }

  private static void ask(PoolFixture all, int number, List<Integer> served) throws Exception {
    var leases = new Lease[1];
    leases[0] =
        all.pool.newLease(
            all.target(),
            new Recorder() {
              @Override
              public void onOpen(Connection c) {
                served.add(number);
                leases[0].release();
              }
            });
    leases[0].request();
  }

  @Test
  void idleConnectionsAreLentLastInFirstOut() throws Exception {
    try (var all = new PoolFixture(CONFIG)) {
      Holder a = all.ask();
      Holder b = all.ask();
      Connection first = a.open();
      Connection second = b.open();
      a.lease.release();
      a.end();
      b.lease.release();
      b.end();
      assertThat(all.ask().open()).isSameAs(second);
      assertThat(all.ask().open()).isSameAs(first);
    }
  }

  @Test
  void theEndOfThePeerEvictsAnIdleConnectionAtOnce() throws Exception {
    try (var all = new PoolFixture(CONFIG)) {
      Holder has = all.ask();
      Connection old = has.open();
      Connection far = all.serverEnd();
      has.lease.release();
      all.until(() -> all.pool.metrics().idle() == 1);
      far.close();
      all.until(() -> all.pool.metrics().places() == 0);
      assertThat(all.pool.metrics().evicted()).isEqualTo(1);
      assertThat(all.ask().open()).isNotSameAs(old);
    }
  }

  @Test
  void aStrayByteEvictsAnIdleConnectionAtOnceAndAResetToo() throws Exception {
    try (var all = new PoolFixture(CONFIG)) {
      for (int i = 0; i < 2; i++) {
        Holder has = all.ask();
        has.open();
        Connection far = all.serverEnd();
        has.lease.release();
        all.until(() -> all.pool.metrics().idle() == 1);
        if (i == 0) {
          far.write(Messages.of("x")); // not even a line
        } else {
          far.reset();
        }
        int evicted = i + 1;
        all.until(() -> all.pool.metrics().places() == 0);
        assertThat(all.pool.metrics().evicted()).isEqualTo(evicted);
      }
    }
  }

  @Test
  void whoHasAConnectionHearsItsEndAndThePlaceIsFree() throws Exception {
    try (var all = new PoolFixture(ONE)) {
      Holder has = all.ask();
      has.open();
      Holder waits = all.ask();
      all.turns();
      all.serverEnd().reset();
      assertThat(has.end()).isEqualTo(Kind.PEER_RESET);
      assertThat(has.lease.release()).isFalse();
      waits.open();
      waits.lease.release();
      assertThat(waits.end()).isEqualTo(Kind.HANDED_OVER);
    }
  }

  @Test
  void aConnectionWithSomethingOnTheWayIsClosedInsteadOfLent() throws Exception {
    try (var all = new PoolFixture(ONE)) {
      var queued = new Holder();
      queued.heard.onOpen =
          c -> {
            c.out().putAscii("half");
            queued.lease.release();
          };
      all.loops.run(() -> (queued.lease = all.pool.lease(all.target(), queued.heard)) != null);
      assertThat(queued.end()).isEqualTo(Kind.HANDED_OVER);
      all.until(() -> all.pool.metrics().discarded() == 1);
      var unread = new Holder();
      unread.heard.onOpen = c -> c.out().putAscii("one\ntwo\n");
      unread.heard.onFrame = (c, text) -> unread.lease.release();
      all.loops.run(() -> (unread.lease = all.pool.lease(all.target(), unread.heard)) != null);
      assertThat(unread.end()).isEqualTo(Kind.HANDED_OVER);
      all.until(() -> all.pool.metrics().discarded() == 2);
      assertThat(unread.heard.events).containsExactly("open", "frame one\n", "closed HANDED_OVER");
      all.until(() -> all.pool.metrics().places() == 0);
    }
  }

  // Both lines are there before the loop looks: the first to hear gives the other one back.
  @Test
  void noFrameComesOnceAnotherThreadHasGivenBackAndWhatHasComeClosesTheConnection()
      throws Exception {
    try (var all = new PoolFixture(CONFIG)) {
      Holder one = all.ask();
      Holder other = all.ask();
      one.heard.onFrame = (c, text) -> releaseElsewhere(other);
      other.heard.onFrame = (c, text) -> releaseElsewhere(one);
      one.open();
      other.open();
      Connection first = all.serverEnd();
      Connection second = all.serverEnd();
      all.loops.run(() -> {
        all.far.run(() -> {
          say(first);
          say(second);
          return true;
        });
        return true;
      });
      all.until(() -> one.heard.cause.isDone() || other.heard.cause.isDone());
      Holder gone = one.heard.cause.isDone() ? one : other;
      assertThat(gone.end()).isEqualTo(Kind.HANDED_OVER);
      assertThat(gone.heard.events).containsExactly("open", "closed HANDED_OVER");
      all.until(() -> all.pool.metrics().places() == 1);
      assertThat(all.pool.metrics().leased()).isEqualTo(1);
    }
  }

  private static void say(Connection end) {
    end.out().putAscii("said\n");
    end.flush();
  }

  private static void releaseElsewhere(Holder holder) {
    Thread elsewhere = Thread.ofPlatform().start(() -> holder.lease.release());
    try {
      elsewhere.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void givingBackTakesAwayWhatTheHandlerHasSet() throws Exception {
    try (var all = new PoolFixture(ONE)) {
      var first = new Holder();
      first.heard.onOpen =
          c -> {
            c.attach("mine");
            c.framer(Framer.fixed(3));
            c.deadline(Duration.ofMillis(1));
            c.pause("why");
            first.lease.release();
          };
      all.loops.run(() -> (first.lease = all.pool.lease(all.target(), first.heard)) != null);
      assertThat(first.end()).isEqualTo(Kind.HANDED_OVER);
      Holder second = new Holder();
      second.heard.onOpen = c -> c.out().putAscii("longer\n");
      second.lease = all.pool.lease(all.target(), second.heard);
      assertThat(second.heard.next()).isEqualTo("open");
      assertThat(second.heard.next()).isEqualTo("frame longer\n");
      assertThat(all.loops.call(() -> second.open().attachment() == null)).isTrue();
      assertThat(all.pool.metrics().connected()).isEqualTo(1);
      assertThat(second.heard.events).isEmpty();
    }
  }

  @Test
  void whoGivesBackAndTakesItAllTheSameDoesNotHarmThePool() throws Exception {
    try (var all = new PoolFixture(ONE)) {
      var thief = new Holder();
      var taker = new Recorder();
      thief.heard.onOpen =
          c -> {
            thief.lease.release();
            c.handler(taker);
          };
      all.loops.run(() -> (thief.lease = all.pool.lease(all.target(), thief.heard)) != null);
      assertThat(taker.ended().kind()).isEqualTo(Kind.LOCAL);
      all.until(() -> all.pool.metrics().places() == 0);
      all.ask().open();
    }
  }

  @Test
  void aFailedConnectIsToldToTheFirstWaiterAndServesTheNext() throws Exception {
    InetSocketAddress target = nobody();
    try (var all = new PoolFixture(ONE);
        var listener = new ServerSocket()) {
      listener.setReuseAddress(true);
      var first = new Holder();
      first.heard.onClosed = c -> listener.bind(target);
      var second = new Holder();
      all.loops.run(() -> {
        first.lease = all.pool.lease(target, first.heard);
        second.lease = all.pool.lease(target, second.heard);
        return true;
      });
      assertThat(first.end()).isEqualTo(Kind.REFUSED);
      assertThat(first.heard.ended().opened()).isFalse();
      assertThat(first.heard.ended().error()).hasMessageContaining("ECONNREFUSED");
      second.open();
      assertThat(all.pool.metrics().connectFailures()).isEqualTo(1);
    }
  }

  @Test
  void waitingHasAnEndAndThereIsALimitOfWaiters() throws Exception {
    var config = ONE.maxWaiters(1).leaseTimeout(Duration.ofMillis(500));
    try (var all = new PoolFixture(config)) {
      Holder has = all.ask();
      has.open();
      Holder waits = all.ask();
      all.turns();
      Holder tooMany = all.ask();
      assertThat(tooMany.end()).isEqualTo(Kind.POOL_EXHAUSTED);
      assertThat(waits.end()).isEqualTo(Kind.LEASE_TIMEOUT);
      assertThat(waits.heard.ended().opened()).isFalse();
      assertThat(waits.lease.cancel()).isFalse();
      assertThat(all.pool.metrics().timeouts()).isEqualTo(1);
      assertThat(all.pool.metrics().exhausted()).isEqualTo(1);
      has.lease.release();
      all.ask().open();
    }
  }

  // The loop forgets a closed descriptor as the last thing of a turn, and only then is it heard.
  @Test
  void whoAsksAsTheLastOfATurnDoesNotWaitForEver() throws Exception {
    var lines = PoolFixture.LINES.connectTimeout(Duration.ofHours(1)); // nothing else wakes it
    try (var all = new PoolFixture(ONE.connection(lines).leaseTimeout(Duration.ofMillis(20)))) {
      all.ask().open();
      Await.eventually(
          "what looked after that has fired", () -> all.loops.loop.metrics().timers().fired() > 0);
      var target = all.target();
      var waits = new Holder();
      var goes = new Recorder();
      goes.onClosed = c -> waits.lease = all.pool.lease(target, waits.heard);
      TcpClient.connect(all.loops.loop, target, lines, goes);
      Connection gone = goes.connected();
      all.turns();
      all.loops.run(() -> {
        gone.reset();
        return true;
      });
      assertThat(waits.end()).isEqualTo(Kind.LEASE_TIMEOUT);
    }
  }

  @Test
  void anIdleConnectionToElsewhereMakesRoomAtTheLimitInAll() throws Exception {
    try (var all = new PoolFixture(ONE);
        var other = Peer.listener()) {
      Holder has = all.ask();
      has.open();
      has.lease.release();
      has.end();
      Holder elsewhere = all.ask(Peer.address(other));
      elsewhere.open();
      assertThat(all.pool.metrics().places()).isEqualTo(1);
      Holder back = all.ask();
      all.turns();
      assertThat(back.heard.events).as("nothing is taken from who has it").isEmpty();
      elsewhere.lease.discard();
      try (var peer = Peer.accept(other)) {
        assertThat(peer.readAll()).isEmpty();
      }
      back.open();
    }
  }

  @Test
  void idleConnectionsExpireAndTheirExpiriesAreSpread() throws Exception {
    var config = CONFIG.maxConnections(64, 64).idleTimeout(Duration.ofMillis(400)).jitter(0.5);
    try (var all = new PoolFixture(config)) {
      var holders = new ArrayList<Holder>();
      for (int i = 0; i < 40; i++) {
        holders.add(all.ask());
      }
      for (Holder holder : holders) {
        holder.open();
      }
      long[] untils =
          all.loops.call(() -> {
            holders.forEach(holder -> holder.lease.release());
            return null;
          })
                  == null
              ? untils(all)
              : null;
      long spread = untils[untils.length - 1] - untils[0];
      assertThat(spread).isGreaterThan(Duration.ofMillis(80).toNanos());
      all.until(() -> all.pool.metrics().places() == 0);
      assertThat(all.pool.metrics().expired()).isEqualTo(40);
    }
  }

  private static long[] untils(PoolFixture all) throws Exception {
    all.until(() -> all.pool.metrics().idle() == 40);
    return all.loops.call(() ->
        all.part().all.stream().mapToLong(e -> e.idleUntilNs - e.idleSinceNs).sorted().toArray());
  }

  @Test
  void whatHasLivedLongEnoughIsNotLentAgain() throws Exception {
    try (var all = new PoolFixture(ONE.maxLifetime(Duration.ofMillis(20)).jitter(0))) {
      Holder has = all.ask();
      Connection old = has.open();
      long until = System.nanoTime() + 25_000_000;
      all.until(() -> System.nanoTime() > until);
      Holder next = all.ask();
      all.turns();
      has.lease.release();
      assertThat(next.open()).isNotSameAs(old);
      assertThat(all.pool.metrics().expired()).isEqualTo(1);
    }
  }

  @Test
  void someIdleConnectionsAreKeptReady() throws Exception {
    try (var all = new PoolFixture(CONFIG.minIdle(3).idleTimeout(Duration.ofMillis(20)))) {
      Holder has = all.ask();
      has.open();
      all.until(() -> all.pool.metrics().idle() == 3);
      for (int i = 0; i < 4; i++) {
        all.serverEnd().close(); // that one too that is lent
      }
      has.end();
      all.until(() -> all.pool.metrics().evicted() == 3 && all.pool.metrics().idle() == 3);
    }
  }

  @Test
  void aConnectionIsTriedBeforeItIsLentAndOneThatFailsIsNot() throws Exception {
    var answers = new java.util.concurrent.atomic.AtomicBoolean(true);
    var trials = new AtomicInteger();
    var config =
        ONE.validation(
            Duration.ZERO,
            Duration.ofMillis(500),
            lease ->
                new Recorder() {
                  @Override
                  public void onOpen(Connection c) {
                    trials.incrementAndGet();
                    if (answers.get()) {
                      c.out().putAscii("ping\n");
                    } // or wait in vain
                  }

                  @Override
                  public void onFrame(
                      Connection c, java.lang.foreign.MemorySegment m, long offset, long length) {
                    lease.release();
                  }
                });
    try (var all = new PoolFixture(config)) {
      Holder first = all.ask();
      Connection old = first.open();
      first.lease.release();
      first.end();
      Holder second = all.ask();
      assertThat(second.open()).isSameAs(old);
      assertThat(trials).hasValue(1);
      second.lease.release();
      second.end();
      answers.set(false);
      Holder third = all.ask();
      assertThat(third.open()).isNotSameAs(old);
      assertThat(trials).hasValue(2);
      assertThat(all.pool.metrics().discarded()).isEqualTo(1);
    }
  }

  @Test
  void closingFailsWaitersAndClosesLateConnects() throws Exception {
    var future = new java.util.concurrent.CompletableFuture<List<java.net.InetAddress>>();
    var config = ONE.connection(PoolFixture.LINES.resolver(name -> future));
    try (var all = new PoolFixture(config)) {
      all.turns();
      int fds = OpenFds.count();
      Holder a = all.ask(InetSocketAddress.createUnresolved("slow.test", all.target().getPort()));
      Holder b = all.ask(InetSocketAddress.createUnresolved("slow.test", all.target().getPort()));
      all.turns();
      var drained = all.pool.drain(Duration.ofSeconds(60)).toCompletableFuture();
      assertThat(a.end()).isEqualTo(Kind.SHUTDOWN);
      assertThat(b.end()).isEqualTo(Kind.SHUTDOWN);
      future.complete(List.of(java.net.InetAddress.getLoopbackAddress()));
      assertThat(future).as("nobody waits for the name").isCancelled();
      assertThat(Await.outcome(drained)).isEqualTo(new PoolReport(2, 1, 0, 0, 0));
      assertThat(all.ask().end()).as("for those who come later").isEqualTo(Kind.SHUTDOWN);
      all.turns();
      assertThat(OpenFds.count()).isEqualTo(fds);
      assertThat(all.pool.metrics().places()).isZero();
    }
  }

  @Test
  void drainingWaitsForWhatIsLentAndResetsItAtLast() throws Exception {
    try (var all = new PoolFixture(CONFIG)) {
      Holder comesBack = all.ask();
      comesBack.open();
      Holder stays = all.ask();
      stays.open();
      Holder idle = all.ask();
      idle.open();
      idle.lease.release();
      idle.end();
      var drained = all.pool.drain(Duration.ofSeconds(1)).toCompletableFuture();
      all.turns();
      assertThat(drained).isNotDone();
      comesBack.lease.release();
      assertThat(comesBack.end()).isEqualTo(Kind.HANDED_OVER);
      assertThat(Await.outcome(drained)).isEqualTo(new PoolReport(0, 0, 1, 1, 1));
      assertThat(stays.end()).isEqualTo(Kind.SHUTDOWN);
      assertThat(all.pool.metrics().places()).isZero();
    }
  }

  // It was told that it had cancelled.
  @Test
  void whoIsLentAConnectionAndHasNotHeardOfItIsToldOfTheShutdownThatResetsIt() throws Exception {
    try (var all = new PoolFixture(CONFIG)) {
      Holder before = all.ask();
      before.open();
      before.lease.release();
      before.end();
      all.until(() -> all.pool.metrics().idle() == 1);
      var lent = new Holder();
      all.loops.run(() -> {
        lent.lease = all.pool.lease(all.target(), lent.heard);
        all.pool.close();
        return true;
      });
      CloseCause cause = lent.heard.ended();
      assertThat(cause.kind()).isEqualTo(Kind.SHUTDOWN);
      assertThat(cause.opened()).isFalse();
      assertThat(lent.heard.events).containsExactly("closed SHUTDOWN");
    }
  }

  @Test
  void aLoopThatIsClosedTellsThoseWhoWait() throws Exception {
    var all = new PoolFixture(ONE);
    Holder has = all.ask();
    has.open();
    Holder waits = all.ask();
    all.turns();
    all.close();
    assertThat(waits.end()).isEqualTo(Kind.SHUTDOWN);
    assertThat(has.end()).isEqualTo(Kind.SHUTDOWN);
    assertThat(all.ask(Net.loopback(1)).end()).isEqualTo(Kind.SHUTDOWN);
    assertThat(all.pool.metrics().places()).isZero();
  }

  @Test
  void aGroupHasOneDoorForAnyThreadAndSharesTheLimits() throws Exception {
    try (var group = EventLoopGroup.open(LoopGroupConfig.builder().loops(2).build()).start();
        var far = Loops.start();
        var server = far.listen(PoolFixture.LINES, (c, m, at, n) -> c.out().put(m, at, n))) {
      var pool = ConnectionPool.open(group, CONFIG.maxConnections(4, 4));
      var holders = new ArrayList<Holder>();
      for (int i = 0; i < 4; i++) {
        var holder = new Holder();
        holder.lease = pool.lease(server.localAddress(), holder.heard);
        holder.open();
        holders.add(holder);
      }
      assertThat(pool.metrics().leased()).isEqualTo(4);
      assertThat(holders.stream().map(h -> h.open().loop()).distinct()).hasSize(2);
      var waits = new Holder();
      waits.lease = pool.lease(server.localAddress(), waits.heard);
      holders.forEach(holder -> holder.lease.release());
      waits.open();
      var here = new java.util.concurrent.CompletableFuture<Boolean>();
      var loop = group.loops().get(1);
      loop.execute(() ->
          pool.lease(
              server.localAddress(),
              new Recorder() {
                @Override
                public void onOpen(Connection c) {
                  here.complete(c.loop().equals(loop) && loop.isLoopThread());
                }
              }));
      assertThat(Await.outcome(here)).as("a loop's own thread gets one of that loop").isTrue();
      pool.close();
    }
  }
}
