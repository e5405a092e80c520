package mill.sim.programs.net;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import mill.core.net.CloseCause;
import mill.core.net.CloseCause.Kind;
import mill.core.net.Connection;
import mill.core.net.ConnectionHandler;
import mill.natives.net.SockOpt;
import mill.sim.Simulation;

/**
 * One of the two ends of what is relayed: sends its bytes, then says that this is all, and reads
 * what comes until the other says so; or resets amid of it.
 */
final class RelayEnd implements ConnectionHandler {
  private static final int PIECE = 6_000;
  private static final int MOST_PIECES = 4; // at a time

  private final Ledger ledger;
  private final Simulation sim;
  private final Sent sent;
  private final Received received;
  private final boolean isServer;
  private final boolean resets;
  private final boolean endsLast; // not before it has heard the other's end
  private int left;
  private boolean ended;
  private boolean didReset;
  private CloseCause cause;

  Connection connection;

  RelayEnd(Ledger ledger, int bytes, boolean isServer) {
    this.ledger = ledger;
    this.isServer = isServer;
    sim = ledger.sim;
    sent = ledger.newSent(this);
    received = new Received(ledger);
    left = bytes;
    resets = sim.chance(0.08);
    endsLast = isServer && sim.chance(0.5); // not both of them
  }

  boolean isOver() {
    return cause != null;
  }

  @Override
  public void onOpen(Connection c) throws IOException {
    connection = c;
    if (sim.chance(0.6)) {
      int small = (int) sim.between(3_000, 30_000);
      c.socket().setOption(SockOpt.SO_SNDBUF, small);
      c.socket().setOption(SockOpt.SO_RCVBUF, small);
    }
    send(c);
  }

  private void send(Connection c) {
    if (ended || !c.isOpen()) {
      return;
    }
    for (int i = 0; left > 0 && i < MOST_PIECES && !c.isCongested(); i++) {
      int length = (int) Math.min(left, sim.between(1, PIECE));
      byte[] record = sent.record(0, length);
      c.out().put(record, 0, record.length);
      sent.accepted(0, record);
      left -= length;
    }
    if (resets && sim.chance(0.2)) {
      didReset = true;
      c.reset();
    } else if (left > 0 && !c.isCongested()) {
      ledger.later(c.loop(), 1_000_000, () -> send(c));
    } else if (left == 0 && (!endsLast || received.ended)) {
      ended = true;
      c.end();
    }
  }

  @Override
  public void onFrame(Connection c, MemorySegment memory, long offset, long length) {
    received.take(memory, offset, length);
    if (sim.chance(0.1)) {
      c.pause(this);
      ledger.later(c.loop(), 3_000_000, () -> c.resume(this));
    }
  }

  @Override
  public void onDrained(Connection c) {
    send(c);
  }

  @Override
  public void onEnd(Connection c) {
    received.ended = true;
    send(c);
  }

  @Override
  public void onClosed(Connection c, CloseCause why) {
    if (cause != null) {
      ledger.fail("onClosed again: " + this);
    }
    cause = why;
    sim.sometimes("relayed " + (isServer ? "server " : "client ") + why.kind());
  }

  // ---- when all is over

  /** Looks at what has come, and why it has ended. */
  void verify(boolean networkIsInnocent) {
    if (received.from == null) {
      return;
    }
    RelayEnd other = (RelayEnd) received.from.by;
    if (received.bytes > other.sent.submitted) {
      ledger.fail("more than was sent: " + this + " of " + other);
    }
    boolean whole = received.ended && cause.kind() != Kind.SHUTDOWN;
    if (networkIsInnocent && whole && received.bytes != other.sent.submitted) {
      ledger.fail("the end, and not all has come: " + this + " of " + other);
    }
    if (networkIsInnocent && !didReset && !other.didReset && isFinal() && !isGood()) {
      ledger.fail("nobody has reset it: " + this + ", the other is " + other);
    }
    if (didReset && networkIsInnocent && other.isOver() && other.isGood() && other.left > 0) {
      ledger.fail("a reset was taken for an end: " + other + ", by " + this);
    }
  }

  private boolean isFinal() {
    return switch (cause.kind()) {
      case SHUTDOWN, NO_MEMORY, READ_IDLE -> false;
      default -> cause.opened();
    };
  }

  private boolean isGood() {
    return received.ended
        && ended
        && cause.undeliveredBytes() == 0
        && (cause.kind() == Kind.LOCAL || cause.kind() == Kind.PEER_END);
  }

  @Override
  public String toString() {
    return "%s[%s, sent %d and has %d left, received %s%s%s%s]"
        .formatted(
            isServer ? "server" : "client",
            cause,
            sent.submitted,
            left,
            received.bytes,
            received.ended ? ", heard the end" : "",
            ended ? ", ended" : "",
            didReset ? ", has reset it" : "");
  }
}
