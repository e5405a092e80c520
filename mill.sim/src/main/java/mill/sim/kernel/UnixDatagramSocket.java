package mill.sim.kernel;

import static java.util.Objects.requireNonNull;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.Sockets;
import org.jspecify.annotations.Nullable;

/** A Unix domain datagram socket: nothing is lost, but a queue may be full. */
final class UnixDatagramSocket extends UnixSocket {
  /** net.unix.max_dgram_qlen; one more than it may wait. */
  private static final int MAX_WAITING = 11;

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Message(byte[] bytes, String source, Passed passed) {}

  private final ArrayDeque<Message> received = new ArrayDeque<>(4);
  private final LinkedHashSet<UnixDatagramSocket> waitForRoom = new LinkedHashSet<>();
  private @Nullable UnixDatagramSocket peer;

  UnixDatagramSocket(Host host) {
    super(host, Sockets.Type.DATAGRAM);
  }

  /** Connects two sockets with each other. */
  static void connect(UnixDatagramSocket one, UnixDatagramSocket other) {
    one.peer = other;
    other.peer = one;
  }

  @Override
  int connect(NativeAddress address) {
    String wanted = SimAddresses.readName(address);
    int error = missing(wanted);
    if (error < 0) {
      return error;
    }
    var other = (UnixDatagramSocket) requireNonNull(host.unixNames.find(requireNonNull(wanted)));
    if (other.peer != null && other.peer != this) {
      return -SimErrnos.EPERM;
    }
    peer = other;
    signal(Ready.ANY);
    return 0;
  }

  @Override
  int disconnect() {
    peer = null;
    signal(Ready.ANY);
    return 0;
  }

  @Override
  @Nullable UnixSocket peer() {
    return peer;
  }

  @Override
  int send(Transfer from) {
    UnixDatagramSocket to = peer;
    if (to == null) {
      return -SimErrnos.ENOTCONN;
    }
    if (to.closed) {
      peer = null;
      return -SimErrnos.ECONNREFUSED;
    }
    return deliver(from, to);
  }

  @Override
  int sendTo(Transfer from, NativeAddress address) {
    String wanted = SimAddresses.readName(address);
    int error = missing(wanted);
    if (error < 0) {
      return error;
    }
    var to = requireNonNull(host.unixNames.find(requireNonNull(wanted)));
    return deliver(from, (UnixDatagramSocket) to);
  }

  private int deliver(Transfer from, UnixDatagramSocket to) {
    if (isShut(SENDING)) {
      return -SimErrnos.EPIPE;
    }
    if (from.left() > options.sendBytes()) {
      return -SimErrnos.EMSGSIZE;
    }
    if (to.peer != null && to.peer != this) {
      return -SimErrnos.EPERM;
    }
    if (to.isShut(RECEIVING)) {
      return -SimErrnos.EPIPE;
    }
    if (to.isFull()) {
      to.waitForRoom.add(this);
      return -SimErrnos.EAGAIN;
    }
    byte[] bytes = from.take(from.left());
    passing.retain();
    to.received.add(new Message(bytes, name, passing));
    to.signal(Ready.IN);
    return bytes.length;
  }

  private boolean isFull() {
    return received.size() >= MAX_WAITING;
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
    var told = new ArrayList<>(waitForRoom);
    waitForRoom.clear();
    told.forEach(sender -> sender.signal(Ready.OUT));
    if (from != null && !message.source.isEmpty()) {
      SimAddresses.writeName(from, message.source);
    }
    came(message.passed);
    cutOff = into.left() < message.bytes.length;
    return into.put(message.bytes, 0, message.bytes.length);
  }

  @Override
  int ready() {
    UnixDatagramSocket to = peer;
    boolean full = false;
    if (to != null && !to.closed && to.isFull()) {
      full = true;
      to.waitForRoom.add(this);
    }
    int bits = full ? 0 : Ready.OUT;
    bits |= error != 0 ? Ready.ERR : 0;
    bits |= received.isEmpty() ? 0 : Ready.IN;
    bits |= isShut(RECEIVING) ? Ready.IN | Ready.RDHUP : 0;
    bits |= shut == BOTH ? Ready.HUP : 0;
    return bits;
  }

  @Override
  int shutdown(int how) {
    shut |= how;
    signal(Ready.ANY);
    return 0;
  }

  @Override
  void release() {
    super.release();
    came(Passed.NOTHING);
    received.forEach(message -> message.passed.drop());
    received.clear();
    waitForRoom.forEach(sender -> sender.signal(Ready.OUT));
    waitForRoom.clear();
    if (peer != null && peer.peer == this) {
      peer.error = SimErrnos.ECONNRESET; // of a pair
      peer.signal(Ready.ANY);
    }
  }
}
