package mill.sim.kernel;

import mill.natives.platform.NativeAddress;
import mill.natives.platform.Sockets;
import mill.natives.platform.Sockets.Family;
import org.jspecify.annotations.Nullable;

/** A socket of IP: addresses, and a place among its host's ports. */
abstract class InetSocket extends SimSocket {
  Endpoint local;
  @Nullable Endpoint remote;
  boolean hasPort;
  boolean portChosen; // by bind, not by the system
  boolean addressChosen; // likewise

  InetSocket(Host host, Family family, Sockets.Type type) {
    super(host, family, type);
    local = family == Family.INET ? Endpoint.ANY4 : Endpoint.ANY6;
  }

  /** The ports among which this has its own. */
  final Ports ports() {
    return type == Sockets.Type.STREAM ? host.tcpPorts : host.udpPorts;
  }

  /**
   * {@return whether this may be reached by IPv4 and IPv6 both, when it is bound to any address}
   */
  final boolean isDualStack() {
    return family == Family.INET6 && !options.isSet(SimOption.IPV6_V6ONLY);
  }

  abstract boolean mayBind();

  @Override
  final int bind(NativeAddress address) {
    if (!mayBind() || hasPort) {
      return -SimErrnos.EINVAL;
    }
    Endpoint wanted = SimAddresses.read(address, family);
    if (wanted == null) {
      return -SimErrnos.EAFNOSUPPORT;
    }
    if (!wanted.isAny() && !host.hasAddress(wanted)) {
      return -SimErrnos.EADDRNOTAVAIL;
    }
    int result = ports().bind(this, wanted);
    portChosen = result == 0 && wanted.port() != 0;
    addressChosen = result == 0 && !wanted.isAny();
    return result;
  }

  /** Gives this a port of the system's choice if it has none; 0 or {@code -errno}. */
  final int requirePort() {
    return hasPort ? 0 : ports().bind(this, local.withPort(0));
  }

  /** {@return where a connect or a datagram goes, which for any address is this host} */
  final @Nullable Endpoint destination(NativeAddress address) {
    Endpoint to = SimAddresses.read(address, family);
    if (to == null || !to.isAny()) {
      return to;
    }
    return (family == Family.INET6 ? Endpoint.LOOPBACK6 : Endpoint.LOOPBACK4).withPort(to.port());
  }

  @Override
  final int localAddress(NativeAddress into) {
    SimAddresses.write(into, local, family == Family.INET6);
    return 0;
  }

  final int writeRemote(NativeAddress into, @Nullable Endpoint peer) {
    if (peer == null) {
      into.setLength(0);
      return -SimErrnos.ENOTCONN;
    }
    SimAddresses.write(into, peer, family == Family.INET6);
    return 0;
  }
}
