package mill.sim.kernel;

import static java.util.Objects.requireNonNull;

import mill.sim.fault.FaultKind;
import mill.sim.kernel.TcpSegment.Kind;
import org.jspecify.annotations.Nullable;

/**
 * One end of a TCP connection (RFC 9293), as Linux keeps it.
 *
 * <pre>
 *   CLOSED ─▶ SYN_SENT ─┐                  shut, or closed            acknowledged
 *                       ├─▶ ESTABLISHED ──────────────────▶ FIN_WAIT_1 ────▶ FIN_WAIT_2 ─┐ FIN
 *   SYN_RECEIVED ───────┘        │ FIN                          │ FIN                    ▼
 *                                ▼                              ▼  acknowledged   CLOSED, and its
 *                            CLOSE_WAIT ─▶ LAST_ACK ─▶ CLOSED  CLOSING ────────▶ addresses in TIME_WAIT
 * </pre>
 *
 * <p>No byte is lost on the way, so nothing is sent twice: what a cut holds arrives after it.
 */
final class TcpEnd {
  enum State {
    CLOSED,
    SYN_SENT,
    SYN_RECEIVED,
    ESTABLISHED,
    FIN_WAIT_1,
    FIN_WAIT_2,
    CLOSE_WAIT,
    CLOSING,
    LAST_ACK
  }

  /** How long a closed socket waits for its peer's end ({@code tcp_fin_timeout}, tcp(7)). */
  private static final long ORPHAN_NS = 60_000_000_000L;

  final Lane lane = new Lane();
  final ByteQueue received = new ByteQueue();

  private final TcpSocket socket;
  private final TcpSender sender;
  private final SynTimer syn;
  private final KeepAlive keepAlive;
  private State state = State.CLOSED;
  private @Nullable TcpEnd peer;

  private long receivedEnd;
  private long advertisedEnd;
  private boolean ended; // the peer's FIN is here

  private Fate fate = Fate.NONE; // of a connect
  private boolean severed; // the peer cannot be reached any more, and seems to have ended
  private boolean orphan; // no descriptor stands for it any more
  private long orphanUntilNs = Long.MAX_VALUE;

  TcpEnd(TcpSocket socket) {
    this.socket = socket;
    sender = new TcpSender(this, socket.options);
    syn = new SynTimer(this);
    keepAlive = new KeepAlive(this, socket.options);
  }

  Host host() {
    return socket.host;
  }

  State state() {
    return state;
  }

  boolean isConnecting() {
    return state == State.SYN_SENT;
  }

  /** {@return whether both ends know of each other} */
  boolean isSynchronized() {
    return switch (state) {
      case CLOSED, SYN_SENT, SYN_RECEIVED -> false;
      default -> true;
    };
  }

  boolean hasEnded() {
    return ended;
  }

  // ---- opening

  /** Begins to connect; to nobody if no host has the address. */
  void open(@Nullable Host to) {
    state = State.SYN_SENT;
    if (to == null) {
      syn.startToNobody();
    } else {
      syn.start(to);
    }
  }

  void sendSyn(Host to) {
    host().network().send(new TcpSyn(this, to, socket.local, requireNonNull(socket.remote)));
  }

  SynTimer syn() {
    return syn;
  }

  /** {@return whether nothing is known of the other side yet} */
  boolean isUnanswered() {
    return state == State.SYN_SENT && peer == null;
  }

  /** Answers a SYN, for a socket that a listener has made. */
  void answer(TcpEnd client, Fate fateOfConnect) {
    state = State.SYN_RECEIVED;
    peer = client;
    client.peer = this;
    fate = fateOfConnect;
    send(Kind.SYN_ACK);
  }

