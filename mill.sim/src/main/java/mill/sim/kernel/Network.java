package mill.sim.kernel;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import mill.natives.platform.Platform;
import mill.sim.fault.FaultKind;
import mill.sim.schedule.SimProcess;
import mill.sim.schedule.SplitMix64;
import mill.sim.schedule.World;
import org.jspecify.annotations.Nullable;

/**
 * The hosts and what is between them: delays, cuts, and what they do to what is on its way.
 *
 * <p>Within a host nothing takes time, as on loopback, unless a fault says so.
 */
public final class Network {
  private final World world;
  private final FaultSource faults;
  private final SplitMix64 random;
  private final List<Host> hosts = new ArrayList<>();
  private long minDelayNs = 20_000;
  private long maxDelayNs = 500_000;

  /**
   * Makes a network without hosts.
   *
   * @param world whose time it is
   * @param faults decides what goes wrong
   */
  public Network(World world, FaultSource faults) {
    this.world = world;
    this.faults = faults;
    random = world.random("network");
  }

  /**
   * Adds a host, which has power. The n-th has the addresses {@code 10.0.0.n} and {@code fd00::n}.
   *
   * @param name its name
   * @return its number, from 1
   */
  public int addHost(String name) {
    var host = new Host(this, name, hosts.size() + 1);
    hosts.add(host);
    return host.index();
  }

  Host host(int number) {
    return hosts.get(number - 1);
  }

  /**
   * Makes what a new process of a host runs on. A host without power has it again.
   *
   * @param host the host
   * @param process the process
   * @return its platform
   */
  public Platform platform(int host, SimProcess process) {
    host(host).powerOn();
    return new SimPlatform(host(host), process);
  }

  /**
   * Has the kernel close what a process had open, as it does when one dies.
   *
   * @param platform what it ran on
   */
  public void exit(Platform platform) {
    ((SimPlatform) platform).close();
  }

  /**
   * {@return how many descriptors a process has open, without the standard three}
   *
   * @param platform what it runs on
   */
  public int openDescriptors(Platform platform) {
    return ((SimPlatform) platform).openDescriptors();
  }

  /**
   * {@return a host's IPv4 address}
   *
   * @param host the host
   */
  public InetAddress address(int host) {
    return host(host).address();
  }

  /**
   * {@return a host's IPv6 address}
   *
   * @param host the host
   */
  public InetAddress address6(int host) {
    return host(host).address6();
  }

  /**
   * {@return a host's clock}
   *
   * @param host the host
   */
  public HostClock clock(int host) {
    return host(host).clock();
  }

  /**
   * Sets how many descriptors each process of a host may have open; those of standard input, output
   * and error count.
   *
   * @param host the host
   * @param most how many
   */
  public void descriptors(int host, int most) {
    host(host).descriptors(most);
  }

  /**
   * Has one socket listen for all loops of a group on a host, as on systems that do not spread
   * connections over several.
   *
   * @param host the host
   */
  public void doNotBalanceListeners(int host) {
    host(host).doNotBalanceListeners();
  }

  /**
   * Removes the path of a Unix socket, as {@code unlink(2)} does: it outlives its socket.
   *
   * @param host the host
   * @param path the path
   * @return whether there was one
   */
  public boolean unlink(int host, String path) {
    return host(host).unlink(path);
  }

  /**
   * Takes a host's power: what it had open is gone, and nobody is told. What is sent to it waits
   * for it to have power again, and is answered then.
   *
   * @param host the host
   */
  public void crash(int host) {
    host(host).powerOff();
  }

  /**
   * Sets how long a segment takes from one host to another: each a time of its own, drawn.
   *
   * @param minNs at least, in nanoseconds
   * @param maxNs at most
   */
  public void delay(long minNs, long maxNs) {
    if (minNs < 0 || maxNs < minNs) {
      throw new IllegalArgumentException("no delay: " + minNs + " to " + maxNs + " ns");
    }
    minDelayNs = minNs;
    maxDelayNs = maxNs;
  }

