package mill.sim.kernel;

import mill.natives.platform.NativeAddress;
import mill.natives.platform.Sockets;
import mill.natives.platform.Sockets.Family;

/** What every socket has: options, an error that waits, and halves that are shut. */
abstract class SimSocket extends SimFile {
  /** Of {@link #shut}: nothing more is received. */
  static final int RECEIVING = 1;

  /** Of {@link #shut}: nothing more is sent. */
  static final int SENDING = 2;

  /** Of {@link #shut}: both. */
  static final int BOTH = 3;

  final Family family;
  final Sockets.Type type;
  final SocketOptions options = new SocketOptions();
  int error; // told once, by the next call or SO_ERROR
  int shut;
  boolean cutOff; // the message that was received last was longer than the buffer

  SimSocket(Host host, Family family, Sockets.Type type) {
    super(host);
    this.family = family;
    this.type = type;
  }

  abstract int bind(NativeAddress address);

  int listen(int backlog) {
    return -SimErrnos.EOPNOTSUPP;
  }

  /** {@return whether a connection waits, or would if this listened} */
  boolean hasAccepted() {
    return false;
  }

  /** {@return the error of an accept that cannot succeed, 0 if one can} */
  int acceptRefusal() {
    return -SimErrnos.EOPNOTSUPP;
  }

  /** {@return the connection that has waited longest} One waits. */
  SimSocket accept() {
    throw new IllegalStateException("not a listener");
  }

  boolean isListening() {
    return false;
  }

  abstract int connect(NativeAddress address);

  int disconnect() {
    return -SimErrnos.EOPNOTSUPP;
  }

  /** Writes who has connected to this, whatever has become of the connection. */
  void writeClient(NativeAddress into) {
    into.setLength(0);
  }

  abstract int localAddress(NativeAddress into);

  abstract int remoteAddress(NativeAddress into);

  abstract int receive(Transfer into);

  abstract int send(Transfer from);

  /** By default as a stream does: no address comes with it. */
  int receiveFrom(Transfer into, NativeAddress from) {
    int received = receive(into);
    from.setLength(0);
    return received;
  }

  /** By default as a stream does. */
  int sendTo(Transfer from, NativeAddress to) {
    return -SimErrnos.EISCONN;
  }

  abstract int shutdown(int how);

  int receiveUrgent() {
    return -SimErrnos.EOPNOTSUPP;
  }

  @Override
  final boolean isStream() {
    return type == Sockets.Type.STREAM;
  }

  @Override
  final int read(Transfer into) {
    return receive(into);
  }

  @Override
  final int write(Transfer from) {
    return send(from);
  }

  /** {@return the error that waits, which waits no more; 0 if none does} */
  final int takeError() {
    int taken = error;
    error = 0;
    return taken;
  }

  final boolean isShut(int half) {
    return (shut & half) != 0;
  }

  final int option(SimOption option) {
    return switch (option) {
      case SO_ERROR -> takeError();
      case SO_TYPE -> type == Sockets.Type.STREAM ? 1 : 2;
      case SO_ACCEPTCONN -> isListening() ? 1 : 0;
      default -> options.get(option);
    };
  }

  /** An option was set. */
  void optionIsSet(SimOption option) {}

  final boolean has(SimOption option) {
    if (option.isTcp()) {
      return family != Family.UNIX && type == Sockets.Type.STREAM;
    }
    return !option.isIpv6() || family == Family.INET6;
  }
}
