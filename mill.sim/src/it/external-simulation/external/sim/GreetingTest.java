package external.sim;

import java.io.IOException;
import java.time.Duration;
import mill.sim.Faults;
import mill.sim.SimFailure;
import mill.sim.SimHost;
import mill.sim.SimReport;
import mill.sim.Simulation;
import mill.sim.fault.FaultKind;

/** A first simulated test, without any test library. */
public final class GreetingTest {
  private GreetingTest() {}

  private static void scenario(Simulation sim) {
    SimHost server = sim.host("server");
    SimHost client = sim.host("client");
    server.serve(() -> Greeting.serve(7));
    sim.after(Duration.ofMillis(1), () -> client.start(() -> read(server, sim)));
    Duration cut = sim.between(Duration.ZERO, Duration.ofMillis(5));
    sim.after(cut, () -> sim.cut(server, client));
    sim.after(cut.plusSeconds(2), () -> sim.heal(server, client));
  }

  private static void read(SimHost server, Simulation sim) throws IOException {
    Greeting.read(
        server.address(7),
        text -> {
          if (!text.equals(Greeting.TEXT)) {
            sim.fail(new AssertionError("heard only: " + text));
          }
        });
  }

  /** Prints what came of it. */
  public static void main(String[] args) {
    SimReport clean = Simulation.seeds(200).faults(Faults.none()).run(GreetingTest::scenario);
    System.out.println("clean: " + clean.seeds() + " seeds");
    try {
      Faults shortWrites = Faults.none().with(FaultKind.SHORT_WRITE, 0.1);
      Simulation.seeds(200).faults(shortWrites).run(GreetingTest::scenario);
    } catch (SimFailure found) {
      System.out.println("found: " + found.getMessage());
    }
  }
}
