package mill.sim.programs.net;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import mill.natives.net.UnixAddress;
import mill.sim.SimHost;
import mill.sim.SimHosts;
import mill.sim.Simulation;

/** Where a dial may go: to somebody who listens, who refuses, who is silent, or to nobody. */
final class DialTargets {
  static final int PORT = 7;
  static final UnixAddress LISTENS = UnixAddress.ofAbstract("dials");
  private static final UnixAddress NOBODY = UnixAddress.ofAbstract("nobody");
  private static final int MANY = 40; // more than a race has room for

  private final Simulation sim;
  private final List<InetAddress> good;
  private final List<InetAddress> refusing;
  private final InetAddress silent;
  private final InetAddress nobody; // in the net
  private final InetAddress nowhere;

  DialTargets(Simulation sim, SimHost server) {
    this.sim = sim;
    SimHost other = sim.host("other");
    SimHost off = sim.host("off");
    off.crash();
    good = List.of(server.address(), SimHosts.address6(sim, server));
    refusing = List.of(other.address(), SimHosts.address6(sim, other));
    silent = sim.chance(0.5) ? off.address() : SimHosts.address6(sim, off);
    nobody = literal("10.0.0.99");
    nowhere = literal("192.0.2.1");
  }

  private static InetAddress literal(String text) {
    try {
      return InetAddress.getByName(text);
    } catch (UnknownHostException e) {
      throw new AssertionError(text, e);
    }
  }

  InetAddress any() {
    return switch ((int) sim.between(0, 12)) {
      case 0, 1, 2 -> good.getFirst();
      case 3, 4 -> good.getLast();
      case 5, 6 -> refusing.getFirst();
      case 7 -> refusing.getLast();
      case 8, 9 -> silent;
      case 10 -> nobody;
      default -> nowhere;
    };
  }

  /** What a name may be resolved to. */
  List<InetAddress> several() {
    long count = sim.chance(0.02) ? MANY : sim.between(1, 7);
    var all = new ArrayList<InetAddress>();
    for (int i = 0; i < count; i++) {
      all.add(any());
    }
    return all;
  }

  /** Where the server can always be reached, over TCP. */
  InetSocketAddress server() {
    return new InetSocketAddress(good.getFirst(), PORT);
  }

  SocketAddress unix() {
    return sim.chance(0.9) ? LISTENS : NOBODY;
  }

  boolean isGood(SocketAddress target) {
    return target instanceof InetSocketAddress inet
        ? good.contains(inet.getAddress())
        : target.equals(LISTENS);
  }

  boolean refuses(SocketAddress target) {
    return target instanceof InetSocketAddress inet
        ? refusing.contains(inet.getAddress())
        : target.equals(NOBODY);
  }

  boolean isUnreachable(SocketAddress target) {
    return target instanceof InetSocketAddress inet
        && (inet.getAddress().equals(nobody) || inet.getAddress().equals(nowhere));
  }
}
