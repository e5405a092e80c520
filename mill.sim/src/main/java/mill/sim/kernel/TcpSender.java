package mill.sim.kernel;

import mill.sim.kernel.TcpSegment.Kind;

/** What one end of a connection sends: its buffer, the peer's window, and the end after it all. */
final class TcpSender {
  private static final int SEGMENT_BYTES = 16 * 1024;

  /** How long unacknowledged bytes are sent again ({@code tcp_retries2}, tcp(7)). */
  private static final long GIVE_UP_NS = 924_600_000_000L;

  private final TcpEnd end;
  private final SocketOptions options;
  private final ByteQueue unsent = new ByteQueue();
  private long written;
  private long sent; // a FIN counts one
  private long acked;
  private long windowEnd;
  private boolean finWanted;
  private boolean finSent;
  private boolean transmitting;
  private boolean outOfRoom; // somebody waits for room
  private boolean givingUp; // a time to give up is set

  TcpSender(TcpEnd end, SocketOptions options) {
    this.end = end;
    this.options = options;
  }

  /** The peer's first window is known. */
  void open(long firstWindowEnd) {
    windowEnd = firstWindowEnd;
  }

  /** {@return how many bytes were taken over, ever} */
  long written() {
    return written;
  }

  private long queued() {
    return written - Math.min(acked, written);
  }

  /** {@return whether a third of the buffer is free, which is when a writer is told} */
  boolean isWritable() {
    long queued = queued();
    return options.sendBytes() - queued >= queued / 2;
  }

  /** Somebody waits until {@link #isWritable()}. */
  void waitForRoom() {
    outOfRoom = true;
  }

  /** Takes bytes over; how many, or {@code -EAGAIN}. */
  int write(Transfer from) {
    long room = options.sendBytes() - queued();
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

  /** Sends no more after what is written. */
  void end() {
    finWanted = true;
    transmit();
  }

  void onAck(long ack, long newWindowEnd) {
    acked = Math.max(acked, ack);
    windowEnd = Math.max(windowEnd, newWindowEnd);
    if (outOfRoom && isWritable()) {
      outOfRoom = false;
      end.signal(Ready.OUT);
    }
  }

  /** {@return whether the peer has all of it, and knows that it is all} */
  boolean isEndAcknowledged() {
    return finSent && acked == sent;
  }

  /** Sends what the window lets through. */
  void transmit() {
    if (transmitting) {
      return; // by an acknowledgement that came at once, over loopback
    }
    transmitting = true;
    try {
      while (!unsent.isEmpty() && sent < windowEnd) {
        byte[] piece = unsent.next(Math.min(SEGMENT_BYTES, windowEnd - sent));
        sent += piece.length;
        end.send(Kind.DATA, piece);
      }
      if (finWanted && !finSent && unsent.isEmpty()) {
        finSent = true;
        sent++;
        end.send(Kind.FIN);
      }
    } finally {
      transmitting = false;
    }
  }

  /** Drops what is left. */
  void clear() {
    unsent.clear();
    finWanted = false;
    acked = sent; // for nobody waits for it any more
  }

  /** What was sent, or its acknowledgement, stands at a cut: there is an end to all patience. */
  void onHeld() {
    if (givingUp) {
      return;
    }
    givingUp = true;
    int userMs = options.get(SimOption.TCP_USER_TIMEOUT);
    long before = acked;
    long patienceNs = userMs > 0 ? userMs * 1_000_000L : GIVE_UP_NS;
    var world = end.host().world();
    world.at(world.nowNs() + patienceNs, () -> giveUp(before));
  }

  private void giveUp(long before) {
    givingUp = false;
    if (acked == sent) {
      return;
    }
    if (acked == before) {
      end.timeOut();
    } else {
      onHeld();
    }
  }
}
