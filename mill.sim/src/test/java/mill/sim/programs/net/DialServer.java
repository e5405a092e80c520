package mill.sim.programs.net;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import mill.core.EventLoop;
import mill.core.ShutdownReport;
import mill.core.net.CloseCause;
import mill.core.net.Connection;
import mill.core.net.ConnectionConfig;
import mill.core.net.ConnectionHandler;
import mill.core.net.TcpServer;
import mill.sim.Simulation;

/** A server that is dialled, on one loop or several, and what its guests have been promised. */
final class DialServer {
  private static final Duration REPORT_SLACK = Duration.ofSeconds(2);
  private static final long WHIM_NS = 60_000_000;

  private final DialProgram program;
  private final Simulation sim;
  private final Ledger ledger;
  private final Side side;
  private final boolean isUnix;
  private final boolean handsOn; // from the loop that accepts to others
  private final int total;
  private final int perAddress;
  private final int rate;
  private final int burst;
  private final List<Guest> guests = new ArrayList<>();
  private final int[] accepted; // by loop
  private TcpServer server;
  private Duration listensSince;
  private final boolean hasWhims;
  private boolean hasReset;
  private boolean loopEndedAlone;
  private boolean isReported;

  DialServer(DialProgram program, Side side, SocketAddress address) {
    this.program = program;
    this.side = side;
    ledger = program.ledger();
    sim = ledger.sim;
    isUnix = !(address instanceof InetSocketAddress);
    handsOn = side.loops.size() > 1 && (isUnix || !program.balances());
    total = sim.chance(0.4) ? (int) sim.between(1, 5) : ConnectionConfig.NO_LIMIT;
    perAddress = sim.chance(0.2) && !isUnix ? (int) sim.between(1, 4) : ConnectionConfig.NO_LIMIT;
    rate = sim.chance(0.2) ? (int) sim.between(5, 100) : ConnectionConfig.NO_LIMIT;
    hasWhims = sim.chance(0.5);
    burst = (int) sim.between(1, 4);
    accepted = new int[side.loops.size()];
  }

  void listen(SocketAddress address) throws IOException {
    ConnectionConfig config =
        program.connection().maxConnections(total, perAddress).acceptRate(rate, burst);
    listensSince = sim.now();
    server =
        side.group() == null
            ? TcpServer.listen(side.loops.getFirst(), address, config, this::next)
            : TcpServer.listen(side.group(), address, config, this::next);
  }

  boolean isUnix() {
    return isUnix;
  }

  /** How many it has room for at the same time, from one client. */
  int room() {
    return Math.min(Math.min(total, perAddress), 4);
  }

  void pauseAccept(boolean on) {
    server.pauseAccept(on);
  }

  /** One of its loops ends, and the others go on. */
  void loopEndsAlone() {
    loopEndedAlone = true;
  }

  /** Whether who dials it may have been reset before he knows that he stands. */
  boolean mayRefuse() {
    return hasReset || server.refused() > 0 || loopEndedAlone;
  }

  // ---- its guests

  private Guest next() {
    int here = 0;
    while (!side.loops.get(here).isLoopThread()) {
      here++;
    }
    accepted[here]++;
    if (handsOn && here > 0) {
      sim.sometimes("handed off");
    }
    if (isReported) {
      ledger.fail("somebody comes after the report of the shutdown: " + server);
    }
    verifyRate();
    if (hasWhims && !program.isCalm() && sim.chance(0.05)) {
      hasReset = true;
      Ledger.throwOnPurpose();
    }
    var guest = new Guest(side.loops.get(here));
    guests.add(guest);
    return guest;
  }

  // Loops that look at the same moment may accept one more each.
  private void verifyRate() {
    Duration passed = sim.now().minus(listensSince);
    double most = burst + accepted.length + 1 + rate * (passed.toNanos() / 1e9);
    if (Arrays.stream(accepted).sum() > most) {
      ledger.fail("faster than " + rate + " a second: " + Arrays.toString(accepted));
    }
  }

  private void verifyLimits() {
    requireAtMost(total, guest -> true);
    for (Guest guest : guests) {
      if (guest.peer != null) {
        requireAtMost(perAddress, other -> guest.peer.equals(other.peer));
      }
    }
  }

  private void requireAtMost(int most, Predicate<Guest> which) {
    if (guests.stream().filter(Guest::isOpen).filter(which).count() > most) {
      ledger.fail("more than " + most + " are open: " + guests);
    }
  }

