package mill.sim.programs.net;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import mill.core.EventLoop;
import mill.core.net.CloseCause;
import mill.core.net.CloseCause.Kind;
import mill.core.net.Connection;
import mill.core.net.ConnectionHandler;
import mill.core.net.ConnectionPool;
import mill.core.net.Lease;
import mill.sim.SimHost;
import mill.sim.Simulation;

/** Asks for a connection, has it, and gives it back; hears one outcome for each request. */
final class PoolUser implements ConnectionHandler {
  /** What a server closes its connection after. */
  static final byte LAST = 'x';

  private static final Duration SLACK = Duration.ofSeconds(2);

  /** Where a request is. */
  private enum At {
    FREE,
    ASKED,
    HAS
  }

  /** What has to become of a request when nothing can go wrong any more. */
  enum Last {
    ANSWERED,
    REFUSED
  }

  private final PoolProgram program;
  private final Simulation sim;
  private final Lease lease;
  private final SocketAddress target;
  private final List<EventLoop> loops;

  private volatile At at = At.FREE;
  private Connection connection;
  private boolean cancelled; // and is to hear of it
  private boolean gaveBack;
  private Duration askedAt;
  private Duration openedAt;
  private Duration arrivedAt; // at the loop, for sure
  private byte sent;
  private boolean awaits;
  private boolean strayed;
  private Last mustBe; // null: nothing in particular
  private boolean wasAsMust;

  PoolUser(PoolProgram program, ConnectionPool pool, SocketAddress target, List<EventLoop> loops) {
    this.program = program;
    this.target = target;
    this.loops = loops;
    sim = program.sim();
    lease = pool.newLease(target, this);
  }

  boolean isAsking() {
    return at == At.ASKED;
  }

  boolean has() {
    return at == At.HAS;
  }

  /** Whether something that it has asked for may not have come to the loop yet. */
  boolean isOnItsWay() {
    return (at == At.ASKED && (arrivedAt == null || cancelled)) || (at == At.HAS && gaveBack);
  }

  // ---- what it does, on any thread

  /** Does what is next, here, on a thread of its own, or on a loop. */
  void step(SimHost host) {
    switch ((int) sim.between(0, 3)) {
      case 0 -> step();
      case 1 -> host.executor().execute(this::step);
      default -> loops.get((int) sim.between(0, loops.size())).execute(this::step);
    }
  }

  private void step() {
    switch (at) {
      case FREE -> ask();
      case ASKED -> {
        if (sim.chance(0.3)) {
          cancel();
        }
      }
      case HAS -> {
        if (sim.chance(0.5)) {
          giveBack();
        }
      }
    }
  }

  private void ask() {
    at = At.ASKED;
    cancelled = false;
    gaveBack = false;
    awaits = false;
    strayed = false;
    askedAt = sim.now();
    arrivedAt = null;
    EventLoop here = loops.stream().filter(EventLoop::isLoopThread).findFirst().orElse(null);
    try {
      lease.request();
    } catch (IllegalStateException e) {
      program.ledger().fail("not free, and its end was told: " + this + ", " + e);
    }
    if (loops.size() == 1 && here != null && at == At.ASKED) {
      arrivedAt = sim.now(); // at once, on the loop's thread
    }
  }

  /** Asks when nothing can go wrong. */
  void askLast(Last outcome) {
    mustBe = outcome;
    ask();
  }

  /** Whether that has become of it; then it has given back. */
  boolean isServed() {
    if (wasAsMust) {
      leave();
    }
    return wasAsMust && at == At.FREE;
  }

  /** Gives back what it has, if it has anything. */
  void leave() {
    if (at == At.HAS && !gaveBack) {
      giveBack();
    }
  }

  private void cancel() {
    if (lease.cancel()) {
      if (at == At.HAS && connection != null) {
        program.ledger().fail("cancelled, and it has a connection: " + this);
      }
      cancelled = true;
      sim.sometimes("a lease was cancelled");
    }
  }

  private void giveBack() {
    // While an answer is on its way nobody else can use it, which the pool cannot know.
    boolean done = (!awaits && sim.chance(0.8)) ? lease.release() : lease.discard();
    gaveBack |= done;
    if (done && (lease.release() || lease.discard())) {
      program.ledger().fail("given back twice: " + this);
    }
    if (done) {
      sim.sometimes("a lease was given back");
    }
  }

  /** What should have happened long ago. */
  void watch() {
    if (at == At.ASKED
        && sim.now().minus(askedAt).compareTo(program.leaseTimeout().plus(SLACK)) > 0) {
      program.ledger().fail("no outcome: " + this);
    }
    boolean awaitsLast = at == At.HAS && mustBe != null && !wasAsMust;
    if (awaitsLast && sim.now().minus(openedAt).compareTo(SLACK) > 0) {
      program.ledger().fail("no answer: " + this);
    }
  }

