package mill.core.net;

import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.concurrent.RejectedExecutionException;
import mill.core.net.CloseCause.Kind;
import mill.core.net.PoolCounts.Count;
import mill.core.net.PooledConnection.State;
import org.jspecify.annotations.Nullable;

/**
 * A pool on one loop: who gets which connection. The loop's thread, so that nothing is locked.
 *
 * <p>What happens to a connection, and who has it, is decided here and nowhere else; what becomes
 * of a request is decided once, by an atomic step of the {@link Lease}. A connection that finds its
 * waiter gone goes to the next one, or is idle.
 *
 * <pre>
 *   request ─▶ waiters of the target ─┬─ one is idle ──────────────▶ tried, lent
 *                                     ├─ one comes back, stands ───▶ lent to the first waiter
 *                                     ├─ there is a place ─────────▶ another is made
 *                                     └─ none: an idle one of another target makes room
 * </pre>
 */
final class PoolPart {
  final ConnectionPool pool;
  final LoopConnections home;
  final ConnectionPoolConfig config;
  final PoolCounts counts = new PoolCounts();
  final ConnectionHandler idleHandler = new IdleHandler(this);

  final ArrayList<PooledConnection> all = new ArrayList<>();
  final ArrayList<PoolTarget> targets = new ArrayList<>();
  private final HashMap<SocketAddress, PoolTarget> byAddress = new HashMap<>();
  private final PoolDrain drain = new PoolDrain(this);
  private final PoolAges ages;
  private final PoolWaits waits;
  private long tickets;
  private int onTheirWay;
  boolean isClosed;

  PoolPart(ConnectionPool pool, LoopConnections home, ConnectionPoolConfig config) {
    this.pool = pool;
    this.home = home;
    this.config = config;
    ages = new PoolAges(this);
    waits = new PoolWaits(this);
  }

  PoolDrain drain() {
    return drain;
  }

  PoolAges ages() {
    return ages;
  }

  PoolWaits waits() {
    return waits;
  }

  /** Lets it arrive at the loop: now, if this is its thread. Any thread. */
  void send(Posted what) {
    if (home.isHere()) {
      home.takePosted(); // those that were before it
      what.arrived();
    } else {
      home.post(what);
    }
  }

  // ---- requests

  void enqueue(Lease lease) {
    if (isClosed) {
      refuse(lease, Kind.SHUTDOWN, null);
      return;
    }
    PoolTarget target = targetOf(lease);
    lease.ticket = tickets++;
    target.addWaiter(lease);
    counts.add(Count.WAITING, 1);
    lendIdle(target);
    if (lease.step != Lease.Step.WAITS) {
      ages.replenish();
      return;
    }
    dial();
    if (lease.step != Lease.Step.WAITS) {
      return;
    }
    if (counts.get(Count.WAITING) - onTheirWay > config.maxWaiters) {
      refuse(lease, Kind.POOL_EXHAUSTED, null);
      return;
    }
    try {
      waits.begin(lease);
    } catch (RejectedExecutionException e) {
      refuse(lease, Kind.SHUTDOWN, null); // the loop has ended
    }
  }

  @SuppressWarnings("ReferenceEquality") // whether it is the very same
  private PoolTarget targetOf(Lease lease) {
    PoolTarget before = lease.place;
    if (before != null && before.part == this && before.isKnown) {
      return before;
    }
    PoolTarget target = target(lease.target);
    lease.place = target;
    return target;
  }

  private PoolTarget target(SocketAddress address) {
    PoolTarget known = byAddress.get(address);
    if (known == null) {
      known = new PoolTarget(this, address);
      byAddress.put(address, known);
      targets.add(known);
    }
    return known;
  }

  private void forgetIfUnused(PoolTarget target) {
    if (target.isUnused() && (config.minIdle == 0 || isClosed)) {
      byAddress.remove(target.address);
      targets.remove(target);
      target.isKnown = false;
    }
  }

  /** Tells a request that it comes to nothing. */
  void refuse(Lease lease, Kind kind, @Nullable Throwable why) {
    if (lease.refuse()) {
      count(kind);
      tell(lease, kind, why);
    } else {
      cancelled(lease);
    }
  }

