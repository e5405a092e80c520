package mill.sim.kernel;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import mill.sim.schedule.World;
import org.jspecify.annotations.Nullable;

/** A simulated machine: its addresses, ports, Unix names and clock. */
final class Host {
  static final int NET_IPV4 = 10 << 24;
  static final long NET_IPV6 = 0xFD00L << 48;

  final Ports tcpPorts = new Ports(this);
  final Ports udpPorts = new Ports(this);
  final UnixNames unixNames = new UnixNames();

  private final Network network;
  private final String name;
  private final int index;
  private final Endpoint ipv4;
  private final Endpoint ipv6;
  private final HostClock clock = new HostClock();
  private final List<SimPlatform> platforms = new ArrayList<>(1);
  private @Nullable Link[] links = new Link[4]; // by the other's number
  private List<Packet> held = new ArrayList<>(0);
  private boolean up = true;
  private int descriptors = 1_024;
  private boolean balancesListeners = true;

  Host(Network network, String name, int index) {
    this.network = network;
    this.name = name;
    this.index = index;
    ipv4 = Endpoint.ipv4(NET_IPV4 + index, 0);
    ipv6 = new Endpoint(NET_IPV6, index, 0, 0);
  }

  /** {@return its name} */
  String name() {
    return name;
  }

  /** {@return its number, from 1, by which others know it} */
  int index() {
    return index;
  }

  /** {@return its IPv4 address} */
  InetAddress address() {
    return SimAddresses.toJava(ipv4).getAddress();
  }

  /** {@return its IPv6 address} */
  InetAddress address6() {
    return SimAddresses.toJava(ipv6).getAddress();
  }

  /** {@return its clock} */
  HostClock clock() {
    return clock;
  }

  /** {@return whether connections are spread over several listeners} */
  boolean balancesListeners() {
    return balancesListeners;
  }

  void doNotBalanceListeners() {
    balancesListeners = false;
  }

  /** {@return whether it has power} */
  boolean isUp() {
    return up;
  }

  /** Takes its power: what it had open is gone, and nobody is told. What is sent to it waits. */
  void powerOff() {
    up = false;
    platforms.forEach(SimPlatform::vanish);
    platforms.clear();
    tcpPorts.all().forEach(socket -> ((TcpSocket) socket).vanish());
    tcpPorts.clear();
    udpPorts.clear();
    unixNames.vanish();
  }

  /** Gives it power again: who still sends to what it had open is told that it is gone. */
  void powerOn() {
    if (up) {
      return;
    }
    up = true;
    List<Packet> waiting = held;
    held = new ArrayList<>(0);
    network.resend(waiting);
  }

  /**
   * Removes the path of a Unix socket, as {@code unlink(2)} does.
   *
   * @param path the path
   * @return whether there was one
   */
  boolean unlink(String path) {
    return unixNames.unlink(path);
  }

  /** {@return the line to a host} */
  Link linkTo(Host other) {
    if (other.index >= links.length) {
      links = Arrays.copyOf(links, Math.max(other.index + 1, links.length * 2));
    }
    Link link = links[other.index];
    if (link == null) {
      link = new Link();
      links[other.index] = link;
    }
    return link;
  }

  void hold(Packet packet) {
    held.add(packet);
  }

  void add(SimPlatform platform) {
    platforms.add(platform);
    platform.files().limit(descriptors);
  }

  /** Sets how many descriptors each process may have open. */
  void descriptors(int most) {
    descriptors = most;
    platforms.forEach(platform -> platform.files().limit(most));
  }

  void remove(SimPlatform platform) {
    platforms.remove(platform);
  }

  Network network() {
    return network;
  }

  World world() {
    return network.world();
  }

  FaultSource faults() {
    return network.faults();
  }

  boolean hasAddress(Endpoint address) {
    return address.isLoopback() || address.isSameAddress(ipv4) || address.isSameAddress(ipv6);
  }

  /** {@return the own address from which another is reached} */
  Endpoint sourceFor(Endpoint to) {
    if (to.isLoopback()) {
      return to.isIpv4() ? Endpoint.LOOPBACK4 : Endpoint.LOOPBACK6;
    }
    return to.isIpv4() ? ipv4 : ipv6;
  }

  /** {@return whether an address is one of the network of all hosts, though perhaps of none} */
  static boolean isInNet(Endpoint address) {
    return address.isIpv4() ? address.ipv4() >>> 24 == 10 : address.high() == NET_IPV6;
  }
}
