package mill.sim.kernel;

import static java.util.Objects.requireNonNull;

import java.util.ArrayDeque;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.Sockets;
import mill.natives.platform.Sockets.Family;
import mill.sim.fault.FaultKind;
import org.jspecify.annotations.Nullable;

/** A UDP socket ({@code udp(7)}). */
final class UdpSocket extends InetSocket {
  private static final int MAX_BYTES = 65_507;

  /** What the kernel's books take of the receive buffer for each datagram. */
  private static final int OVERHEAD_BYTES = 512;

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Message(byte[] bytes, Endpoint source) {}

  private final ArrayDeque<Message> received = new ArrayDeque<>(4);
  private int receivedBytes;

  UdpSocket(Host host, Family family) {
    super(host, family, Sockets.Type.DATAGRAM);
  }

  @Override
  boolean mayBind() {
    return true;
  }

  @Override
  int connect(NativeAddress address) {
    Endpoint to = destination(address);
    if (to == null) {
      return -SimErrnos.EAFNOSUPPORT;
    }
    if (host.network().find(to, host) == null && !Host.isInNet(to)) {
      return -SimErrnos.ENETUNREACH;
    }
    int result = requirePort();
    if (result == 0) {
      remote = to;
      local = source(to);
    }
    return result;
  }

  // Linux takes away what the system has chosen, and leaves what bind was told.
  @Override
  int disconnect() {
    remote = null;
    if (!portChosen) {
      ports().release(this);
    }
    Endpoint any = family == Family.INET ? Endpoint.ANY4 : Endpoint.ANY6;
    Endpoint kept = addressChosen ? local : any;
    local = kept.withPort(portChosen ? local.port() : 0);
    return 0;
  }

  private Endpoint source(Endpoint to) {
    return local.isAny() ? host.sourceFor(to).withPort(local.port()) : local;
  }

  @Override
  int remoteAddress(NativeAddress into) {
    return writeRemote(into, remote);
  }

  // ---- sending

  @Override
  int send(Transfer from) {
    return remote == null ? -SimErrnos.EDESTADDRREQ : sendTo(from, remote);
  }

  @Override
  int sendTo(Transfer from, NativeAddress address) {
    Endpoint to = destination(address);
    if (to == null) {
      return -SimErrnos.EAFNOSUPPORT;
    }
    return to.port() == 0 ? -SimErrnos.EINVAL : sendTo(from, to);
  }

  private int sendTo(Transfer from, Endpoint to) {
    if (from.left() > MAX_BYTES) {
      return -SimErrnos.EMSGSIZE;
    }
    if (isShut(SENDING)) {
      return -SimErrnos.EPIPE;
    }
    Host target = host.network().find(to, host);
    if (target == null && !Host.isInNet(to)) {
      return -SimErrnos.ENETUNREACH;
    }
    int result = requirePort();
    if (result < 0) {
      return result;
    }
    if (error != 0) {
      return -takeError();
    }
    byte[] bytes = from.take(from.left());
    if (target != null) {
      transmit(target, to, bytes);
    }
    return bytes.length;
  }

  private void transmit(Host target, Endpoint to, byte[] bytes) {
    FaultSource faults = host.faults();
    if (faults.datagramLost(host.index(), target.index())) {
      faults.happened(FaultKind.DATAGRAM_LOST);
      return;
    }
    int copies = 1;
    if (faults.datagramDuplicated(host.index(), target.index())) {
      faults.happened(FaultKind.DATAGRAM_DUPLICATED);
      copies = 2;
    }
    for (int i = 0; i < copies; i++) {
      long lateNs = faults.datagramDelayNs(host.index(), target.index());
      if (lateNs > 0) {
        faults.happened(FaultKind.DATAGRAM_REORDERED);
      }
      host.network().sendLate(new Datagram(this, target, source(to), to, bytes), lateNs);
    }
  }

  void onUnreachable(Endpoint destination) {
    Endpoint peer = remote;
    if (hasPort && peer != null && peer.equals(destination)) {
      error = SimErrnos.ECONNREFUSED;
      signal(Ready.ERR);
    }
  }

  // ---- receiving

  void onDatagram(byte[] bytes, Endpoint source) {
    int room = options.get(SimOption.SO_RCVBUF);
    int needed = bytes.length + OVERHEAD_BYTES;
    if (receivedBytes + needed > room && !received.isEmpty()) {
      host.faults().happened(FaultKind.DATAGRAM_LOST);
      return;
    }
    received.add(new Message(bytes, source));
    receivedBytes += needed;
    signal(Ready.IN);
  }

  @Override
  int receive(Transfer into) {
    return receive(into, null);
  }

  @Override
  int receiveFrom(Transfer into, NativeAddress from) {
    from.setLength(0);
    return receive(into, from);
  }

  private int receive(Transfer into, @Nullable NativeAddress from) {
    if (error != 0) {
      return -takeError();
    }
    if (received.isEmpty()) {
      return isShut(RECEIVING) ? 0 : -SimErrnos.EAGAIN;
    }
    Message message = requireNonNull(received.poll());
    receivedBytes -= message.bytes.length + OVERHEAD_BYTES;
    if (from != null) {
      SimAddresses.write(from, message.source, family == Family.INET6);
    }
    cutOff = into.left() < message.bytes.length;
    return into.put(message.bytes, 0, message.bytes.length);
  }

  // ---- state

  @Override
  int ready() {
    int bits = Ready.OUT;
    bits |= error != 0 ? Ready.ERR : 0;
    bits |= received.isEmpty() ? 0 : Ready.IN;
    bits |= isShut(RECEIVING) ? Ready.IN | Ready.RDHUP : 0;
    bits |= shut == BOTH ? Ready.HUP : 0;
    return bits;
  }

  @Override
  int shutdown(int how) {
    if (remote == null) {
      return -SimErrnos.ENOTCONN;
    }
    shut |= how;
    signal(Ready.ANY);
    return 0;
  }

  @Override
  void release() {
    ports().release(this);
    received.clear();
  }
}
