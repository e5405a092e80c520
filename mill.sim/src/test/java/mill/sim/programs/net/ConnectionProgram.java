package mill.sim.programs.net;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import mill.core.EventLoop;
import mill.core.ShutdownReport;
import mill.core.net.ConnectionConfig;
import mill.core.net.TcpClient;
import mill.core.net.TcpServer;
import mill.sim.Happenings;
import mill.sim.SimHost;
import mill.sim.Simulation;

/**
 * A server, and clients on two hosts, whose connections are used at random from every thread that
 * there is, until they have ended, each in one of the ways there are, and everything that the API
 * promises is looked at.
 */
public final class ConnectionProgram {
  private static final int PORT = 7;
  private static final int STEPS = 16;
  private static final int MOST_CLIENTS = 4; // of a host
  private static final Duration REPORT_SLACK = Duration.ofSeconds(2);

  private final Simulation sim;
  private final Ledger ledger;
  private final Setup setup;
  private final SimHost server;
  private final List<SimHost> clients = new ArrayList<>();
  private final List<Talk> servers = new ArrayList<>(); // the server's ends
  private SocketAddress target; // when it listens
  private boolean loopsEndFirst;
  private int clientsLeft;
  private int programsLeft;

  private ConnectionProgram(Simulation sim) {
    this.sim = sim;
    ledger = new Ledger(sim);
    setup = new Setup(ledger);
    server = sim.host("server");
    clients.add(sim.host("client"));
    clients.add(sim.chance(0.2) ? server : sim.host("other"));
  }

  /** Sets it up. */
  public static void scenario(Simulation sim) {
    new ConnectionProgram(sim).begin();
  }

  private void begin() {
    clientsLeft = clients.size();
    programsLeft = clients.size() + 1;
    server.start(this::serve);
    if (clients.getLast() == server) {
      clients.removeLast(); // as one of the program that serves: descriptors are counted by host
      clientsLeft--;
      programsLeft--;
    }
    for (SimHost client : clients) {
      client.start(() -> talk(client));
    }
    Duration cut = sim.between(Duration.ZERO, Duration.ofMillis(60));
    if (sim.chance(0.5)) {
      sim.after(cut, () -> sim.cut(server, clients.getFirst()));
      sim.after(
          cut.plus(sim.between(Duration.ZERO, Duration.ofSeconds(3))),
          () -> sim.heal(server, clients.getFirst()));
    }
  }

  // ---- the server

  private void serve() throws Exception {
    Side side = Side.open(sim, server, (int) sim.between(1, 3), setup.memory(ledger));
    TcpServer listening = listen(side);
    target = server.address(PORT);
    if (sim.chance(0.1)) {
      server.descriptors(server.openDescriptors() + 6);
    }
    var visitor = new Visitor(ledger, server, 1);
    for (int i = 0; i < STEPS; i++) {
      Visitor.park(Duration.ofNanos(sim.between(0, 3_000_000)));
      visitAny(visitor, servers);
    }
    if (sim.chance(0.6)) {
      side.await(() -> living(ledger.talks), this::watch, () -> clientsLeft == 0);
    }
    loopsEndFirst = sim.chance(0.3);
    if (!loopsEndFirst) {
      shutDown(side, listening);
      side.await(() -> living(servers), this::watch, () -> allOver(servers));
      side.awaitQuiet(ledger);
    }
    side.loops.forEach(ledger::ends);
    side.end();
    side.verifyEnd();
    over();
  }

  private TcpServer listen(Side side) throws IOException {
    var address = new InetSocketAddress(PORT);
    ConnectionConfig config = setup.server();
    return side.loops.size() == 1
        ? TcpServer.listen(side.loops.getFirst(), address, config, () -> voice(side))
        : TcpServer.listen(side.group(), address, config, () -> voice(side));
  }

  private Voice voice(Side side) {
    EventLoop here = side.loops.stream().filter(EventLoop::isLoopThread).findFirst().orElseThrow();
    var made = new Talk(ledger, here, setup, true);
    servers.add(made);
    return made.voice;
  }