  private void onSynAck(TcpSegment segment) {
    if (state != State.SYN_SENT) {
      sendReset();
      return;
    }
    state = State.ESTABLISHED;
    keepAlive.start();
    sender.open(segment.windowEnd);
    switch (segment.sender.fate) {
      case RESET -> {
        host().faults().happened(FaultKind.CONNECT_RESET);
        segment.sender.die(0);
        onReset();
      }
      case ENDED -> {
        host().faults().happened(FaultKind.CONNECT_ENDED);
        segment.sender.die(0);
        onFin();
      }
      case NONE, REFUSED -> {
        send(Kind.ACK);
        socket.signal(Ready.ANY);
        sender.transmit();
      }
    }
  }

  private void onHandshakeOver() {
    state = State.ESTABLISHED;
    keepAlive.start();
    if (!socket.enterQueue()) {
      abort();
      return;
    }
    TcpEnd client = requireNonNull(peer);
    Fate inBacklog = host().faults().inBacklog(client.host().index(), host().index());
    if (inBacklog == Fate.RESET || inBacklog == Fate.ENDED) {
      boolean reset = inBacklog == Fate.RESET;
      host().faults().happened(reset ? FaultKind.BACKLOG_RESET : FaultKind.BACKLOG_ENDED);
      sever(inBacklog);
    }
  }

  /** Something between the two ends breaks the connection, towards both. */
  private void sever(Fate how) {
    TcpEnd other = requireNonNull(peer);
    if (how == Fate.RESET) {
      onReset();
      other.onReset();
      return;
    }
    for (TcpEnd end : new TcpEnd[] {this, other}) {
      if (!end.ended && end.state != State.CLOSED) {
        end.severed = true;
        end.onFin();
      }
    }
  }

  // ---- segments

  void onSegment(TcpSegment segment) {
    keepAlive.heard();
    if (segment.kind == Kind.RST) {
      onReset();
      return;
    }
    if (segment.kind == Kind.SYN_ACK) {
      onSynAck(segment);
      return;
    }
    if (state == State.FIN_WAIT_2 && now() >= orphanUntilNs) {
      die(0);
    }
    if (state == State.CLOSED || (severed && segment.kind != Kind.ACK)) {
      if (segment.kind != Kind.ACK) {
        sendReset();
      }
      return;
    }
    if (state == State.SYN_RECEIVED) {
      sender.open(segment.windowEnd);
      onHandshakeOver();
    } else if (segment.kind == Kind.DATA) {
      onData(segment.bytes, segment.sender);
    } else if (segment.kind == Kind.FIN) {
      onFin();
    } else if (segment.kind == Kind.PROBE) {
      send(Kind.ACK);
    }
    onAck(segment.ack, segment.windowEnd);
  }

  private void onData(byte[] bytes, TcpEnd sender) {
    Fate midStream = host().faults().midStream(sender.host().index(), host().index());
    if (midStream == Fate.RESET || midStream == Fate.ENDED) {
      boolean reset = midStream == Fate.RESET;
      host().faults().happened(reset ? FaultKind.STREAM_RESET : FaultKind.STREAM_ENDED);
      sever(midStream);
      if (!reset) {
        sendReset(); // for the bytes, which are lost
      }
      return;
    }
    boolean closing = state == State.FIN_WAIT_1 || state == State.FIN_WAIT_2;
    if (closing && socket.isShut(SimSocket.RECEIVING)) {
      sendReset();
      die(SimErrnos.ECONNRESET);
      return;
    }
    received.add(bytes);
    receivedEnd += bytes.length;
    send(Kind.ACK);
    socket.signal(Ready.IN);
  }

  private void onFin() {
    ended = true;
    receivedEnd++;
    socket.shut |= SimSocket.RECEIVING;
    if (!severed) {
      send(Kind.ACK);
    }
    switch (state) {
      case ESTABLISHED -> state = State.CLOSE_WAIT;
      case FIN_WAIT_1 -> state = State.CLOSING;
      case FIN_WAIT_2 -> waitInTimeWait();
      default -> {}
    }
    socket.signal(Ready.ANY);
  }

