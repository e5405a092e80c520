package mill.sim.kernel;

import static java.util.Objects.requireNonNull;

import java.util.ArrayDeque;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.Sockets;
import org.jspecify.annotations.Nullable;

/** A Unix domain stream socket, or a listener for such. */
final class UnixStreamSocket extends UnixSocket {
  /** Bytes with which files come: read by themselves, as the kernel does. */
  private record Mark(long from, long to, Passed passed) {}

  private final ByteQueue received = new ByteQueue();
  private final ArrayDeque<Mark> marks = new ArrayDeque<>(0);
  private long receivedEnd;
  private @Nullable ArrayDeque<UnixStreamSocket> waiting; // of a listener, to be accepted
  private int backlog;
  private @Nullable UnixStreamSocket peer;

  UnixStreamSocket(Host host) {
    super(host, Sockets.Type.STREAM);
  }

  /** Connects two sockets with each other. */
  static void connect(UnixStreamSocket one, UnixStreamSocket other) {
    one.peer = other;
    other.peer = one;
  }

  // ---- listening and connecting

  @Override
  boolean isListening() {
    return waiting != null;
  }

  @Override
  int listen(int most) {
    if (name.isEmpty() || peer != null) {
      return -SimErrnos.EINVAL;
    }
    backlog = Math.clamp(most, 0, 4_096);
    if (waiting == null) {
      waiting = new ArrayDeque<>(4);
    }
    return 0;
  }

  @Override
  int acceptRefusal() {
    return waiting == null ? -SimErrnos.EINVAL : 0;
  }

  @Override
  boolean hasAccepted() {
    return waiting != null && !waiting.isEmpty();
  }

  @Override
  UnixStreamSocket accept() {
    return requireNonNull(waiting).remove();
  }

  @Override
  int connect(NativeAddress address) {
    if (peer != null || waiting != null) {
      return waiting != null ? -SimErrnos.EINVAL : -SimErrnos.EISCONN;
    }
    String wanted = SimAddresses.readName(address);
    int error = missing(wanted);
    if (error < 0) {
      return error;
    }
    var listener = (UnixStreamSocket) requireNonNull(host.unixNames.find(requireNonNull(wanted)));
    if (listener.waiting == null) {
      return -SimErrnos.ECONNREFUSED;
    }
    if (listener.waiting.size() > listener.backlog) {
      return -SimErrnos.EAGAIN;
    }
    var child = new UnixStreamSocket(host);
    child.name = listener.name;
    child.options.inherit(listener.options);
    connect(this, child);
    listener.waiting.add(child);
    listener.signal(Ready.IN);
    return 0;
  }

  @Override
  @Nullable UnixSocket peer() {
    return peer;
  }

  @Override
  void writeClient(NativeAddress into) {
    remoteAddress(into);
  }

  // ---- transfers

  @Override
  int receive(Transfer into) {
    if (peer == null) {
      return -SimErrnos.EINVAL;
    }
    limitToMark(into);
    int moved = received.moveTo(into);
    if (moved > 0) {
      if (peer.isWritable()) {
        peer.signal(Ready.OUT);
      }
      return moved;
    }
    if (error != 0) {
      return -takeError();
    }
    return isShut(RECEIVING) ? 0 : -SimErrnos.EAGAIN;
  }

  private void limitToMark(Transfer into) {
    came(Passed.NOTHING);
    Mark mark = marks.peek();
    if (mark == null || into.left() == 0) {
      return;
    }
    long at = receivedEnd - received.size();
    if (at < mark.from) {
      into.limit(mark.from - at);
    } else {
      marks.remove();
      into.limit(mark.to - at);
      came(mark.passed);
    }
  }

  @Override
  int send(Transfer from) {
    UnixStreamSocket to = peer;
    if (isShut(SENDING)) {
      return -SimErrnos.EPIPE;
    }
    if (to == null) {
      return -SimErrnos.ENOTCONN;
    }
    if (to.closed || to.isShut(RECEIVING)) {
      return -SimErrnos.EPIPE;
    }
    int room = options.sendBytes() - to.received.size();
    if (room <= 0) {
      return -SimErrnos.EAGAIN;
    }
    byte[] bytes = from.take(room);
    to.take(bytes, passing);
    return bytes.length;
  }

  private void take(byte[] bytes, Passed passed) {
    if (!passed.files().isEmpty() && bytes.length > 0) {
      passed.retain();
      marks.add(new Mark(receivedEnd, receivedEnd + bytes.length, passed));
    }
    received.add(bytes);
    receivedEnd += bytes.length;
    signal(Ready.IN);
  }

  // unix_writable: a quarter of the buffer at most is in use.
  private boolean isWritable() {
    UnixStreamSocket to = peer;
    return to == null || to.received.size() <= options.sendBytes() / 4;
  }

  @Override
  int ready() {
    if (waiting != null) {
      return waiting.isEmpty() ? 0 : Ready.IN;
    }
    int bits = isWritable() ? Ready.OUT : 0;
    bits |= error != 0 ? Ready.ERR : 0;
    bits |= received.isEmpty() ? 0 : Ready.IN;
    bits |= isShut(RECEIVING) ? Ready.IN | Ready.RDHUP : 0;
    bits |= shut == BOTH || peer == null ? Ready.HUP : 0;
    return bits;
  }

  // ---- ends

  @Override
  int shutdown(int how) {
    shut |= how;
    signal(Ready.ANY);
    if (peer != null) {
      // What I do not receive, you cannot send.
      peer.shut |= (how & RECEIVING) != 0 ? SENDING : 0;
      peer.shut |= (how & SENDING) != 0 ? RECEIVING : 0;
      peer.signal(Ready.ANY);
    }
    return 0;
  }

  @Override
  void release() {
    release(false);
  }

  private void release(boolean neverAccepted) {
    super.release();
    if (waiting != null) {
      waiting.forEach(child -> child.release(true));
      waiting = null;
    }
    if (peer != null && !peer.closed) {
      peer.shut = BOTH;
      if (neverAccepted || !received.isEmpty()) {
        peer.error = SimErrnos.ECONNRESET;
      }
      peer.signal(Ready.ANY);
    }
    received.clear();
    came(Passed.NOTHING);
    marks.forEach(mark -> mark.passed.drop());
    marks.clear();
  }
}
