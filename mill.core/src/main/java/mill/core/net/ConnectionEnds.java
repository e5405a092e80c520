package mill.core.net;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import mill.core.CloseReason;
import mill.core.Registration;
import mill.core.net.CloseCause.Kind;
import mill.natives.net.SockOpt;
import mill.natives.net.StreamSocket;
import mill.natives.net.TcpStream;
import org.jspecify.annotations.Nullable;

/**
 * The side of a connection that ends it, in one of many ways, once. The loop's thread.
 *
 * <pre>
 *   NEW ──▶ STANDS ──▶ GONE: descriptor closed ──▶ TOLD: onClosed called
 *    └───────────────────▲
 *
 *   while it STANDS:
 *     end()    queue, FIN ──────────────────────────────┐
 *     close()  queue, FIN, input discarded ─────────────┼─▶ both have ended ─▶ GONE
 *     fail()   as close(), or GONE at once              │
 *     the peer's FIN, heard by the handler ─────────────┘
 * </pre>
 *
 * <p>The first cause is told. When the descriptor is closed the loop forgets the registration; then
 * the tasks that were accepted run, and then the handler hears of it.
 */
abstract class ConnectionEnds extends ConnectionDoor {
  /** How far it has come. */
  enum Phase {
    NEW,
    STANDS,
    GONE,
    TOLD
  }

  final ConnectionConfig config;
  final ReadSide reads;

  Phase phase = Phase.NEW;
  @Nullable StreamSocket socket;
  @Nullable Registration registration;
  @Nullable Pauses pauses;
  @Nullable LayerStack layers; // null if there are none, as with most
  boolean closing; // close() was called
  boolean ending; // end() was called: a FIN behind the queue
  boolean peerFirst; // the peer has ended before this
  private boolean wasReset;
  private boolean finSent;
  private boolean isToFinish;
  private boolean orderly; // known when it has finished
  private @Nullable Kind cause;
  private @Nullable Throwable error;
  private @Nullable ConnectionTimes times;

  ConnectionEnds(LoopConnections home, ConnectionConfig config) {
    super(home, config);
    this.config = config;
    reads = new ReadSide(home, self(), config);
  }

  final SocketConnection self() {
    return (SocketConnection) this;
  }

  /** Its times, from the first time on that one is needed. */
  final ConnectionTimes times() {
    ConnectionTimes made = times;
    if (made == null) {
      made = new ConnectionTimes(self(), home, config);
      times = made;
    }
    return made;
  }

  final @Nullable ConnectionTimes timesIfAny() {
    return times;
  }

  final boolean isGone() {
    return phase.compareTo(Phase.GONE) >= 0;
  }

  /** Whether it has ended, and its handler is about to hear or has heard of it. */
  final boolean isFinished() {
    return phase == Phase.TOLD;
  }

  /** Whether its peer has got all, and then its end; for whom that is not known yet, no. */
  final boolean wasOrderly() {
    return orderly;
  }

  /** Something is to be done before the turn goes on, unless a pass does it anyway. */
  abstract void wake();

  /** There may be something to read. */
  abstract void readAgain();

  /** There is no socket yet, and none will be wanted. */
  abstract void cancelConnect();

  /** The handler may put something more, before it is closed for a cause that is the peer's. */
  abstract void lastWord(Kind kind);

  /** It has ended, and all memory is given back: the handler is to hear of it. */
  abstract void isFinished(Kind kind, @Nullable Throwable why, long undelivered);

  // ---- its end

  @Override
  final void endHere() {
    if (ending || closing || isGone()) {
      return;
    }
    ending = true;
    isOpen = false;
    queue.close();
    wake();
  }

  @Override
  final void closeHere() {
    close(peerFirst && !ending ? Kind.PEER_END : Kind.LOCAL, null);
  }

  @Override
  final void resetHere() {
    resetFor(Kind.LOCAL, null);
  }

  /** Resets it for a cause that may not be its user's. */
  final void resetFor(Kind kind, @Nullable Throwable why) {
    note(kind, why);
    goAway(true);
  }

  private void close(Kind kind, @Nullable Throwable why) {
    if (closing || isGone()) {
      return;
    }
    note(kind, why);
    closing = true;
    isOpen = false;
    queue.close();
    if (phase == Phase.NEW || (kind == Kind.LOCAL && self().awaitsLayers())) {
      goAway(false);
      return;
    }
    pauses = null;
    reads.discard();
    if (layers != null) {
      layers.discard();
    }
    times().closes();
    readAgain();
    wake();
  }

