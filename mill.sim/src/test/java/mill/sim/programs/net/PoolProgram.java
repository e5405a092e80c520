package mill.sim.programs.net;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import mill.core.net.Connection;
import mill.core.net.ConnectionConfig;
import mill.core.net.ConnectionPool;
import mill.core.net.ConnectionPoolConfig;
import mill.core.net.PoolMetrics;
import mill.core.net.TcpServer;
import mill.natives.memory.BufferPoolConfig;
import mill.sim.Happenings;
import mill.sim.SimHost;
import mill.sim.Simulation;
import mill.sim.programs.net.PoolUser.Last;

/**
 * Users on several threads ask a pool for connections to servers that answer, are silent, end, or
 * send what nobody has asked for; they use them, cancel, give back or throw away, until the pool is
 * drained. No connection has two users, no request two outcomes or none, and no place is lost.
 */
public final class PoolProgram {
  private static final int PORT = 7;
  private static final int STEPS = 12;
  private static final Duration SLACK = Duration.ofSeconds(3);
  private static final Duration LONG = Duration.ofSeconds(20);
  static final Duration CALM = Duration.ofSeconds(11); // faults end before
  private static final Duration WHIM = Duration.ofMillis(200); // longer than servers plan theirs

  private final Simulation sim;
  private final Ledger ledger;
  private final SimHost servers;
  private final SimHost host;
  private final int targets;
  private int listening;
  private boolean clientIsDone;
  private final PoolServers peers;

  // Of the pool.
  private final List<PoolUser> users = new ArrayList<>();
  private final IdentityHashMap<Connection, PoolUser> inUse = new IdentityHashMap<>();
  private final int maxPerTarget;
  private final int maxTotal;
  private final int maxWaiters;
  private final Duration leaseTimeout;
  private final Duration connectTimeout;
  private final boolean isCut;
  private ConnectionPool pool;
  private boolean drains;
  private boolean calms;
  long tickets;

  private PoolProgram(Simulation sim) {
    this.sim = sim;
    ledger = new Ledger(sim);
    servers = sim.host("servers");
    host = sim.host("client");
    targets = (int) sim.between(1, 4);
    maxPerTarget = (int) sim.between(1, 4);
    maxTotal = sim.chance(0.5) ? (int) sim.between(1, 5) : ConnectionPoolConfig.NO_LIMIT;
    maxWaiters = sim.chance(0.3) ? (int) sim.between(0, 4) : 1_000;
    leaseTimeout = Duration.ofMillis(sim.chance(0.5) ? sim.between(1, 60) : 20_000);
    connectTimeout = Duration.ofMillis(sim.chance(0.3) ? sim.between(1, 50) : 3_000);
    isCut = sim.chance(0.3);
    peers = new PoolServers(sim);
  }

  /** Sets it up. */
  public static void scenario(Simulation sim) {
    var program = new PoolProgram(sim);
    program.servers.start(program::serve);
    program.host.start(program::use);
    if (program.isCut) {
      Duration cut = sim.between(Duration.ZERO, Duration.ofMillis(40));
      sim.after(cut, () -> sim.cut(program.servers, program.host));
      sim.after(
          cut.plus(sim.between(Duration.ZERO, Duration.ofSeconds(2))),
          () -> sim.heal(program.servers, program.host));
    }
  }

  Simulation sim() {
    return sim;
  }

  Ledger ledger() {
    return ledger;
  }

  // ---- the servers

  private void serve() throws Exception {
    Side side = Side.open(sim, servers, 1, memory());
    for (int i = 0; i < targets; i++) {
      ConnectionConfig config =
          ConnectionConfig.defaults().closeTimeout(Duration.ofMillis(sim.between(50, 2_000)));
      var _ =
          TcpServer.listen(
              side.loops.getFirst(), new InetSocketAddress(PORT + i), config, peers::next);
    }
    listening = targets;
    side.await(() -> "the client is done", () -> {}, () -> clientIsDone);
    side.end();
    side.verifyEnd();
  }