  private void onAck(long ack, long windowEnd) {
    sender.onAck(ack, windowEnd);
    if (sender.isEndAcknowledged()) {
      switch (state) {
        case FIN_WAIT_1 -> {
          state = State.FIN_WAIT_2;
          orphanUntilNs = orphan ? now() + ORPHAN_NS : Long.MAX_VALUE;
          socket.signal(Ready.ANY);
        }
        case CLOSING -> waitInTimeWait();
        case LAST_ACK -> die(0);
        default -> {}
      }
    }
    sender.transmit();
  }

  /** A reset came; what is received already can still be read. */
  void onReset() {
    if (state != State.CLOSED) {
      die(
          switch (state) {
            case SYN_SENT -> SimErrnos.ECONNREFUSED;
            case CLOSE_WAIT -> SimErrnos.EPIPE;
            default -> SimErrnos.ECONNRESET;
          });
    }
  }

  private void waitInTimeWait() {
    socket.ports().keepInTimeWait(socket, requireNonNull(socket.remote));
    die(0);
  }

  /** Ends all, without a word to the peer. */
  void die(int error) {
    boolean embryo = state == State.SYN_RECEIVED;
    state = State.CLOSED;
    sender.clear();
    socket.onDeath(error, orphan || embryo);
  }

  // ---- time

  /** A segment that this end wants to be acknowledged, or its acknowledgement, stands at a cut. */
  void onHeld() {
    if (state != State.CLOSED) {
      sender.onHeld();
    }
  }

  KeepAlive keepAlive() {
    return keepAlive;
  }

  /** The peer was silent for too long. */
  void timeOut() {
    host().faults().happened(FaultKind.TIMED_OUT);
    die(SimErrnos.ETIMEDOUT);
  }

  // ---- sending

  boolean maySend() {
    return state == State.ESTABLISHED || state == State.CLOSE_WAIT;
  }

  TcpSender sender() {
    return sender;
  }

  void send(Kind kind) {
    send(kind, TcpSegment.NO_BYTES);
  }

  void send(Kind kind, byte[] bytes) {
    TcpEnd to = peer;
    if (to != null) {
      long free = Math.max(0L, (long) socket.options.receiveBytes() - received.size());
      advertisedEnd = Math.max(advertisedEnd, receivedEnd + free);
      host().network().send(new TcpSegment(kind, this, to, bytes, receivedEnd, advertisedEnd));
    }
  }

  void signal(int bits) {
    socket.signal(bits);
  }

  private void sendReset() {
    send(Kind.RST);
  }

  /** Bytes were read: tells the peer when the window has opened by half of it. */
  void onRead() {
    long half = socket.options.receiveBytes() / 2;
    long free = (long) socket.options.receiveBytes() - received.size();
    if (state != State.CLOSED && receivedEnd + free - advertisedEnd >= half) {
      send(Kind.ACK);
    }
  }

  // ---- closing

  /** Sends no more after what is written. */
  void endSending() {
    if (state == State.ESTABLISHED) {
      state = State.FIN_WAIT_1;
    } else if (state == State.CLOSE_WAIT) {
      state = State.LAST_ACK;
    } else {
      return;
    }
    sender.end();
  }

  /** Resets the peer. */
  void abort() {
    if (state != State.CLOSED) {
      sendReset();
      die(0);
    }
  }

  /** The last descriptor is closed. */
  void close() {
    orphan = true;
    TcpEnd other = peer;
    if (state == State.SYN_SENT || state == State.CLOSED || other == null) {
      die(0);
      return;
    }
    // RFC 2525, section 2.17: bytes that nobody will read are no orderly end.
    boolean lost = !received.isEmpty() || socket.options.get(SimOption.SO_LINGER) == 0;
    if (!lost && host().faults().atClose(host().index(), other.host().index()) == Fate.RESET) {
      host().faults().happened(FaultKind.CLOSE_RESET);
      lost = true;
    }
    if (lost) {
      abort();
      return;
    }
    if (state == State.FIN_WAIT_2) {
      orphanUntilNs = now() + ORPHAN_NS;
    }
    endSending();
  }

  /** The machine has lost its power. */
  void vanish() {
    state = State.CLOSED;
    sender.clear();
    received.clear();
  }

  private long now() {
    return host().world().nowNs();
  }
}
