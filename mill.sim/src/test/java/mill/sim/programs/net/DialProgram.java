package mill.sim.programs.net;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import mill.core.EventLoop;
import mill.core.net.ConnectionConfig;
import mill.natives.memory.BufferPoolConfig;
import mill.sim.Happenings;
import mill.sim.SimHost;
import mill.sim.SimHosts;
import mill.sim.Simulation;
import mill.sim.fault.FaultKind;

/**
 * Clients that dial names, addresses and Unix sockets, and cancel, or lose their loops; and servers
 * with limits, which hand what they accept to other loops, one of which may end, until all do. Each
 * dial has one outcome, for a reason that there was, and each that stands is served or ended.
 */
public final class DialProgram {
  private static final int STEPS = 16;
  private static final int MOST_DIALS = 16;
  private static final Duration CALM = Duration.ofSeconds(11); // faults end before
  private static final Duration SILENCE = Duration.ofSeconds(10); // in which a reset was lost
  private static final Duration NEVER = Duration.ofMinutes(10);
  private static final Duration LONG = Duration.ofSeconds(20);

  private final Simulation sim;
  private final Ledger ledger;
  private final SimHost server;
  private final SimHost client;
  private final boolean isLocal; // both are on one host
  private final boolean balances;
  private final boolean isCut;
  private final boolean isShort; // the client has few descriptors
  private final boolean serverEndsEarly;
  private final boolean clientEndsEarly;
  private final DialTargets targets;
  private final DialNames names;
  private final List<DialServer> servers = new ArrayList<>();
  private final List<Dial> dials = new ArrayList<>();
  private final Set<Integer> served = new HashSet<>();
  private int lastId;
  private int sidesOpen;
  private int sidesCounted;
  private int programsLeft = 2;
  private boolean listens;
  private boolean serverEnds;
  private boolean serverIsQuiet;
  private boolean clientIsDone;
  private boolean isCalm;

  private DialProgram(Simulation sim) {
    this.sim = sim;
    ledger = new Ledger(sim);
    server = sim.host("server");
    isLocal = sim.chance(0.35);
    client = isLocal ? server : sim.host("client");
    balances = sim.chance(0.3);
    if (!balances) {
      SimHosts.doNotBalanceListeners(sim, server);
    }
    isCut = !isLocal && sim.chance(0.25);
    isShort = !isLocal && sim.chance(0.1);
    serverEndsEarly = sim.chance(0.4);
    clientEndsEarly = sim.chance(0.25);
    targets = new DialTargets(sim, server);
    names = new DialNames(ledger, client);
  }

  /** Sets it up. */
  public static void scenario(Simulation sim) {
    var program = new DialProgram(sim);
    program.server.start(program::serve);
    program.client.start(program::dial);
    if (program.isCut) {
      Duration cut = sim.between(Duration.ZERO, Duration.ofMillis(60));
      sim.after(cut, () -> sim.cut(program.server, program.client));
      sim.after(
          cut.plus(sim.between(Duration.ZERO, Duration.ofSeconds(3))),
          () -> sim.heal(program.server, program.client));
    }
  }

  private BufferPoolConfig memory() {
    return BufferPoolConfig.builder()
        .checked(sim.chance(0.5))
        .onLeak(leak -> ledger.fail("a buffer was not given back: " + leak))
        .build();
  }

  /** How connections are treated, at both ends. */
  ConnectionConfig connection() {
    return ConnectionConfig.defaults()
        .closeTimeout(Duration.ofMillis(sim.between(50, 2_000)))
        .readIdle(isCut ? SILENCE : NEVER);
  }

  // Both sides are open before anything else is.
  private Side open(SimHost host) throws Exception {
    Side side = Side.open(sim, host, (int) sim.between(1, 4), memory());
    sidesOpen++;
    await(() -> sidesOpen == 2);
    side.countDescriptors();
    sidesCounted++;
    await(() -> sidesCounted == 2);
    return side;
  }

  private static void await(Side.Condition condition) {
    while (!condition.holds()) {
      Visitor.park(Duration.ofMillis(1));
    }
  }

  private void end(Side side) throws InterruptedException {
    side.loops.forEach(ledger::ends);
    side.end();
    programsLeft--;
    if (!isLocal || programsLeft == 0) {
      side.verifyEnd();
    }
  }

  // ---- the servers