  private BufferPoolConfig memory() {
    return BufferPoolConfig.builder()
        .checked(sim.chance(0.5))
        .onLeak(leak -> ledger.fail("a buffer was not given back: " + leak))
        .build();
  }

  /** One of the targets, sometimes one where nobody listens. */
  SocketAddress anyTarget() {
    return servers.address(sim.chance(0.03) ? PORT - 1 : PORT + (int) sim.between(0, targets));
  }

  // ---- the client

  private ConnectionPoolConfig config() {
    ConnectionConfig connection =
        ConnectionConfig.defaults()
            .connectTimeout(connectTimeout)
            .closeTimeout(Duration.ofMillis(sim.between(50, 1_000)));
    ConnectionPoolConfig made =
        ConnectionPoolConfig.defaults()
            .connection(connection)
            .maxConnections(maxTotal, maxPerTarget)
            .maxWaiters(maxWaiters)
            .leaseTimeout(leaseTimeout)
            .minIdle(sim.chance(0.3) ? 1 : 0)
            .idleTimeout(Duration.ofMillis(sim.chance(0.5) ? sim.between(2, 40) : 60_000))
            .maxLifetime(Duration.ofMillis(sim.chance(0.3) ? sim.between(5, 60) : 60_000));
    return sim.chance(0.3)
        ? made.validation(
            Duration.ofMillis(sim.between(0, 5)),
            Duration.ofMillis(sim.between(1, 40)),
            lease -> new PoolTrial(this, lease))
        : made;
  }

  private void use() throws Exception {
    while (listening < targets) {
      Visitor.park(Duration.ofMillis(1));
    }
    Side side = Side.open(sim, host, (int) sim.between(1, 3), memory());
    ConnectionPoolConfig config = config();
    pool =
        side.group() == null
            ? ConnectionPool.open(side.loops.getFirst(), config)
            : ConnectionPool.open(side.group(), config);
    long count = sim.between(2, 9);
    for (int i = 0; i < count; i++) {
      users.add(new PoolUser(this, pool, anyTarget(), side.loops));
    }
    for (int i = 0; i < STEPS; i++) {
      for (int j = (int) sim.between(1, 4); j > 0; j--) {
        users.get((int) sim.between(0, users.size())).step(host);
      }
      Visitor.park(Duration.ofNanos(sim.between(0, 4_000_000)));
      verifyMetrics();
    }
    if (sim.chance(0.8)) {
      if (sim.chance(0.7)) {
        settle(side);
      }
      drain(side);
    }
    side.loops.forEach(ledger::ends);
    side.end();
    side.verifyEnd();
    verifyEnd();
    clientIsDone = true;
  }

  // Without a limit of its own every request has an outcome in the time that it has.
  private void settle(Side side) {
    side.await(
        () -> "every request has its outcome: " + users + ", " + pool.metrics(),
        () -> users.forEach(PoolUser::watch),
        () -> users.stream().noneMatch(PoolUser::isAsking));
    if (sim.chance(0.5)) {
      calm(side);
    }
  }

  // No fault comes any more, and everybody gives back: then nothing is on its way, what is idle is
  // fit to be lent, and whoever asks is served.
  private void calm(Side side) {
    Duration left = CALM.plus(WHIM).minus(sim.now());
    if (left.isPositive()) {
      Visitor.park(left);
    }
    calms = true;
    side.await(
        () -> "all have given back: " + users,
        () -> users.forEach(PoolUser::leave),
        () -> users.stream().noneMatch(user -> user.isAsking() || user.has()));
    side.await(
        () -> "nothing is on its way: " + pool.metrics(),
        () -> {},
        () -> pool.metrics().connecting() + pool.metrics().leased() == 0);
    side.awaitSoon(
        () -> "what peers have ended or spoken on is not idle: " + pool.metrics(),
        () -> !peersAreKnown() || pool.metrics().idle() <= peers.fit());
    boolean patient = leaseTimeout.compareTo(LONG) >= 0 && connectTimeout.compareTo(SLACK) >= 0;
    if (patient && !hasSmallQueue()) {
      for (int i = 0; i < targets; i++) {
        askLast(side, PORT + i, maxPerTarget, Last.ANSWERED);
      }
      askLast(side, PORT - 1, 1, Last.REFUSED);
    }
  }