  /** Whether it has asked before another, and waits for the same. */
  boolean mustBeBefore(PoolUser other) {
    return at == At.ASKED
        && !cancelled
        && !lease.toString().contains("refused") // and is about to hear it
        && arrivedAt != null
        && other.arrivedAt != null
        && target.equals(other.target)
        && arrivedAt.compareTo(other.arrivedAt) < 0;
  }

  // ---- what it hears

  @Override
  public void onOpen(Connection c) {
    if (at != At.ASKED || cancelled) {
      program.ledger().fail("nobody has asked for " + c + ": " + this);
    }
    program.isUsed(c, this);
    program.verifyOrder(this);
    openedAt = sim.now();
    at = At.HAS;
    connection = c;
    sim.sometimes("a lease");
    if (c.attachment() != null) {
      program.ledger().fail("somebody else's attachment: " + c.attachment());
    }
    c.attach(this);
    dirty(c);
  }

  // What it leaves behind nobody else may find.
  private void dirty(Connection c) {
    if (mustBe != null) {
      wasAsMust = program.isSilent(c.localAddress());
    }
    switch (mustBe != null ? 7 : (int) sim.between(0, 8)) {
      case 0 -> giveBack();
      case 1 -> c.pause(this);
      case 2 -> c.deadline(Duration.ofMillis(sim.between(0, 20)));
      case 3 -> {
        c.out().put(LAST);
        sent = LAST;
        awaits = true;
      }
      default -> {
        sent = (byte) sim.between('a', 'p');
        awaits = true;
        c.out().put(sent);
      }
    }
  }

  @Override
  public void onFrame(Connection c, MemorySegment memory, long offset, long length) {
    requireUsed(c, "a frame");
    if (gaveBack) {
      program.ledger().fail("a frame, and it has given back: " + this);
    }
    for (long i = 0; i < length; i++) {
      byte one = memory.get(ValueLayout.JAVA_BYTE, offset + i);
      if (one != sent && one != '!') {
        program.ledger().fail("an answer to somebody else: " + (char) one + ", " + this);
      }
      strayed |= one == '!'; // who says what it was not asked is not to be trusted
    }
    awaits = strayed;
    if (mustBe != null) {
      wasAsMust = true;
    } else if (sim.chance(0.6)) {
      giveBack();
    }
  }

  @Override
  public void onEnd(Connection c) {
    requireUsed(c, "the end");
    if (gaveBack) {
      program.ledger().fail("the end, and it has given back: " + this);
    }
    if (sim.chance(0.5)) {
      c.close();
    } else {
      giveBack();
    }
  }

  @Override
  public void onDeadline(Connection c) {
    requireUsed(c, "a deadline");
    giveBack();
  }

  @SuppressWarnings("ReferenceEquality") // the very same
  private void requireUsed(Connection c, String what) {
    if (at != At.HAS || connection != c) {
      program.ledger().fail(what + " of what it does not have: " + c + ", " + this);
    }
  }

  @Override
  public void onClosed(Connection c, CloseCause cause) {
    if (at == At.FREE || cause.opened() != (at == At.HAS)) {
      program.ledger().fail("a second outcome, or another: " + cause + ", " + this);
    }
    if (!isPlausible(c, cause.kind())) {
      program.ledger().fail("not for this reason: " + cause + ", " + this);
    }
    if (at == At.HAS) {
      program.isFree(c, this);
    }
    if (mustBe != null && !wasAsMust) {
      hearsLast(cause);
    }
    sim.sometimes("lease " + cause.kind() + (cause.opened() ? "" : ", never opened"));
    connection = null;
    at = At.FREE;
    if (sim.chance(0.2) && !program.calms()) {
      ask(); // at once
    }
  }

  // What it has was dead already, perhaps, and who could not know of that asks again.
  private void hearsLast(CloseCause cause) {
    wasAsMust =
        switch (mustBe) {
          case ANSWERED -> cause.opened() && !program.peersAreKnown();
          case REFUSED -> cause.kind() == Kind.REFUSED;
        };
    if (!wasAsMust) {
      program.ledger().fail("nothing is in its way, and it is told " + cause + ": " + this);
    }
  }

  private boolean isPlausible(Connection c, Kind kind) {
    boolean had = at == At.HAS;
    return switch (kind) {
      case HANDED_OVER -> had && gaveBack;
      case LEASE_TIMEOUT ->
          !had && sim.now().minus(askedAt).compareTo(program.leaseTimeout().minus(SLACK)) >= 0;
      case POOL_EXHAUSTED -> !had && program.hasSmallQueue();
      case LOCAL -> had || cancelled;
      case REFUSED, UNREACHABLE, CONNECT_TIMEOUT -> !had;
      case SHUTDOWN -> program.drains() || program.isEnding(c);
      default -> true;
    };
  }

  @Override
  public String toString() {
    return "user[%s, %s%s%s, %s, %s]"
        .formatted(
            at,
            target,
            cancelled ? ", cancelled" : "",
            gaveBack ? ", gave back" : "",
            lease,
            connection);
  }
}