  /** Ends for a cause that is not the user's: at once, or when what is queued is sent. */
  final void fail(Kind kind, @Nullable Throwable why) {
    switch (kind) {
      case OVERFLOW, NO_MEMORY, WRITE_STALLED -> resetFor(kind, why);
      case TRUNCATED, MALFORMED, FRAME_TOO_LONG, IDLE, READ_IDLE -> {
        if (isRelayed()) { // a FIN would say that what the other has sent ends here
          resetFor(kind, why);
          return;
        }
        if (!closing && !isGone()) {
          note(kind, why);
          lastWord(kind);
        }
        close(kind, why);
      }
      case LAYER, HANDLER_THREW -> close(kind, why);
      default -> {
        note(kind, why);
        goAway(false);
      }
    }
  }

  private boolean isRelayed() {
    return reads.taker() != null;
  }

  private void note(Kind kind, @Nullable Throwable why) {
    if (cause == null && !isGone()) {
      cause = kind;
      error = why;
    }
  }

  /** The FIN when all is sent, and the end when both sides have ended. */
  final void advance() {
    StreamSocket from = socket;
    if (phase != Phase.STANDS || from == null || !(ending || closing)) {
      return;
    }
    if (!finSent && isAllSent()) {
      if (reads.isOver()) {
        bothEnded();
        return;
      }
      finSent = true;
      closeLayers();
      if (closing) {
        times().closes();
      }
      try {
        from.shutdownWrite();
      } catch (IOException e) {
        fail(Kind.PEER_RESET, e); // it has gone meanwhile
        return;
      }
    }
    if (finSent && reads.isOver()) {
      bothEnded();
    }
  }

  private boolean isAllSent() {
    LayerStack between = layers;
    return between == null ? queue.isEmpty() : between.down.isAllSent();
  }

  private void closeLayers() {
    if (layers != null) {
      layers.down.closeDown();
    }
  }

  private void bothEnded() {
    note(peerFirst ? Kind.PEER_END : Kind.LOCAL, null);
    goAway(false);
  }

  /** Closes the descriptor. */
  final void goAway(boolean resets) {
    if (isGone()) {
      return;
    }
    boolean stood = phase == Phase.STANDS;
    phase = Phase.GONE;
    isOpen = false;
    wasReset = resets;
    noMoreCommands();
    queue.close();
    closeLayers();
    if (!stood) {
      cancelConnect();
      finishSoon();
      return;
    }
    if (resets && socket instanceof TcpStream stream) {
      try {
        stream.setOption(SockOpt.SO_LINGER, 0);
      } catch (IOException e) {
        ConnectionLog.noReset(this, e); // it is closed all the same
      }
    }
    requireNonNull(registration).close(); // onClosed comes from there
  }

  private void finishSoon() {
    isToFinish = true;
    home.agenda.add(self());
  }

  /** The registration has ended, by this or by the loop. */
  final void registrationEnded(CloseReason reason) {
    note(
        switch (reason) {
          case LOOP_CLOSED, SHUTDOWN_FORCED -> Kind.SHUTDOWN;
          default -> Kind.LOCAL;
        },
        null);
    phase = Phase.GONE;
    isOpen = false;
    noMoreCommands();
    isToFinish = true;
    finishIfDue();
  }

  @Override
  final void commandsAreDone() {
    if (isToFinish) {
      home.agenda.add(self());
    }
  }

  /** The time of a close is over. */
  final void closeTimeIsOver() {
    goAway(!isAllSent());
  }

  /** Ends for good, if it is to and no command waits. Not inside of a callback. */
  final void finishIfDue() {
    if (isToFinish && phase == Phase.GONE && !hasCommands()) {
      finish();
    }
  }

  private void finish() {
    phase = Phase.TOLD;
    long undelivered = queue.undelivered();
    if (layers != null) {
      undelivered += layers.down.undelivered();
      layers.release();
    }
    queue.release();
    reads.release();
    if (times != null) {
      times.stop();
    }
    Kind kind = cause == null ? Kind.LOCAL : cause;
    boolean ended = kind == Kind.LOCAL || kind == Kind.PEER_END;
    orderly = ended && undelivered == 0 && !wasReset;
    ReadTaker taker = reads.taker();
    if (taker != null) {
      taker.closed(self(), orderly);
    }
    isFinished(kind, error, undelivered);
  }
}
