package mill.sim.programs;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import mill.core.DispatchMode;
import mill.core.LoopConfig;
import mill.sim.Scenario;
import mill.sim.SimHost;
import mill.sim.Simulation;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Programs of several hosts, through many bad days. */
class ProgramsTest {
  private static final int SEEDS = 1_000;
  private static final int PORT = 7;

  // What handlers throw is told with its stack, which is much for a thousand bad days.
  private static final Logger LOGGER = Logger.getLogger("mill.core");

  @BeforeAll
  static void beQuiet() {
    LOGGER.setLevel(Level.OFF);
  }

  private static Scenario echo(LoopConfig config) {
    return sim -> {
      SimHost server = sim.host("server");
      SimHost client = sim.host("client");
      server.serve(() -> EchoProgram.serve(config, PORT));
      client.start(() ->
          EchoProgram.echo(
              server.address(PORT),
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

  @Test
  void everyByteComesBackThoughTheNetworkIsCut() {
    Simulation.seeds(SEEDS).expect("tried again", "CUT").run(echo(LoopConfig.defaults()));
  }

  @Test
  void everyByteComesBackFromWorkers() {
    var workers = LoopConfig.builder().dispatch(DispatchMode.WORKERS).workers(2).build();
    Simulation.seeds(SEEDS).run(echo(workers));
  }

  private static Scenario gossip(int count) {
    return sim -> {
      var hosts = new ArrayList<SimHost>();
      for (int i = 0; i < count; i++) {
        hosts.add(sim.host("node" + i));
      }
      List<InetSocketAddress> addresses = hosts.stream().map(host -> host.address(PORT)).toList();
      var complete = new boolean[count];
      for (int i = 0; i < count; i++) {
        int self = i;
        hosts
            .get(i)
            .start(() ->
                GossipProgram.run(
                    self,
                    addresses,
                    10,
                    () -> {
                      complete[self] = true;
                      for (boolean each : complete) {
                        if (!each) {
                          return false;
                        }
                      }
                      return true;
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
        sim.after(crash, () -> crash(sim, one));
      }
    };
  }

  private static void crash(Simulation sim, SimHost host) {
    if (host.isRunning()) {
      host.crash();
      sim.sometimes("crash");
      sim.after(sim.between(ofMillis(1), ofSeconds(1)), host::restart);
    }
  }

  @Test
  void fiveNodesComeToKnowTheSame() {
    Simulation.seeds(SEEDS).expect("crash", "CUT").run(gossip(5));
  }

  @Test
  void seedsRunBackwardsAreTheSame() {
    long forward = Simulation.seeds(100).run(gossip(3)).hash();
    assertThat(Simulation.seeds(100).backwards().run(gossip(3)).hash()).isEqualTo(forward);
  }
}