  /**
   * Cuts what one host sends to another. Segments wait for the cut to heal, as by retransmission;
   * datagrams are lost.
   *
   * @param from a host
   * @param to another
   */
  public void cutOneWay(int from, int to) {
    host(from).linkTo(host(to)).cut();
  }

  /**
   * Undoes every cut between two hosts.
   *
   * @param one a host
   * @param other another
   */
  public void heal(int one, int other) {
    resend(host(one).linkTo(host(other)).heal());
    resend(host(other).linkTo(host(one)).heal());
  }

  /** Sends again what waited for a cut to heal, or for a host to come up. */
  void resend(List<Packet> packets) {
    for (Packet packet : packets) {
      long delayNs = delayNs() + random.nextLong(Link.RETRANSMISSION_NS);
      world.at(world.nowNs() + delayNs, packet);
    }
  }

  World world() {
    return world;
  }

  FaultSource faults() {
    return faults;
  }

  SplitMix64 random() {
    return random;
  }

  private long delayNs() {
    return minDelayNs + random.nextLong(maxDelayNs - minDelayNs + 1);
  }

  /** {@return the host that has an address, seen from another; null if none has} */
  @Nullable Host find(Endpoint address, Host seenFrom) {
    if (address.isLoopback() || address.isAny()) {
      return seenFrom;
    }
    long number =
        address.isIpv4() ? Integer.toUnsignedLong(address.ipv4()) - Host.NET_IPV4 : address.low();
    boolean inNet = address.isIpv4() || address.high() == Host.NET_IPV6;
    return inNet && number >= 1 && number <= hosts.size() ? hosts.get((int) number - 1) : null;
  }

  /** Puts something on its way. Its lane keeps its order. */
  void send(Packet packet) {
    int from = packet.from.index();
    int to = packet.to.index();
    long extraNs = faults.delayNs(from, to);
    if (extraNs > 0) {
      faults.happened(FaultKind.DELAYED);
    }
    sendIn(packet, (from == to ? 0 : delayNs()) + extraNs);
  }

  /** Puts something without an order on its way, which takes so much longer than others. */
  void sendLate(Packet packet, long extraNs) {
    sendIn(packet, (packet.isLocal() ? 0 : delayNs()) + extraNs);
  }

  private void sendIn(Packet packet, long delayNs) {
    Lane lane = packet.lane;
    if (delayNs == 0 && packet.isLocal() && (lane == null || lane.onTheWay.isEmpty())) {
      reach(packet);
      return;
    }
    if (lane != null) {
      lane.onTheWay.add(packet);
    }
    world.at(world.nowNs() + delayNs, packet);
  }

  /** The time has come at which something should arrive. */
  void due(Packet packet) {
    if (isStopped(packet)) {
      if (packet.waits()) {
        faults.happened(FaultKind.HELD);
        hold(packet);
        return;
      }
      packet.lost = true;
    }
    Lane lane = packet.lane;
    if (lane == null) {
      reach(packet);
      return;
    }
    packet.due = true;
    while (!lane.onTheWay.isEmpty() && lane.onTheWay.element().due) {
      reach(lane.onTheWay.remove());
    }
  }

  private boolean isStopped(Packet packet) {
    return packet.from.linkTo(packet.to).isCut() || !packet.to.isUp();
  }

  private void hold(Packet packet) {
    Link link = packet.from.linkTo(packet.to);
    if (link.isCut()) {
      link.hold(packet);
    } else {
      packet.to.hold(packet);
    }
  }

  private void reach(Packet packet) {
    if (packet.lost || !packet.to.isUp()) {
      return;
    }
    if (!packet.isLocal()) {
      world.trace(packet.label(), packet.from.index(), packet.to.index());
    }
    packet.arrive();
  }
}