  private void count(Kind kind) {
    if (kind == Kind.LEASE_TIMEOUT) {
      counts.add(Count.TIMEOUTS, 1);
    } else if (kind == Kind.POOL_EXHAUSTED) {
      counts.add(Count.EXHAUSTED, 1);
    }
  }

  void cancelled(Lease lease) {
    if (lease.step == Lease.Step.TOLD) {
      return;
    }
    counts.add(Count.CANCELLED, 1);
    tell(lease, Kind.LOCAL, null);
  }

  // By way of a connection that never was, so that the handler hears it as it hears everything.
  private void tell(Lease lease, Kind kind, @Nullable Throwable why) {
    if (lease.step == Lease.Step.WAITS) {
      PoolTarget target = targetOf(lease);
      unlink(target, lease);
      forgetIfUnused(target);
    }
    lease.step = Lease.Step.TOLD;
    var never = new SocketConnection(home, config.connection, lease.handler, null, lease.target);
    never.watcher = new LeaseWatcher(lease);
    never.fail(kind, why);
  }

  private record LeaseWatcher(Lease lease) implements EndWatcher {
    @Override
    public void handsOver(SocketConnection connection) {}

    @Override
    public void ends(SocketConnection connection, Kind kind, @Nullable Throwable why) {
      lease.free();
    }
  }

  private void unlink(PoolTarget target, Lease lease) {
    target.removeWaiter(lease);
    counts.add(Count.WAITING, -1);
  }

  // ---- who gets what

  /** Gives what is idle to who waits, and makes more for the rest. */
  void serve(PoolTarget target) {
    lendIdle(target);
    dial();
  }

  private void lendIdle(PoolTarget target) {
    while (target.firstWaiter != null && target.topIdle != null) {
      PooledConnection idle = target.topIdle;
      if (!idle.connection.isOpen) {
        retire(idle, Count.EVICTED); // it is about to go
      } else if (needsTrial(idle)) {
        if (target.waiting <= target.onTheirWay) {
          break;
        }
        tryOut(idle);
      } else if (!lendToNext(idle)) {
        break;
      }
    }
  }

  /** Lends to the first who waits and has not cancelled; false if there is none. */
  private boolean lendToNext(PooledConnection entry) {
    PoolTarget target = entry.target;
    while (target.firstWaiter != null) {
      Lease first = target.firstWaiter;
      if (first.lend(entry)) {
        unlink(target, first);
        counts.add(Count.LEASES, 1);
        move(entry, State.LEASED);
        entry.lendTo(first);
        return true;
      }
      cancelled(first);
    }
    return false;
  }

  private boolean needsTrial(PooledConnection idle) {
    return config.validator != null && home.turnNs() - idle.idleSinceNs >= config.validateAfterNs;
  }

  private void tryOut(PooledConnection idle) {
    var validator = config.validator;
    if (validator == null) {
      return;
    }
    move(idle, State.TRIED);
    try {
      var trial = new Lease(this, idle.target.address, validator);
      trial.lendForTrial(idle);
      idle.lendTo(trial);
      idle.startTrialTimer();
    } catch (RejectedExecutionException e) {
      idle.connection.reset(); // the loop has ended
    } catch (Throwable thrown) {
      home.seam.handlerThrew(thrown);
      ConnectionLog.threw(idle.connection, idleHandler, thrown);
      retire(idle, Count.DISCARDED);
    }
  }

  /** A connection can be lent: it has come to stand, has come back, or was found good. */
  void available(PooledConnection entry) {
    if (isClosed) {
      retire(entry, Count.DISCARDED);
    } else if (entry.diesNs <= home.turnNs()) {
      retire(entry, Count.EXPIRED);
    } else if (!lendToNext(entry)) {
      entry.idleSinceNs = home.turnNs();
      move(entry, State.IDLE);
      ages.isIdle(entry);
      makeRoom();
    }
  }

  /** Gives back: whoever had it hears of it first. */
  void cameBack(Lease lease, boolean discarded) {
    PooledConnection entry = lease.entry;
    if (entry == null) {
      return;
    }
    entry.stopTrialTimer();
    entry.connection.forget();
    if (discarded || !entry.connection.isOpen) {
      retire(entry, Count.DISCARDED);
      serve(entry.target);
    } else {
      move(entry, State.RETURNING);
      entry.connection.handOverTo(idleHandler); // also where its handler hears of its end
    }
  }

