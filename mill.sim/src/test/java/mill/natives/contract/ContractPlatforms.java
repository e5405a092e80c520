package mill.natives.contract;

import java.util.List;
import mill.sim.kernel.FaultSource;
import mill.sim.kernel.Network;
import mill.sim.schedule.SimProcess;
import mill.sim.schedule.World;

/** The simulated platform: each test is the program of a host of its own, without faults. */
final class ContractPlatforms {
  private static final long SEED = Long.getLong("mill.contract.seed", 1);
  private static final long STUCK_NS = 10_000_000_000L;

  private ContractPlatforms() {}

  /** One, for the suite; it runs with {@code -Dmill.contract.seed} too. */
  static List<ContractPlatform> all() {
    return List.of(
        new ContractPlatform(PlatformKind.SIMULATED, ContractPlatforms::runOnSimulatedHost));
  }

  private static void runOnSimulatedHost(ContractPlatform.Body body) throws Throwable {
    var world = new World(SEED);
    var network = new Network(world, FaultSource.NONE);
    var process = new SimProcess("host", false);
    var platform = network.platform(network.addHost("host"), process);
    process.runOn(platform);
    var thrown = new Throwable[1];
    Runnable test =
        () -> {
          try {
            body.run(platform);
          } catch (Throwable t) {
            thrown[0] = t;
          }
        };
    world.newThread(process, "contract", false, test).start();
    world.runToEnd(STUCK_NS);
    Throwable failure = thrown[0] == null ? world.failure() : thrown[0];
    if (failure != null) {
      throw failure;
    }
  }
}