  private void serve() throws Exception {
    Side side = open(server);
    listen(side, new InetSocketAddress(DialTargets.PORT));
    if (isLocal) {
      listen(side, DialTargets.LISTENS);
    }
    listens = true;
    if (!isLocal && sim.chance(0.1)) {
      server.descriptors(server.openDescriptors() + 8);
    }
    List<EventLoop> victims = new ArrayList<>(side.loops);
    double ends = sim.chance(0.4) ? 0.15 : 0;
    for (int i = 0; i < (serverEndsEarly ? STEPS / 2 : STEPS); i++) {
      Visitor.park(Duration.ofNanos(sim.between(0, 15_000_000)));
      boolean holds = sim.chance(0.15);
      servers.forEach(one -> one.pauseAccept(holds));
      if (sim.chance(0.2)) {
        holdUp(side);
      }
      if (victims.size() > 1 && sim.chance(ends)) {
        endOne(side, victims.remove((int) sim.between(0, victims.size())));
      }
    }
    servers.forEach(one -> one.pauseAccept(false));
    if (!serverEndsEarly) {
      side.await(() -> "the client is done: " + undecided(), () -> {}, () -> clientIsDone);
      for (DialServer one : servers) {
        side.await(one::living, () -> {}, one::isQuiet);
        one.verify();
      }
    }
    endServers(side, victims.getLast());
    end(side);
    for (DialServer one : servers) {
      if (!one.isQuiet()) {
        ledger.fail("have not heard of the end: " + one.living());
      }
    }
  }

  // Meanwhile connections wait to be accepted.
  private void holdUp(Side side) {
    EventLoop loop = side.anyLoop();
    if (!ledger.isEnding(loop)) {
      loop.execute(() -> Visitor.park(Duration.ofNanos(sim.between(0, 8_000_000))));
    }
  }

  private void listen(Side side, SocketAddress address) throws Exception {
    var made = new DialServer(this, side, address);
    made.listen(address);
    servers.add(made);
  }

  private void endOne(Side side, EventLoop loop) {
    servers.forEach(DialServer::loopEndsAlone);
    side.loopEndsAlone();
    ledger.endsAlone(loop);
    sim.sometimes("a loop ends alone");
    if (sim.chance(0.5)) {
      loop.close();
    } else {
      loop.shutdown(Duration.ofMillis(sim.between(0, 100)));
    }
  }

  private void endServers(Side side, EventLoop one) {
    if (sim.chance(0.7)) {
      for (int i = 0; i < 3; i++) {
        holdUp(side);
      }
      Visitor.park(Duration.ofNanos(sim.between(0, 6_000_000)));
    }
    serverEnds = true;
    if (sim.chance(0.2)) {
      endOne(side, one); // at the same time
    }
    side.loops.forEach(ledger::ends);
    if (sim.chance(0.8)) {
      servers.forEach(DialServer::shutDown);
      if (!isLocal || !(serverEndsEarly || clientEndsEarly)) {
        side.awaitQuiet(ledger);
      }
    }
    serverIsQuiet = true;
  }

  // ---- the clients

  private void dial() throws Exception {
    Side side = open(client);
    await(() -> listens);
    if (isShort) {
      client.descriptors(client.openDescriptors() + (int) sim.between(3, 9));
    }
    for (int i = 0; i < STEPS; i++) {
      long count = sim.chance(0.2) ? sim.between(2, 5) : sim.between(0, 2);
      while (count-- > 0 && dials.size() < MOST_DIALS) {
        begin(side.anyLoop());
      }
      Visitor.park(Duration.ofNanos(sim.between(0, 15_000_000)));
      visitAny();
      watch();
    }
    if (!clientEndsEarly) {
      settle(side);
    }
    clientIsDone |= clientEndsEarly;
    end(side);
    clientIsDone = true;
    List<Dial> left = dials.stream().filter(one -> !one.isOver()).toList();
    if (!left.isEmpty()) {
      ledger.fail("have not heard of the end: " + left);
    }
  }

  /** As whoever reconnects does, inside of a callback, whatever it is that has ended. */
  void again(EventLoop loop) {
    if (dials.size() < MOST_DIALS && !isCalm && sim.chance(0.3)) {
      begin(loop);
    }
  }