  /** Closes it, for a reason that is counted; its place is free when it has gone. */
  void retire(PooledConnection entry, Count reason) {
    if (entry.state != State.CLOSING) {
      counts.add(reason, 1);
      move(entry, State.CLOSING);
      entry.connection.close();
    }
  }

  private void move(PooledConnection entry, State to) {
    PoolTarget target = entry.target;
    if (entry.state == State.IDLE) {
      target.removeIdle(entry);
    }
    if (entry.state.count != to.count) {
      counts.add(entry.state.count, -1);
      counts.add(to.count, 1);
    }
    int difference = (to.isOnTheWay ? 1 : 0) - (entry.state.isOnTheWay ? 1 : 0);
    target.onTheirWay += difference;
    onTheirWay += difference;
    entry.state = to;
    if (to == State.IDLE) {
      target.addIdle(entry);
    }
  }

  private void count(PoolTarget target, State state, int difference) {
    counts.add(state.count, difference);
    if (state.isOnTheWay) {
      target.onTheirWay += difference;
      onTheirWay += difference;
    }
  }

  // ---- making connections

  /** Makes connections for those who wait longest, as far as there are places. */
  void dial() {
    if (isClosed) {
      return;
    }
    PoolTarget neediest = neediest();
    while (neediest != null && all.size() < config.maxTotal) {
      dial(neediest);
      neediest = neediest();
    }
    if (neediest != null) {
      makeRoom();
    }
    ages.replenish();
  }

  private @Nullable PoolTarget neediest() {
    PoolTarget found = null;
    for (int i = 0; i < targets.size(); i++) {
      PoolTarget target = targets.get(i);
      Lease first = target.firstWaiter;
      if (first != null
          && target.waiting > target.onTheirWay
          && target.places < config.maxPerTarget
          && (found == null
              || found.firstWaiter == null
              || first.ticket < found.firstWaiter.ticket)) {
        found = target;
      }
    }
    return found;
  }

  void dial(PoolTarget target) {
    var entry = new PooledConnection(this, target);
    entry.index = all.size();
    all.add(entry);
    target.places++;
    count(target, State.CONNECTING, 1);
    entry.connection.begin();
  }

  // The one that was idle longest makes room for a connection to somewhere else.
  private void makeRoom() {
    if (counts.get(Count.CLOSING) > 0 || all.size() < config.maxTotal || neediest() == null) {
      return;
    }
    PooledConnection oldest = null;
    for (int i = 0; i < targets.size(); i++) {
      PooledConnection bottom = targets.get(i).bottomIdle;
      if (bottom != null && (oldest == null || bottom.idleSinceNs < oldest.idleSinceNs)) {
        oldest = bottom;
      }
    }
    if (oldest != null) {
      retire(oldest, Count.EXPIRED);
    }
  }

  /** A connection has ended, whatever it was at; the place is free. */
  void gone(PooledConnection entry, Kind kind, @Nullable Throwable why) {
    PoolTarget target = entry.target;
    State was = entry.state;
    if (was == State.IDLE) {
      target.removeIdle(entry);
      counts.add(Count.EVICTED, 1);
    } else if (was == State.CONNECTING) {
      counts.add(Count.CONNECT_FAILURES, 1);
    } else if (was != State.CLOSING) {
      counts.add(Count.DISCARDED, 1);
    }
    count(target, was, -1);
    PooledConnection last = all.removeLast();
    if (!last.equals(entry)) {
      last.index = entry.index;
      all.set(entry.index, last);
    }
    target.places--;
    if (was == State.CONNECTING) {
      target.dialAgainNs = home.nowNs() + PoolAges.RETRY_NS;
      if (target.firstWaiter != null) {
        refuse(target.firstWaiter, kind, why);
      }
    }
    serve(target);
    forgetIfUnused(target);
    drain.look();
  }

  // ---- the end

  /** Nothing is lent any more. */
  void loopShutsDown() {
    drain.closeDoor();
  }
}
