package mill.sim.kernel;

import static java.util.Objects.requireNonNull;

import mill.natives.platform.NativeAddress;
import mill.natives.platform.Sockets;
import mill.natives.platform.Sockets.Family;
import mill.sim.kernel.TcpEnd.State;
import org.jspecify.annotations.Nullable;

/** A TCP socket: a listener, or one end of a connection, or neither yet. */
final class TcpSocket extends InetSocket {
  private TcpEnd end = new TcpEnd(this);
  private @Nullable ListenQueue queue; // of a listener
  private @Nullable TcpSocket listener; // that this came from and waits in

  TcpSocket(Host host, Family family) {
    super(host, family, Sockets.Type.STREAM);
  }

  /** {@return its end of the connection: another one after each connect} */
  TcpEnd end() {
    return end;
  }

  @Override
  boolean mayBind() {
    return end.state() == State.CLOSED && queue == null;
  }

  // ---- listening

  @Override
  boolean isListening() {
    return queue != null;
  }

  @Override
  int listen(int backlog) {
    if (end.state() != State.CLOSED) {
      return -SimErrnos.EINVAL;
    }
    if (queue == null) {
      int result = requirePort();
      result = result < 0 ? result : ports().listen(this);
      if (result < 0) {
        return result;
      }
      queue = new ListenQueue();
      shut = 0;
    }
    queue.backlog(backlog);
    return 0;
  }

  ListenQueue queue() {
    return requireNonNull(queue);
  }

  /** A SYN came: makes the socket that answers it. */
  void embryo(Endpoint to, Endpoint from, TcpEnd client, Fate fate) {
    var child = new TcpSocket(host, family);
    child.options.inherit(options);
    child.remote = from;
    child.listener = this;
    ports().use(child, to);
    queue().begin(child);
    child.end.answer(client, fate);
  }

  /** The handshake of this is over; false if nobody listens any more. */
  boolean enterQueue() {
    TcpSocket from = requireNonNull(listener);
    if (from.queue == null) {
      return false;
    }
    from.queue.complete(this);
    from.signal(Ready.IN);
    return true;
  }

  @Override
  int acceptRefusal() {
    return queue == null ? -SimErrnos.EINVAL : 0;
  }

  @Override
  boolean hasAccepted() {
    return queue != null && !queue.isEmpty();
  }

  @Override
  TcpSocket accept() {
    TcpSocket accepted = queue().next();
    accepted.listener = null;
    return accepted;
  }

  private void stopListening() {
    ListenQueue waiting = queue();
    queue = null;
    ports().stopListening(this);
    for (TcpSocket child : waiting.removeAll()) {
      child.end.abort();
      child.ports().release(child);
    }
  }

  // ---- connecting

  @Override
  int connect(NativeAddress address) {
    if (queue != null) {
      return -SimErrnos.EISCONN;
    }
    if (end.state() != State.CLOSED) {
      return end.isConnecting() ? -SimErrnos.EALREADY : -SimErrnos.EISCONN;
    }
    Endpoint to = destination(address);
    if (to == null) {
      return -SimErrnos.EAFNOSUPPORT;
    }
    Host target = host.network().find(to, host);
    if (target == null && !Host.isInNet(to)) {
      return -SimErrnos.ENETUNREACH;
    }
    int result = chooseLocal(to);
    if (result < 0) {
      return result;
    }
    end = new TcpEnd(this); // what is still on its way concerns the one before
    remote = to;
    error = 0;
    shut = 0;
    end.open(target);
    return -SimErrnos.EINPROGRESS;
  }

  private int chooseLocal(Endpoint to) {
    Endpoint source = local.isAny() ? host.sourceFor(to) : local;
    if (!hasPort) {
      return ports().bindToConnect(this, source, to);
    }
    Endpoint bound = source.withPort(local.port());
    if (ports().isInTimeWait(bound, to)) {
      return -SimErrnos.EADDRNOTAVAIL;
    }
    local = bound;
    return 0;
  }

  @Override
  int remoteAddress(NativeAddress into) {
    State state = end.state();
    boolean known = state != State.CLOSED && state != State.SYN_SENT;
    return writeRemote(into, known ? remote : null);
  }

  @Override
  void writeClient(NativeAddress into) {
    writeRemote(into, remote);
  }

  // ---- transfers

  @Override
  int receive(Transfer into) {
    if (queue != null) {
      return -SimErrnos.ENOTCONN;
    }
    int moved = end.received.moveTo(into);
    if (moved > 0) {
      end.onRead();
      return moved;
    }
    // In this order: after a FIN a reset is none of a reader's business (tcp_recvmsg).
    if (end.hasEnded()) {
      return 0;
    }
    if (error != 0) {
      return -takeError();
    }
    if (isShut(RECEIVING)) {
      return 0;
    }
    return end.state() == State.CLOSED ? -SimErrnos.ENOTCONN : -SimErrnos.EAGAIN;
  }

  @Override
  int send(Transfer from) {
    if (error != 0) {
      return -takeError();
    }
    if (end.isConnecting()) {
      return -SimErrnos.EAGAIN;
    }
    return end.maySend() && !isShut(SENDING) ? end.sender().write(from) : -SimErrnos.EPIPE;
  }

  @Override
  int receiveUrgent() {
    return end.state() == State.CLOSED ? -SimErrnos.ENOTCONN : -SimErrnos.EINVAL;
  }

  @Override
  int sendTo(Transfer from, NativeAddress to) {
    return send(from); // the address is not looked at
  }

  @Override
  int ready() {
    if (queue != null) {
      return queue.isEmpty() ? 0 : Ready.IN;
    }
    State state = end.state();
    int bits = error != 0 ? Ready.ERR : 0;
    if (shut == BOTH || state == State.CLOSED) {
      bits |= Ready.HUP;
    }
    if (isShut(RECEIVING)) {
      bits |= Ready.IN | Ready.RDHUP;
    }
    if (state != State.SYN_SENT) {
      bits |= end.received.isEmpty() ? 0 : Ready.IN;
      if (isShut(SENDING) || end.sender().isWritable()) {
        bits |= Ready.OUT;
      } else {
        end.sender().waitForRoom();
      }
    }
    return bits;
  }

  @Override
  void optionIsSet(SimOption option) {
    if (option == SimOption.SO_KEEPALIVE || option == SimOption.TCP_KEEPIDLE) {
      end.keepAlive().start();
    }
  }

  // ---- ends

  @Override
  int shutdown(int how) {
    if (queue != null) {
      if ((how & RECEIVING) != 0) {
        stopListening();
        signal(Ready.ANY);
      }
      return 0;
    }
    State state = end.state();
    if (state == State.SYN_SENT) {
      end.abort();
      return 0;
    }
    shut |= how;
    if ((how & SENDING) != 0) {
      end.endSending();
    }
    signal(Ready.ANY);
    return state == State.CLOSED ? -SimErrnos.ENOTCONN : 0;
  }

  /** The connection is over; {@code forGood} if no descriptor will ever ask for it again. */
  void onDeath(int why, boolean forGood) {
    error = why;
    shut = BOTH;
    if (listener != null && listener.queue != null) {
      listener.queue.forget(this);
    }
    if (forGood || !portChosen) {
      ports().release(this);
    }
    signal(Ready.ANY);
  }

  @Override
  void release() {
    if (queue != null) {
      stopListening();
    }
    shut = BOTH;
    end.close();
  }

  void vanish() {
    end.vanish();
    queue = null;
    hasPort = false;
  }
}