  private void begin(EventLoop loop) {
    Duration timeout =
        Duration.ofMillis(sim.chance(0.4) ? sim.between(1, 400) : sim.between(400, 6_000));
    DialNames.Question question = null;
    SocketAddress target;
    if (isLocal && sim.chance(0.4)) {
      target = targets.unix();
    } else if (sim.chance(0.7)) {
      question = names.plan(loop, targets.several());
      target = InetSocketAddress.createUnresolved(question.name, DialTargets.PORT);
    } else {
      var address = new InetSocketAddress(targets.any(), DialTargets.PORT);
      target =
          sim.chance(0.3)
              ? InetSocketAddress.createUnresolved(
                  address.getAddress().getHostAddress(), address.getPort())
              : address;
    }
    begin(new Dial(this, ++lastId, loop, target, question, false), timeout);
  }

  private void begin(Dial made, Duration timeout) {
    dials.add(made);
    try {
      made.begin(connection().resolver(names), timeout);
    } catch (IllegalStateException e) {
      dials.remove(made); // the loop has ended
      sim.sometimes("nobody dials any more");
    }
  }

  private void visitAny() {
    if (!dials.isEmpty() && sim.chance(0.15)) {
      dials.get((int) sim.between(0, dials.size())).leave();
    }
  }

  private void settle(Side side) {
    side.await(
        () -> "each is decided: " + undecided(),
        this::watch,
        () -> dials.stream().allMatch(Dial::isDecided));
    side.await(
        () -> "each is served or over: " + not(Dial::isServedOrOver),
        () -> {},
        () -> dials.stream().allMatch(Dial::isServedOrOver));
    List.copyOf(dials).forEach(Dial::leave);
    side.await(
        () -> "each is over: " + not(Dial::isOver),
        () -> {},
        () -> dials.stream().allMatch(Dial::isOver));
    if (!serverEndsEarly && !isShort && sim.chance(0.5)) {
      dialAtTheEnd(side);
    }
    if (!isLocal) {
      side.awaitQuiet(ledger);
    }
    clientIsDone = true;
    if (isLocal) {
      await(() -> serverIsQuiet); // with what this has
    }
  }

  // No fault comes any more, and nobody is there: then there is room for as many as may be.
  private void dialAtTheEnd(Side side) {
    Duration left = CALM.minus(sim.now());
    if (left.isPositive()) {
      Visitor.park(left);
    }
    servers.forEach(one -> side.await(one::living, () -> {}, one::isQuiet));
    isCalm = true;
    var last = new ArrayList<Dial>();
    for (DialServer one : servers) {
      SocketAddress target = one.isUnix() ? DialTargets.LISTENS : targets.server();
      for (int i = 0; i < one.room(); i++) {
        var made = new Dial(this, ++lastId, side.anyLoop(), target, null, true);
        last.add(made);
        begin(made, LONG);
      }
    }
    side.await(
        () -> "there is room for all: " + last,
        () -> last.forEach(Dial::watch),
        () -> last.stream().allMatch(Dial::isServed));
    last.forEach(Dial::leave);
    side.await(() -> "each is over: " + last, () -> {}, () -> last.stream().allMatch(Dial::isOver));
  }

  // Of those that are there: who hears of an end may dial again.
  private void watch() {
    List.copyOf(dials).forEach(Dial::watch);
  }

  private String undecided() {
    return not(Dial::isDecided);
  }

  private String not(Predicate<Dial> so) {
    return dials.stream().filter(so.negate()).toList().toString();
  }

  // ---- what the others ask

  Ledger ledger() {
    return ledger;
  }

  DialTargets targets() {
    return targets;
  }

  boolean balances() {
    return balances;
  }

  /** Whether whoever can be served is. */
  boolean isCalm() {
    return isCalm && !serverEnds;
  }

  /** Whether the client may want descriptors. */
  boolean isClientShort() {
    return isShort;
  }

  /** Whether who dials a server may be refused. */
  boolean mayRefuse() {
    return serverEnds
        || !Happenings.networkIsInnocent(sim)
        || Happenings.has(sim, FaultKind.CONNECT_REFUSED)
        || Happenings.has(sim, FaultKind.ACCEPT_FAILED)
        || servers.stream().anyMatch(DialServer::mayRefuse);
  }

  /** Whether nothing has been in the way of anybody. */
  boolean isInnocent() {
    return !isCut && !mayRefuse();
  }

  /** A server has heard the number of a dial. */
  void isServed(int id) {
    if (!served.add(id)) {
      ledger.fail("two connections of dial " + id);
    }
  }
}
