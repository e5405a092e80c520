package mill.sim;

import java.net.InetAddress;

/** What only mill's own programs ask of hosts. */
public final class SimHosts {
  private SimHosts() {}

  /** {@return a host's IPv6 address} */
  public static InetAddress address6(Simulation sim, SimHost host) {
    return sim.network().address6(host.number());
  }

  /**
   * Has one socket listen for all loops of a group, as on systems that do not spread connections.
   */
  public static void doNotBalanceListeners(Simulation sim, SimHost host) {
    sim.network().doNotBalanceListeners(host.number());
  }
}
