package mill.sim.kernel;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The ports of one protocol of a host: who has which, and who may have it besides. */
final class Ports {
  private static final int FIRST_EPHEMERAL = 32_768;
  private static final int LAST_EPHEMERAL = 60_999;

  /** How long the port of a connection that ended in good order is kept, as Linux does. */
  static final long TIME_WAIT_NS = 60_000_000_000L;

  /** An ended connection that still has its addresses. */
  private record TimeWait(Endpoint local, Endpoint remote, boolean reuse, long untilNs) {}

  private static final class Port {
    final LinkedHashSet<InetSocket> users = new LinkedHashSet<>();
    final List<TcpSocket> listeners = new ArrayList<>(1);
    final List<TimeWait> waiting = new ArrayList<>(0);
  }

  private final Host host;
  private final Map<Integer, Port> ports = new HashMap<>(); // looked up, never gone through

  Ports(Host host) {
    this.host = host;
  }

  /** Gives a socket an address and a port; 0 or {@code -errno}. */
  int bind(InetSocket socket, Endpoint wanted) {
    int number = wanted.port() == 0 ? ephemeral(socket, wanted, null) : wanted.port();
    if (number == 0 || (wanted.port() != 0 && isTaken(socket, wanted))) {
      return -SimErrnos.EADDRINUSE;
    }
    use(socket, wanted.withPort(number));
    return 0;
  }

  /** Gives a socket that connects a port from which it has no connection to there. */
  int bindToConnect(InetSocket socket, Endpoint from, Endpoint to) {
    int number = ephemeral(socket, from, to);
    if (number == 0) {
      return -SimErrnos.EADDRNOTAVAIL;
    }
    use(socket, from.withPort(number));
    return 0;
  }

  /** Enters a socket; what it is accepted from shares the port with it. */
  void use(InetSocket socket, Endpoint local) {
    socket.local = local;
    socket.hasPort = true;
    port(local.port()).users.add(socket);
  }

  /** Takes a socket out. */
  void release(InetSocket socket) {
    if (!socket.hasPort) {
      return;
    }
    Port port = port(socket.local.port());
    port.users.remove(socket);
    port.listeners.removeIf(listener -> listener.equals(socket));
    socket.hasPort = false;
    if (port.users.isEmpty() && port.waiting.isEmpty()) {
      ports.remove(socket.local.port());
    }
  }

  /** Keeps the addresses of a connection that has ended in good order. */
  void keepInTimeWait(InetSocket socket, Endpoint remote) {
    long untilNs = host.world().nowNs() + TIME_WAIT_NS;
    boolean reuse = socket.options.isSet(SimOption.SO_REUSEADDR);
    port(socket.local.port()).waiting.add(new TimeWait(socket.local, remote, reuse, untilNs));
  }

  private Port port(int number) {
    return ports.computeIfAbsent(number, key -> new Port());
  }

  private int ephemeral(InetSocket socket, Endpoint from, @Nullable Endpoint to) {
    int range = LAST_EPHEMERAL - FIRST_EPHEMERAL + 1;
    int start = host.network().random().nextInt(range);
    for (int i = 0; i < range; i++) {
      int number = FIRST_EPHEMERAL + (start + i) % range;
      Port port = ports.get(number);
      if (port == null) {
        return number;
      }
      boolean free =
          to == null
              ? port.users.isEmpty() && !isTaken(socket, from.withPort(number))
              : port.users.isEmpty() && !isInTimeWait(port, from.withPort(number), to);
      if (free) {
        return number;
      }
    }
    return 0;
  }

  /** {@return whether the addresses of a new connection are still those of an ended one} */
  boolean isInTimeWait(Endpoint local, Endpoint remote) {
    Port port = ports.get(local.port());
    return port != null && isInTimeWait(port, local, remote);
  }

  private boolean isInTimeWait(Port port, Endpoint local, Endpoint remote) {
    expire(port);
    return port.waiting.stream()
        .anyMatch(old ->
            old.local.equals(local)
                && old.remote.isSameAddress(remote)
                && old.remote.port() == remote.port());
  }

