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

  private static final int SEGMENT_BYTES = 16 * 1024;
  private static final long SECOND_NS = 1_000_000_000;

  // tcp(7): tcp_syn_retries, tcp_retries2, and how long a closed socket waits for its peer's end.
  private static final int SYN_RETRIES = 6;
  private static final long GIVE_UP_NS = 924 * SECOND_NS;
  private static final long ORPHAN_NS = 60 * SECOND_NS;

  final Lane lane = new Lane();
  final ByteQueue received = new ByteQueue();

  private final TcpSocket socket;
  private State state = State.CLOSED;
  private @Nullable TcpEnd peer;

  private final ByteQueue unsent = new ByteQueue();
  private long written;
  private long sent; // a FIN counts one
  private long acked;
  private long windowEnd;
  private boolean finWanted;
  private boolean finSent;
  private boolean transmitting;
  private boolean outOfRoom; // somebody waits for room

  private long receivedEnd;
  private long advertisedEnd;
  private boolean ended; // the peer's FIN is here

  private Fate fate = Fate.NONE; // of a connect
  private boolean severed; // the peer cannot be reached any more, and seems to have ended
  private boolean orphan; // no descriptor stands for it any more
  private long orphanUntilNs = Long.MAX_VALUE;
  private long synSentNs;
  private int synAttempts;
  private boolean givingUp; // a time to give up is set

  TcpEnd(TcpSocket socket) {
    this.socket = socket;
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

  boolean hasEnded() {
    return ended;
  }

  // ---- opening

  void open(Host to) {
    state = State.SYN_SENT;
    synSentNs = now();
    sendSyn(to);
  }

  private void sendSyn(Host to) {
    network().send(new TcpSyn(this, to, socket.local, requireNonNull(socket.remote)));
  }

  /** No host has the address. */
  void openToNobody() {
    state = State.SYN_SENT;
    host().world().at(now() + 3 * SECOND_NS, () -> failConnecting(SimErrnos.EHOSTUNREACH));
  }

  private void failConnecting(int error) {
    if (state == State.SYN_SENT) {
      die(error);
    }
  }

  /** The SYN did not get through: another is sent, after 1, 3, 7 … seconds. */
  void onSynLost() {
    synAttempts++;
    Host to = requireNonNull(network().find(requireNonNull(socket.remote), host()));
    host().world().at(synSentNs + ((1L << synAttempts) - 1) * SECOND_NS, () -> retrySyn(to));
  }

  private void retrySyn(Host to) {
    if (state != State.SYN_SENT || peer != null) {
      return;
    }
    if (synAttempts > SYN_RETRIES) {
      timeOut();
    } else {
      sendSyn(to);
    }
  }

  /** The answer to the SYN stands at a cut. */
  void onAnswerHeld() {
    long atNs = synSentNs + ((1L << (SYN_RETRIES + 1)) - 1) * SECOND_NS;
    host()
        .world()
        .at(
            atNs,
            () -> {
              if (state == State.SYN_SENT) {
                timeOut();
              }
            });
  }

  /** Answers a SYN, for a socket that a listener has made. */
  void answer(TcpEnd client, Fate fateOfConnect) {
    state = State.SYN_RECEIVED;
    peer = client;
    client.peer = this;
    fate = fateOfConnect;
    send(Kind.SYN_ACK, TcpSegment.NO_BYTES);
  }

  private void onSynAck(TcpSegment segment) {
    if (state != State.SYN_SENT) {
      sendReset();
      return;
    }
    state = State.ESTABLISHED;
    windowEnd = segment.windowEnd;
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
        send(Kind.ACK, TcpSegment.NO_BYTES);
        socket.signal(Ready.ANY);
        transmit();
      }
    }
  }

  private void onHandshakeOver() {
    state = State.ESTABLISHED;
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
      windowEnd = segment.windowEnd;
      onHandshakeOver();
    } else if (segment.kind == Kind.DATA) {
      onData(segment.bytes, segment.sender);
    } else if (segment.kind == Kind.FIN) {
      onFin();
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
    send(Kind.ACK, TcpSegment.NO_BYTES);
    socket.signal(Ready.IN);
  }

  private void onFin() {
    ended = true;
    receivedEnd++;
    socket.shut |= SimSocket.RECEIVING;
    if (!severed) {
      send(Kind.ACK, TcpSegment.NO_BYTES);
    }
    switch (state) {
      case ESTABLISHED -> state = State.CLOSE_WAIT;
      case FIN_WAIT_1 -> state = State.CLOSING;
      case FIN_WAIT_2 -> waitInTimeWait();
      default -> {}
    }
    socket.signal(Ready.ANY);
  }

  private void onAck(long ack, long newWindowEnd) {
    acked = Math.max(acked, ack);
    windowEnd = Math.max(windowEnd, newWindowEnd);
    if (outOfRoom && isWritable()) {
      outOfRoom = false;
      socket.signal(Ready.OUT);
    }
    if (finSent && acked == sent) {
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
    transmit();
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
  private void die(int error) {
    boolean embryo = state == State.SYN_RECEIVED;
    state = State.CLOSED;
    unsent.clear();
    finWanted = false;
    socket.onDeath(error, orphan || embryo);
  }

  // ---- time

  /** A segment that this end wants to be acknowledged, or its acknowledgement, stands at a cut. */
  void onHeld() {
    if (givingUp || state == State.CLOSED) {
      return;
    }
    givingUp = true;
    int userMs = socket.options.get(SimOption.TCP_USER_TIMEOUT);
    long before = acked;
    long patienceNs = userMs > 0 ? userMs * 1_000_000L : GIVE_UP_NS;
    host().world().at(now() + patienceNs, () -> giveUp(before));
  }

  private void giveUp(long before) {
    givingUp = false;
    if (state == State.CLOSED || acked == sent) {
      return;
    }
    if (acked == before) {
      timeOut();
    } else {
      onHeld();
    }
  }

  private void timeOut() {
    host().faults().happened(FaultKind.TIMED_OUT);
    die(SimErrnos.ETIMEDOUT);
  }

  // ---- sending

  boolean maySend() {
    return state == State.ESTABLISHED || state == State.CLOSE_WAIT;
  }

  /** {@return whether a third of the buffer is free, which is when a writer is told} */
  boolean isWritable() {
    long queued = written - Math.min(acked, written);
    return socket.options.sendBytes() - queued >= queued / 2;
  }

  /** Somebody waits until {@link #isWritable()}. */
  void waitForRoom() {
    outOfRoom = true;
  }

  /** Takes bytes over; how many, or {@code -EAGAIN}. */
  int write(Transfer from) {
    long room = socket.options.sendBytes() - (written - Math.min(acked, written));
    if (room <= 0) {
      outOfRoom = true;
      return -SimErrnos.EAGAIN;
    }
    outOfRoom |= from.left() > room;
    byte[] bytes = from.take(room);
    unsent.add(bytes);
    written += bytes.length;
    transmit();
    return bytes.length;
  }

  private void transmit() {
    if (transmitting) {
      return; // by an acknowledgement that came at once, over loopback
    }
    transmitting = true;
    try {
      while (!unsent.isEmpty() && sent < windowEnd) {
        byte[] piece = unsent.next(Math.min(SEGMENT_BYTES, windowEnd - sent));
        sent += piece.length;
        send(Kind.DATA, piece);
      }
      if (finWanted && !finSent && unsent.isEmpty()) {
        finSent = true;
        sent++;
        send(Kind.FIN, TcpSegment.NO_BYTES);
      }
    } finally {
      transmitting = false;
    }
  }

  private void send(Kind kind, byte[] bytes) {
    TcpEnd to = peer;
    if (to != null) {
      long free = Math.max(0, socket.options.receiveBytes() - received.size());
      advertisedEnd = Math.max(advertisedEnd, receivedEnd + free);
      network().send(new TcpSegment(kind, this, to, bytes, receivedEnd, advertisedEnd));
    }
  }

  private void sendReset() {
    send(Kind.RST, TcpSegment.NO_BYTES);
  }

  /** Bytes were read: tells the peer when the window has opened by half of it. */
  void onRead() {
    long half = socket.options.receiveBytes() / 2;
    long free = socket.options.receiveBytes() - received.size();
    if (state != State.CLOSED && receivedEnd + free - advertisedEnd >= half) {
      send(Kind.ACK, TcpSegment.NO_BYTES);
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
    finWanted = true;
    transmit();
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
    unsent.clear();
    received.clear();
    finWanted = false;
  }

  private long now() {
    return host().world().nowNs();
  }

  private Network network() {
    return host().network();
  }
}