  private static InetAddress addressOf(SocketAddress peer) {
    return peer instanceof InetSocketAddress inet ? inet.getAddress() : null;
  }

  private final class Guest implements ConnectionHandler {
    private final EventLoop loop;
    private final ByteBuffer number = ByteBuffer.allocate(Integer.BYTES);
    private Connection connection;
    private InetAddress peer; // null: of a Unix socket
    private boolean heardShutdown;
    private CloseCause cause;

    Guest(EventLoop loop) {
      this.loop = loop;
    }

    boolean isOver() {
      return cause != null;
    }

    boolean isOpen() {
      return connection != null && connection.socket().isOpen();
    }

    private void enter(String what) {
      ledger.enter(loop, what + " of " + this);
      if (isOver()) {
        ledger.fail(what + " after onClosed of " + this);
      }
    }

    @Override
    public void onOpen(Connection c) {
      enter("onOpen");
      connection = c;
      peer = addressOf(c.remoteAddress());
      verifyLimits();
      if (hasWhims && !program.isCalm() && sim.chance(0.5)) {
        ledger.later(loop, WHIM_NS, this::goAway);
      }
      ledger.leave(loop);
    }

    private void goAway() {
      if (isOver() || program.isCalm()) {
        return;
      }
      if (sim.chance(0.7)) {
        connection.close();
      } else {
        hasReset = true;
        connection.reset();
      }
    }

    @Override
    public void onFrame(Connection c, MemorySegment memory, long offset, long length) {
      enter("onFrame");
      for (long i = 0; i < length; i++) {
        number.put(memory.get(ValueLayout.JAVA_BYTE, offset + i));
      }
      if (!number.hasRemaining()) {
        program.isServed(number.getInt(0));
      }
      c.out().put(memory, offset, length);
      ledger.leave(loop);
    }

    @Override
    public void onShutdown(Connection c) {
      enter("onShutdown");
      if (heardShutdown || !ledger.isEnding(loop)) {
        ledger.fail("onShutdown again, or without one: " + this);
      }
      heardShutdown = true;
      if (sim.chance(0.5)) {
        c.close();
      }
      ledger.leave(loop);
    }

    @Override
    public void onClosed(Connection c, CloseCause why) {
      enter("onClosed");
      cause = why;
      ledger.leave(loop);
    }

    @Override
    public String toString() {
      return "guest[%s, %s, %s]".formatted(connection, number, cause);
    }
  }

  // ---- its end

  boolean isQuiet() {
    return server.connections() == 0 && guests.stream().allMatch(Guest::isOver);
  }

  String living() {
    return "all have gone from %s: %s"
        .formatted(server, guests.stream().filter(guest -> !guest.isOver()).toList());
  }

  /** When everybody has gone, and it still listens. */
  void verify() {
    if (server.failure().isPresent()) {
      ledger.fail("accepting has ended: " + server.failure().get());
    }
    int most = Arrays.stream(accepted).max().getAsInt();
    int least = Arrays.stream(accepted).min().getAsInt();
    if (handsOn && !loopEndedAlone && most - least > 1 + server.refused()) {
      ledger.fail("not by turns: " + Arrays.toString(accepted));
    }
  }

  void shutDown() {
    List<Guest> before = guests.stream().filter(Guest::isOver).toList();
    Duration time = Duration.ofMillis(sim.chance(0.2) ? 0 : sim.between(0, 1_500));
    Duration begun = sim.now();
    var report = server.shutdown(time).toCompletableFuture();
    var _ = report.thenRun(() -> isReported = true);
    side.await(() -> "the server has shut down: " + server, () -> {}, report::isDone);
    if (sim.now().minus(begun).compareTo(time.plus(REPORT_SLACK)) > 0) {
      ledger.fail("the report came after " + sim.now().minus(begun) + ", not " + time);
    }
    if (!isQuiet()) {
      ledger.fail("the report is there, and these are as well: " + living());
    }
    verify(report.join(), before);
  }

  private void verify(ShutdownReport report, List<Guest> before) {
    List<Guest> others = guests.stream().filter(guest -> !before.contains(guest)).toList();
    long most = others.size();
    long least = others.stream().filter(guest -> guest.heardShutdown).count();
    long told = (long) report.ended() + report.forced();
    if (told < least || told > most || (report.forced() > 0 && report.inTime())) {
      ledger.fail("%d to %d have ended: the report is %s".formatted(least, most, report));
    }
  }
}
