package mill.core.net;

import mill.core.Timeout;
import mill.core.net.CloseCause.Kind;
import mill.core.net.PoolCounts.Count;
import org.jspecify.annotations.Nullable;

/**
 * A connection of a pool, and its place. The loop's thread.
 *
 * <pre>
 *                   ┌──────────────┐
 *   CONNECTING ─▶ IDLE ─▶ TRIED ─▶ LEASED ─▶ RETURNING ─▶ (as after CONNECTING)
 *        │          │       │        │           │
 *        └──────────┴───────┴────────┴───────────┴──▶ CLOSING ─▶ gone: the place is free
 * </pre>
 */
final class PooledConnection implements EndWatcher {
  /** What it does, and as what it counts. */
  enum State {
    CONNECTING(Count.CONNECTING, true),
    IDLE(Count.IDLE, false),
    TRIED(Count.CONNECTING, true),
    LEASED(Count.LEASED, false),
    RETURNING(Count.LEASED, true),
    CLOSING(Count.CLOSING, false);

    final Count count;
    final boolean isOnTheWay; // to who waits

    State(Count count, boolean isOnTheWay) {
      this.count = count;
      this.isOnTheWay = isOnTheWay;
    }
  }

  final PoolPart part;
  final PoolTarget target;
  final SocketConnection connection;
  State state = State.CONNECTING;
  int index; // among all of the pool
  @Nullable Lease lease; // until its handler hears that it is over
  private boolean handsOver; // the lease's handler is to take over

  long idleSinceNs;
  long idleUntilNs;
  long diesNs;
  @Nullable PooledConnection above; // among the idle ones of the target, more recent
  @Nullable PooledConnection below;

  private @Nullable Timeout timer; // of the trial

  PooledConnection(PoolPart part, PoolTarget target) {
    this.part = part;
    this.target = target;
    connection =
        new SocketConnection(
            part.home, part.config.connection, part.idleHandler, null, target.address);
    connection.watcher = this;
  }

  /** Makes its handler the lease's. */
  void lendTo(Lease to) {
    lease = to;
    handsOver = true;
    connection.handler(to.handler);
  }

  void startTrialTimer() {
    Timeout made = timer;
    if (made == null) {
      made = part.home.loop.newTimeout(this::trialTakesTooLong);
      timer = made;
    }
    made.rescheduleNs(part.config.validationNs);
  }

  private void trialTakesTooLong() {
    if (state == State.TRIED) {
      connection.reset();
    }
  }

  void stopTrialTimer() {
    if (timer != null) {
      timer.cancel();
    }
  }

  @Override
  public boolean isGivenBack() {
    return lease != null && lease.isGivenBack();
  }

  @Override
  public void handsOver(SocketConnection of) {
    if (handsOver) {
      handsOver = false;
      of.reads.framer(part.config.connection.framer); // what is unread is looked at after onOpen
    } else if (state == State.RETURNING) {
      of.reads.framer(Framer.RAW);
      freeLease();
    }
  }

  /** Its lease is over, and its handler the next to hear of it. */
  void freeLease() {
    Lease over = lease;
    lease = null;
    if (over != null) {
      over.free();
    }
  }

  @Override
  public void ends(SocketConnection of, Kind kind, @Nullable Throwable why) {
    stopTrialTimer();
    freeLease();
    part.gone(this, kind, why);
  }
}