  private void expire(Port port) {
    long nowNs = host.world().nowNs();
    port.waiting.removeIf(old -> old.untilNs <= nowNs);
  }

  // socket(7): SO_REUSEADDR lets an address be shared unless somebody listens on it, SO_REUSEPORT
  // lets all who set it share it.
  private boolean isTaken(InetSocket socket, Endpoint wanted) {
    Port port = ports.get(wanted.port());
    if (port == null) {
      return false;
    }
    boolean reuseAddress = socket.options.isSet(SimOption.SO_REUSEADDR);
    boolean reusePort = socket.options.isSet(SimOption.SO_REUSEPORT);
    for (InetSocket other : port.users) {
      boolean bothAddress =
          reuseAddress && other.options.isSet(SimOption.SO_REUSEADDR) && !other.isListening();
      boolean bothPort = reusePort && other.options.isSet(SimOption.SO_REUSEPORT);
      if (!other.equals(socket) && overlap(socket, wanted, other) && !bothAddress && !bothPort) {
        return true;
      }
    }
    expire(port);
    return port.waiting.stream()
        .anyMatch(old ->
            (wanted.isAny() || old.local.isSameAddress(wanted)) && !(reuseAddress && old.reuse));
  }

  private static boolean overlap(InetSocket socket, Endpoint wanted, InetSocket other) {
    return covers(socket, wanted, other.local) || covers(other, other.local, wanted);
  }

  /** Whether a socket bound to an address is reached by another. */
  private static boolean covers(InetSocket socket, Endpoint bound, Endpoint address) {
    if (!bound.isAny()) {
      return bound.isSameAddress(address);
    }
    return address.isIpv4() ? bound.isIpv4() || socket.isDualStack() : !bound.isIpv4();
  }

  // ---- listeners

  /** Enters a listener, unless another has its address; 0 or {@code -errno}. */
  int listen(TcpSocket listener) {
    if (isTaken(listener, listener.local)) {
      return -SimErrnos.EADDRINUSE;
    }
    port(listener.local.port()).listeners.add(listener);
    return 0;
  }

  /** Takes a listener out. */
  void stopListening(TcpSocket listener) {
    port(listener.local.port()).listeners.remove(listener);
  }

  /** {@return who listens there, one by chance of those who share it; null if nobody does} */
  @Nullable TcpSocket listener(Endpoint to) {
    Port port = ports.get(to.port());
    if (port == null) {
      return null;
    }
    List<TcpSocket> best = new ArrayList<>(1);
    boolean exact = port.listeners.stream().anyMatch(each -> each.local.isSameAddress(to));
    for (TcpSocket each : port.listeners) {
      if (exact ? each.local.isSameAddress(to) : covers(each, each.local, to)) {
        best.add(each);
      }
    }
    if (best.size() < 2) {
      return best.isEmpty() ? null : best.getFirst();
    }
    return best.get(host.network().random().nextInt(best.size()));
  }

  // ---- datagrams

  /** {@return who hears a datagram: a connected socket before others, the newest of equals} */
  @Nullable UdpSocket receiver(Endpoint to, Endpoint from) {
    Port port = ports.get(to.port());
    UdpSocket best = null;
    int bestScore = 0;
    if (port != null) {
      for (InetSocket each : port.users) {
        int score = score((UdpSocket) each, to, from);
        if (score > 0 && score >= bestScore) {
          best = (UdpSocket) each;
          bestScore = score;
        }
      }
    }
    return best;
  }

  private static int score(UdpSocket socket, Endpoint to, Endpoint from) {
    Endpoint peer = socket.remote;
    boolean fromPeer = peer != null && peer.isSameAddress(from) && peer.port() == from.port();
    if (!covers(socket, socket.local, to) || (peer != null && !fromPeer)) {
      return 0;
    }
    return 1 + (socket.local.isAny() ? 0 : 1) + (fromPeer ? 2 : 0);
  }

  /** {@return all sockets, in no order that means anything} For a host that loses its power. */
  List<InetSocket> all() {
    List<InetSocket> all = new ArrayList<>();
    ports.keySet().stream().sorted().forEach(number -> all.addAll(port(number).users));
    return all;
  }

  void clear() {
    ports.clear();
  }
}
