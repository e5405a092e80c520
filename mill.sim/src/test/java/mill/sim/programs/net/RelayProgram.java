package mill.sim.programs.net;

import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import mill.core.net.CloseCause;
import mill.core.net.Connection;
import mill.core.net.ConnectionConfig;
import mill.core.net.ConnectionHandler;
import mill.core.net.Relay;
import mill.core.net.TcpClient;
import mill.core.net.TcpServer;
import mill.natives.memory.BufferPoolConfig;
import mill.sim.Happenings;
import mill.sim.SimHost;
import mill.sim.Simulation;

/**
 * Clients send bytes through a proxy to a server, which sends others back: both ends read what the
 * other sends, all of it and in its order, each direction to its own end; and what is reset on one
 * side is so on the other.
 */
public final class RelayProgram {
  private static final int PORT = 7;
  private static final int MOST_BYTES = 120_000;
  private static final Duration IDLE = Duration.ofSeconds(20);
  private static final Duration CALM = Duration.ofSeconds(11); // faults end before

  private final Simulation sim;
  private final Ledger ledger;
  private final SimHost server;
  private final SimHost proxy;
  private final SimHost client;
  private final List<RelayEnd> clients = new ArrayList<>();
  private final List<RelayEnd> servers = new ArrayList<>();
  private final List<Joined> joined = new ArrayList<>();
  private final boolean joins; // or is one by Relay.to
  private boolean serverListens;
  private boolean proxyListens;
  private int running = 3;

  private RelayProgram(Simulation sim) {
    this.sim = sim;
    ledger = new Ledger(sim);
    server = sim.host("server");
    proxy = sim.host("proxy");
    client = sim.host("client");
    joins = sim.chance(0.5);
  }

  /** Sets it up. */
  public static void scenario(Simulation sim) {
    var program = new RelayProgram(sim);
    program.server.start(program::serve);
    program.proxy.start(program::relay);
    program.client.start(program::talk);
    SimHost one = sim.chance(0.5) ? program.server : program.client;
    if (sim.chance(0.3)) {
      Duration cut = sim.between(Duration.ZERO, Duration.ofMillis(40));
      sim.after(cut, () -> sim.cut(program.proxy, one));
      sim.after(
          cut.plus(sim.between(Duration.ZERO, Duration.ofSeconds(2))),
          () -> sim.heal(program.proxy, one));
    }
  }

  private Side open(SimHost host) throws Exception {
    long cap = sim.chance(0.1) ? 768 << 10 : 64 << 20;
    return Side.open(
        sim,
        host,
        1,
        BufferPoolConfig.builder()
            .maxBytes(cap)
            .slabBytes(128 << 10)
            .checked(sim.chance(0.5))
            .onLeak(leak -> ledger.fail("a buffer was not given back: " + leak))
            .build());
  }

  private void close(Side side) throws Exception {
    side.loops.forEach(ledger::ends);
    side.end();
    side.verifyEnd();
    if (--running == 0) {
      verify();
    }
  }

  private ConnectionConfig config() {
    long high = sim.chance(0.5) ? sim.between(1_000, 20_000) : 256 << 10;
    // A reset that stands at a cut is lost: then it is silence that tells.
    return ConnectionConfig.defaults().marks(sim.between(0, high + 1), high).readIdle(IDLE);
  }

  @SuppressWarnings("ReferenceEquality") // which of the two
  private RelayEnd end(List<RelayEnd> of) {
    var made = new RelayEnd(ledger, (int) sim.between(0, MOST_BYTES), of == servers);
    of.add(made);
    return made;
  }

  // ---- the server

  private void serve() throws Exception {
    Side side = open(server);
    var listening =
        TcpServer.listen(
            side.loops.getFirst(), new InetSocketAddress(PORT), config(), () -> end(servers));
    serverListens = true;
    side.await(
        () -> "all ends of the server are closed: " + servers,
        () -> {},
        () -> running == 1 && servers.stream().allMatch(RelayEnd::isOver));
    listening.close();
    close(side);
  }