  private void visitAny(Visitor visitor, List<Talk> of) {
    if (!of.isEmpty()) {
      Talk any = of.get((int) sim.between(0, of.size()));
      if (any.connection != null) {
        visitor.visit(any);
      }
    }
  }

  // ---- its end

  private void shutDown(Side side, TcpServer listening) {
    var books = new ShutdownBooks(ledger, servers);
    Duration time = Duration.ofMillis(sim.between(0, 1_500));
    side.loops.forEach(ledger::ends);
    Duration begun = sim.now();
    var report = listening.shutdown(time).toCompletableFuture();
    side.await(() -> "the server has shut down", this::watch, report::isDone);
    if (sim.now().minus(begun).compareTo(time.plus(REPORT_SLACK)) > 0) {
      ledger.fail("the report came after " + sim.now().minus(begun) + ", not " + time);
    }
    ShutdownReport told = report.join();
    books.verify(told, side.loops.size());
    if (listening.connections() != 0) {
      ledger.fail(listening + " has shut down");
    }
  }

  // ---- a client

  private void talk(SimHost host) throws Exception {
    Side side = Side.open(sim, host, 1, setup.memory(ledger));
    while (target == null) {
      Visitor.park(Duration.ofMillis(1));
    }
    var visitor = new Visitor(ledger, host, 1);
    List<Talk> own = new ArrayList<>();
    long count = sim.between(1, MOST_CLIENTS + 1);
    for (int i = 0; i < STEPS; i++) {
      if (own.size() < count && sim.chance(0.4)) {
        own.add(connect(side));
      }
      Visitor.park(Duration.ofNanos(sim.between(0, 3_000_000)));
      visitAny(visitor, own);
    }
    if (sim.chance(0.75)) {
      own.forEach(each -> finish(visitor, each));
      side.await(() -> living(own), this::watch, () -> allOver(own));
      side.awaitQuiet(ledger);
    }
    side.loops.forEach(ledger::ends);
    side.end();
    side.verifyEnd();
    clientsLeft--;
    over();
  }

  private Talk connect(Side side) {
    var made = new Talk(ledger, side.anyLoop(), setup, false);
    made.connection = TcpClient.connect(made.loop, target, setup.client(), made.voice);
    if (sim.chance(0.3)) {
      Acts.write(made, 2, (int) sim.between(0, 300)); // goes out first
    }
    return made;
  }

  private static void finish(Visitor visitor, Talk talk) {
    if (!talk.isOver() && !visitor.execute(talk, talk.acts::finish)) {
      visitor.close(talk);
    }
  }

  // ---- what has to be true

  private void watch() {
    ledger.talks.forEach(Talk::watch);
  }

  private static boolean allOver(List<Talk> of) {
    return of.stream().allMatch(Talk::isOver);
  }

  // And who else lives: it may be the other end's fault.
  private String living(List<Talk> of) {
    return "%d of these have ended: %s"
        .formatted(
            of.stream().filter(one -> !one.isOver()).count(),
            ledger.talks.stream().filter(one -> !one.isOver()).toList());
  }

  private void over() {
    if (--programsLeft == 0) {
      verify();
    }
  }

  private void verify() {
    boolean innocent = Happenings.networkIsInnocent(sim);
    Map<SocketAddress, Talk> byClient = new HashMap<>();
    for (Talk talk : ledger.talks) {
      if (talk.isServer && talk.connection != null) {
        byClient.put(talk.connection.remoteAddress(), talk);
      }
    }
    for (Talk talk : ledger.talks) {
      if (talk.connection == null) {
        ledger.fail("nothing was heard of " + talk);
      }
      Talk peer =
          talk.isServer || talk.kernel == null
              ? null
              : byClient.get(talk.connection.localAddress());
      talk.verify(peer, innocent);
      if (peer != null) {
        peer.verify(talk, innocent);
      }
    }
    ledger.verifyMessages();
  }
}
