package external.sim;

import java.time.Duration;
import mill.sim.SimFailure;
import mill.sim.SimHost;
import mill.sim.Simulation;

/** A simulated test of a server of connections, without any test library. */
public final class TallyTest {
  private TallyTest() {}

  private static void counts(Simulation sim) {
    SimHost server = sim.host("server");
    SimHost client = sim.host("client");
    server.serve(() -> Tally.serve(9));
    int lines = (int) sim.between(1, 2_000);
    client.start(() ->
        Tally.count(
            server.address(9),
            lines,
            count -> {
              if (!count.equals(Integer.toString(lines))) {
                sim.fail(new AssertionError(count + " of " + lines + " lines"));
              }
            }));
    Duration cut = sim.between(Duration.ZERO, Duration.ofMillis(20));
    sim.after(cut, () -> sim.cut(server, client));
    sim.after(cut.plusSeconds(2), () -> sim.heal(server, client));
  }

  /** Prints what came of it. */
  public static void main(String[] args) {
    try {
      System.out.println("seeds: " + Simulation.seeds(200).run(TallyTest::counts).seeds());
    } catch (SimFailure found) {
      System.out.println("found: " + found.getMessage());
    }
  }
}
