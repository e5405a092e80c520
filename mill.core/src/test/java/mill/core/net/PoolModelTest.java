package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import mill.natives.net.TcpListener;
import mill.testing.Await;
import mill.testing.OpenFds;
import mill.testnet.Net;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Users, servers and threads that do anything at any time, from a seed: every request has one
 * outcome, no connection has two users, no place is lost.
 */
class PoolModelTest {
  private static final int STEPS = Integer.getInteger("mill.pool.steps", 1_500);
  private static final int USERS = 24;

  private final Set<Connection> farEnds = ConcurrentHashMap.newKeySet();
  private final IdentityHashMap<Connection, User> inUse =
      new IdentityHashMap<>(); // the loop's thread
  private final List<String> faults = java.util.Collections.synchronizedList(new ArrayList<>());
  private final AtomicInteger requests = new AtomicInteger();
  private final AtomicInteger outcomes = new AtomicInteger();
  private final AtomicInteger failures = new AtomicInteger();

  /** Asks, has, and gives back; writes down what it hears. */
  private final class User implements ConnectionHandler {
    final Lease lease;
    volatile Connection has;
    volatile boolean asked;

    User(ConnectionPool pool, SocketAddress target) {
      lease = pool.newLease(target, this);
    }

    /** On one thread at a time. */
    void ask() {
      if (!asked) {
        asked = true;
        requests.incrementAndGet();
        lease.request();
      }
    }

    @Override
    public void onOpen(Connection c) {
      if (!asked || has != null) {
        faults.add("a connection that nobody has asked for: " + c);
      }
      if (inUse.put(c, this) != null) {
        faults.add("two have " + c);
      }
      has = c;
      outcomes.incrementAndGet();
    }

    @Override
    public void onFrame(Connection c, MemorySegment memory, long offset, long length) {}

    @Override
    public void onClosed(Connection c, CloseCause cause) {
      if (!asked) {
        faults.add("a second outcome: " + cause);
      }
      if (cause.opened() != (has != null)) {
        faults.add("opened: " + cause);
      }
      if (!cause.opened()) {
        outcomes.incrementAndGet();
        failures.incrementAndGet();
      } else if (inUse.remove(c) != this) {
        faults.add("the end of somebody else's " + c);
      }
      has = null;
      asked = false;
    }
  }

  private final class FarEnd implements ConnectionHandler {
    @Override
    public void onOpen(Connection c) {
      farEnds.add(c);
    }

    @Override
    public void onFrame(Connection c, MemorySegment memory, long offset, long length) {}

    @Override
    public void onClosed(Connection c, CloseCause cause) {
      farEnds.remove(c);
    }
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4})
  void everyRequestHasOneOutcomeAndNoPlaceIsLost(long seed) throws Exception {
    InetSocketAddress nobody;
    try (var listener = TcpListener.bind(Net.loopback())) {
      nobody = (InetSocketAddress) listener.localAddress();
    }
    try (var far = Loops.start();
        var loops = Loops.start();
        var one = far.listen(PoolFixture.LINES, () -> new FarEnd());
        var two = far.listen(PoolFixture.LINES, () -> new FarEnd())) {
      far.run(() -> true);
      loops.run(() -> true);
      int fds = OpenFds.count();
      var config =
          PoolFixture.CONFIG
              .maxConnections(6, 4)
              .maxWaiters(10)
              .minIdle((int) (seed % 2))
              .leaseTimeout(Duration.ofMillis(3))
              .idleTimeout(Duration.ofMillis(20))
              .maxLifetime(Duration.ofMillis(100))
              .validation(Duration.ofMillis(2), Duration.ofMillis(5), trial(new Random(seed)));
      var pool = ConnectionPool.open(loops.loop, config);
      var targets = List.of(one.localAddress(), two.localAddress(), nobody);
      var users = new ArrayList<User>();
      for (int i = 0; i < USERS; i++) {
        users.add(new User(pool, targets.get(i % 8 == 7 ? 2 : i % 2)));
      }
      play(new Random(seed), pool, loops, users);
      settle(pool, loops, users);
      Await.eventually("all have ended", farEnds::isEmpty);
      Await.eventually("all descriptors are back", () -> OpenFds.count() <= fds);
    }
  }

  private static java.util.function.Function<Lease, ConnectionHandler> trial(Random random) {
    return lease ->
        new ConnectionHandler() {
          @Override
          public void onOpen(Connection c) {
            switch (random.nextInt(4)) {
              case 0 -> lease.discard();
              case 1 -> {} // it takes too long
              default -> lease.release();
            }
          }

          @Override
          public void onFrame(Connection c, MemorySegment memory, long offset, long length) {}
        };
  }

  private void play(Random random, ConnectionPool pool, Loops loops, List<User> users)
      throws Exception {
    for (int step = 0; step < STEPS; step++) {
      User user = users.get(random.nextInt(users.size()));
      int what = random.nextInt(20);
      if (random.nextBoolean()) {
        act(random, what, user);
      } else {
        loops.run(() -> {
          act(random, what, user);
          act(random, random.nextInt(20), user);
          PoolFixture.check(pool.choose());
          return true;
        });
      }
      assertThat(faults).isEmpty();
    }
  }

  // By this thread, or by the loop's while this one waits.
  private void act(Random random, int what, User user) {
    switch (what) {
      case 0, 1, 2, 3, 4, 5, 6 -> user.ask();
      case 7, 8 -> {
        boolean cancelled = user.lease.cancel();
        if (cancelled && user.lease.cancel()) {
          faults.add("cancelled twice");
        }
      }
      case 9, 10, 11, 12 -> {
        if (user.lease.release() && user.lease.discard()) {
          faults.add("given back twice");
        }
      }
      case 13 -> {
        if (user.lease.discard() && user.lease.release()) {
          faults.add("given back twice");
        }
      }
      case 14 -> far(random, Connection::close);
      case 15 -> far(random, Connection::reset);
      case 16 ->
          far(
              random,
              c -> {
                Message stray = Messages.of("stray");
                c.write(stray);
                stray.release();
              });
      case 17 -> {
        Connection c = user.has;
        if (c != null) {
          c.close();
        }
      }
      default -> {} // nothing for a while
    }
  }

  private void far(Random random, java.util.function.Consumer<Connection> deed) {
    var ends = new ArrayList<>(farEnds);
    if (!ends.isEmpty()) {
      deed.accept(ends.get(random.nextInt(ends.size())));
    }
  }

  private void settle(ConnectionPool pool, Loops loops, List<User> users) throws Exception {
    Await.eventually(
        "all requests have their outcome",
        () -> {
          users.forEach(user -> user.lease.release());
          return outcomes.get() == requests.get();
        });
    Await.outcomeOf(pool.drain(Duration.ZERO));
    Await.eventually("all users are told", () -> users.stream().noneMatch(user -> user.asked));
    loops.run(() -> {
      PoolFixture.check(pool.choose());
      assertThat(inUse).isEmpty();
      return true;
    });
    assertThat(faults).isEmpty();
    assertThat(outcomes).hasValue(requests.get());
    PoolMetrics metrics = pool.metrics();
    assertThat(metrics.places()).isZero();
    assertThat(metrics.waiting()).isZero();
    assertThat(metrics.leases()).isGreaterThanOrEqualTo(requests.get() - failures.get());
  }
}