  // ---- the proxy

  private void relay() throws Exception {
    Side side = open(proxy);
    while (!serverListens) {
      Visitor.park(Duration.ofMillis(1));
    }
    ConnectionConfig far = config();
    var listening =
        TcpServer.listen(
            side.loops.getFirst(),
            new InetSocketAddress(PORT),
            config(),
            () -> joins ? new Near(far) : Relay.to(server.address(PORT), far));
    proxyListens = true;
    side.await(
        () -> "the clients are done, and nothing is open: " + clients + listening,
        () -> {},
        () -> running == 2 && listening.connections() == 0);
    listening.close();
    side.await(() -> "the proxy has ended", () -> {}, () -> joined.stream().allMatch(Joined::over));
    side.awaitQuiet(ledger);
    close(side);
  }

  /** Joins by hand what {@link Relay#to} joins, and holds the relay. */
  private final class Near implements ConnectionHandler {
    private final ConnectionConfig config;
    private Joined pair;

    Near(ConnectionConfig config) {
      this.config = config;
    }

    @Override
    public void onOpen(Connection c) {
      pair = new Joined(c);
      joined.add(pair);
      c.pause(this);
      pair.far = TcpClient.connect(c.loop(), server.address(PORT), config, new Far(pair, this));
    }

    @Override
    public void onFrame(Connection c, MemorySegment memory, long offset, long length) {
      ledger.fail("a frame of what is relayed");
    }

    @Override
    public void onClosed(Connection c, CloseCause cause) {
      if (pair != null) {
        pair.nearCause = cause;
        if (pair.relay == null) {
          pair.far.reset();
        }
      }
    }
  }

  /** The other one. */
  private final class Far implements ConnectionHandler {
    private final Joined pair;
    private final Object reason;

    Far(Joined pair, Object reason) {
      this.pair = pair;
      this.reason = reason;
    }

    @Override
    public void onOpen(Connection c) {
      pair.relay = Relay.join(pair.near, c);
      pair.near.resume(reason);
    }

    @Override
    public void onFrame(Connection c, MemorySegment memory, long offset, long length) {
      ledger.fail("a frame of what is relayed");
    }

    @Override
    public void onClosed(Connection c, CloseCause cause) {
      pair.farCause = cause;
      if (!cause.opened()) {
        pair.near.reset();
      }
    }
  }

  /** Two that were joined, and what has become of them. */
  private static final class Joined {
    private final Connection near;
    private Connection far;
    private Relay relay; // null before it has joined them
    private CloseCause nearCause;
    private CloseCause farCause;

    Joined(Connection near) {
      this.near = near;
    }

    boolean over() {
      return nearCause != null && farCause != null;
    }
  }

  // ---- the clients

  private void talk() throws Exception {
    Side side = open(client);
    while (!proxyListens) {
      Visitor.park(Duration.ofMillis(1));
    }
    for (int i = (int) sim.between(1, 4); i > 0; i--) {
      RelayEnd made = end(clients);
      made.connection =
          TcpClient.connect(side.loops.getFirst(), proxy.address(PORT), config(), made);
      Visitor.park(Duration.ofNanos(sim.between(0, 10_000_000)));
    }
    side.await(
        () -> "all clients are closed: " + clients + servers + joined,
        () -> {},
        () -> clients.stream().allMatch(RelayEnd::isOver));
    Visitor.park(CALM.minus(sim.now()).isPositive() ? CALM.minus(sim.now()) : Duration.ofMillis(1));
    side.awaitQuiet(ledger);
    close(side);
  }

  // ---- what has to be true

  private void verify() {
    boolean innocent = Happenings.networkIsInnocent(sim);
    for (RelayEnd end : clients) {
      end.verify(innocent);
    }
    for (RelayEnd end : servers) {
      end.verify(innocent);
    }
    for (Joined pair : joined) {
      if (pair.relay != null && (pair.relay.bytesAtoB() < 0 || pair.relay.bytesBtoA() < 0)) {
        ledger.fail("counts: " + pair.relay);
      }
    }
  }
}
