package mill.sim.programs;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofNanos;
import static java.time.Duration.ofSeconds;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import mill.core.DispatchMode;
import mill.core.IdleStrategy;
import mill.core.LoopConfig;
import mill.sim.Scenario;
import mill.sim.Seeds;
import mill.sim.SimHost;
import mill.sim.Simulation;
import mill.sim.programs.net.ConnectionProgram;
import mill.sim.programs.net.DialProgram;
import mill.sim.programs.net.PoolProgram;
import mill.sim.programs.net.RelayProgram;

/** The programs by their names, each with what befalls it. */
@SuppressWarnings("ImmutableEnumChecker") // what it holds is not changed
public enum Programs {
  ECHO(echo(LoopConfig.defaults()), "tried again", "CUT"),
  ECHO_FROM_WORKERS(
      echo(LoopConfig.builder().dispatch(DispatchMode.WORKERS).workers(2).build()), "CUT"),
  GOSSIP(gossip(5), "crash", "CUT"),
  DATAGRAMS(
      Programs::datagrams,
      "an older datagram",
      "CUT",
      "DATAGRAM_LOST",
      "DATAGRAM_DUPLICATED",
      "DATAGRAM_REORDERED"),
  MAIL(sim -> sim.host("host").start(() -> MailProgram.run(sim, (int) sim.between(1, 400)))),
  UPLOAD(sim -> UploadProgram.scenario(sim, UploadProgram.Bug.NONE)),
  TORTURE(torture(IdleStrategy.blocking()), "a task was refused", "an end"),
  TORTURE_WITH_LOOKS(
      torture(new IdleStrategy(ofNanos(20_000), ofNanos(30_000))), "a task was refused", "an end"),
  CONNECTIONS(ConnectionProgram::scenario, "drained", "deadline", "handed over"),
  RELAY(RelayProgram::scenario, "relayed client PEER_RESET", "relayed server PEER_END"),
  POOL(PoolProgram::scenario, "a lease", "a trial", "a lease was cancelled"),
  DIALS(DialProgram::scenario, "a race", "handed off", "a loop ends alone");

  private static final int PORT = 7;
  private static final int GOAL = 5;

  private final Scenario scenario;
  private final String[] expected;

  Programs(Scenario scenario, String... expected) {
    this.scenario = scenario;
    this.expected = expected;
  }

  private static Scenario torture(IdleStrategy idle) {
    return sim -> {
      SimHost host = sim.host("host");
      host.start(() -> TortureProgram.run(sim, host, idle));
    };
  }

  private static void datagrams(Simulation sim) {
    SimHost server = sim.host("server");
    SimHost client = sim.host("client");
    server.serve(() -> DatagramProgram.serve(PORT));
    int count = (int) sim.between(1, 40);
    client.start(() -> DatagramProgram.send(sim, server.address(PORT), count));
    Duration cut = sim.between(ZERO, ofMillis(100));
    sim.after(cut, () -> sim.cut(server, client));
    sim.after(cut.plus(sim.between(ZERO, ofSeconds(2))), () -> sim.heal(server, client));
  }

  /** {@return what is run} */
  public Scenario scenario() {
    return scenario;
  }

  /**
   * {@return those over connections}
   *
   * @param first one of them, which comes first
   */
  public static List<Programs> ofConnections(Programs first) {
    return Stream.concat(
            Stream.of(first),
            Stream.of(CONNECTIONS, RELAY, POOL, DIALS).filter(program -> program != first))
        .toList();
  }

  /** {@return the others, the one first that finds most} */
  public static List<Programs> byReach() {
    return List.of(TORTURE, MAIL, GOSSIP, UPLOAD, DATAGRAMS, ECHO_FROM_WORKERS, ECHO);
  }

  /**
   * {@return so many seeds, whatever happens in them}
   *
   * @param count how many
   */
  public Seeds unexpecting(long count) {
    return Simulation.seeds(count).calmAfter(ofSeconds(10)).limit(ofMinutes(10));
  }

  /** So many seeds, in which what it is about has to happen. */
  Seeds seeds(long count) {
    return unexpecting(count).expect(expected);
  }

  private static Scenario echo(LoopConfig config) {
    return sim -> {
      SimHost server = sim.host("server");
      SimHost client = sim.host("client");
      server.serve(() -> EchoProgram.serve(config, Programs.PORT));
      client.start(() ->
          EchoProgram.echo(
              server.address(Programs.PORT),
              sim.between(1, 60_000),
              new EchoProgram.Outcome() {
                @Override
                public void differs(long at) {
                  sim.fail(new AssertionError("the echo differs at byte " + at));
                }

                @Override
                public void again(String why) {
                  sim.sometimes("tried again");
                }
              }));
      Duration cut = sim.between(ZERO, ofMillis(50));
      sim.after(cut, () -> sim.cut(server, client));
      sim.after(cut.plus(sim.between(ZERO, ofSeconds(2))), () -> sim.heal(server, client));
    };
  }

  private static Scenario gossip(int count) {
    return sim -> {
      var hosts = new ArrayList<SimHost>();
      for (int i = 0; i < count; i++) {
        hosts.add(sim.host("node" + i));
      }
      List<InetSocketAddress> addresses =
          hosts.stream().map(host -> host.address(Programs.PORT)).toList();
      var complete = new boolean[count];
      for (int i = 0; i < count; i++) {
        int self = i;
        hosts
            .get(i)
            .start(() ->
                GossipProgram.run(
                    self,
                    addresses,
                    GOAL,
                    () -> {
                      complete[self] = true;
                      return allOf(complete);
                    }));
      }
      SimHost one = hosts.get((int) sim.between(0, count));
      SimHost other = hosts.get((int) sim.between(0, count));
      if (one != other) {
        sim.after(sim.between(ZERO, ofMillis(300)), () -> sim.cut(one, other));
        sim.after(sim.between(ofMillis(300), ofSeconds(3)), () -> sim.heal(one, other));
      }
      if (sim.chance(0.3)) {
        Duration crash = sim.between(ZERO, ofMillis(300));
        sim.after(crash, () -> crash(sim, hosts, one, complete));
      }
    };
  }

  private static boolean allOf(boolean[] complete) {
    for (boolean each : complete) {
      if (!each) {
        return false;
      }
    }
    return true;
  }

  // Once one has heard that all are complete it may leave, and who forgets everything then would
  // have nobody to hear it from.
  private static void crash(Simulation sim, List<SimHost> hosts, SimHost host, boolean[] complete) {
    if (host.isRunning() && !allOf(complete)) {
      complete[hosts.indexOf(host)] = false;
      host.crash();
      sim.sometimes("crash");
      sim.after(sim.between(ofMillis(1), ofSeconds(1)), host::restart);
    }
  }
}