  // At the same time, so that they get all that is idle.
  private void askLast(Side side, int port, int count, Last outcome) {
    var asking = new ArrayList<PoolUser>();
    for (int i = 0; i < count; i++) {
      var last = new PoolUser(this, pool, servers.address(port), side.loops);
      asking.add(last);
      users.add(last);
      last.askLast(outcome);
    }
    side.await(
        () -> outcome + ": " + asking,
        () -> asking.forEach(PoolUser::watch),
        () -> asking.stream().filter(PoolUser::isServed).count() == count);
  }

  private void drain(Side side) {
    var drain = new PoolDrainBooks(pool, users);
    Duration time = Duration.ofMillis(sim.between(0, 300));
    drains = true;
    if (side.group() == null && sim.chance(0.7)) {
      side.loops.getFirst().execute(() -> drain.begin(time, true));
    } else {
      drain.begin(time, false);
    }
    if (sim.chance(0.3)) {
      users.getFirst().step(host); // is told that there is none any more
    }
    Duration begun = sim.now();
    side.await(() -> "it is drained: " + pool, () -> {}, drain::isDone);
    if (sim.now().minus(begun).compareTo(time.plus(SLACK)) > 0) {
      ledger.fail("drained after " + sim.now().minus(begun) + ", not " + time);
    }
    drain.verify(ledger);
    side.await(
        () -> "all have heard of it: " + users,
        () -> {},
        () -> users.stream().noneMatch(user -> user.isAsking() || user.has()));
    side.awaitQuiet(ledger);
  }

  // ---- what has to be true

  boolean drains() {
    return drains;
  }

  /** Whether no peer has ended without a word: resets at a cut are lost, as the network's are. */
  boolean peersAreKnown() {
    return !isCut && Happenings.networkIsInnocent(sim);
  }

  /** Whether its server never answers a connection from an address. */
  boolean isSilent(SocketAddress client) {
    return peers.isSilent(client);
  }

  /** Whether nobody asks again. */
  boolean calms() {
    return calms || drains;
  }

  Duration leaseTimeout() {
    return leaseTimeout;
  }

  boolean isEnding(Connection of) {
    return ledger.isEnding(of.loop());
  }

  boolean hasSmallQueue() {
    return maxWaiters < 1_000;
  }

  /** Somebody has a connection. */
  void isUsed(Connection connection, PoolUser by) {
    PoolUser other = inUse.put(connection, by);
    if (other != null) {
      ledger.fail("two have " + connection + ": " + other + ", " + by);
    }
  }

  /** And has it no more. */
  void isFree(Connection connection, PoolUser by) {
    if (inUse.remove(connection) != by) {
      ledger.fail("the end of somebody else's " + connection + ": " + by);
    }
  }

  /** Whether a user's handler has the connection. */
  boolean isInUse(Connection connection) {
    return inUse.containsKey(connection);
  }

  /** Those who wait for the same on the same loop, and have asked before. */
  void verifyOrder(PoolUser served) {
    for (PoolUser other : users) {
      if (other != served && other.mustBeBefore(served)) {
        ledger.fail(served + " is served before " + other);
      }
    }
  }

  private void verifyMetrics() {
    PoolMetrics now = pool.metrics();
    long most = maxTotal == ConnectionPoolConfig.NO_LIMIT ? Long.MAX_VALUE : maxTotal;
    if (now.places() > most || now.places() > (long) maxPerTarget * (targets + 1)) {
      ledger.fail("more places than there are: " + now);
    }
    if (now.leased() < 0 || now.idle() < 0 || now.connecting() < 0 || now.waiting() < 0) {
      ledger.fail("less than nothing: " + now);
    }
  }

  private void verifyEnd() throws IOException {
    for (PoolUser user : users) {
      if (user.isAsking() || user.has()) {
        ledger.fail("has not heard of the end: " + user);
      }
    }
    if (!inUse.isEmpty()) {
      ledger.fail("in use at the end: " + inUse);
    }
  }
}
