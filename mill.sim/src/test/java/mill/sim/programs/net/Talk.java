package mill.sim.programs.net;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import mill.core.EventLoop;
import mill.core.net.CloseCause;
import mill.core.net.CloseCause.Kind;
import mill.core.net.Connection;
import mill.natives.net.SockOpt;
import mill.sim.Simulation;
import mill.sim.kernel.KernelEnd;

/**
 * One end of a connection as the program knows it: what was done to it and what it has heard,
 * whoever was its handler at the time, and what has to come of that.
 */
final class Talk {
  /** How late a timer may be: turns can be slow, and callbacks take their time. */
  static final Duration SLACK = Duration.ofMillis(200);

  private static final Duration PATIENCE = Duration.ofSeconds(3);

  final Ledger ledger;
  final Simulation sim;
  final EventLoop loop;
  final Setup setup;
  final boolean isServer;
  final Sent sent;
  final Received received;
  final Acts acts;

  Connection connection;
  KernelEnd kernel; // null before it stands
  Cutter cutter; // null: the one of the configuration
  Voice voice;
  final ArrayDeque<Voice> nextVoices = new ArrayDeque<>();
  final List<Object> pauses = new ArrayList<>(); // those that the loop's thread knows of

  // What was asked for; by any thread.
  boolean endAsked;
  boolean closeAsked;
  boolean resetAsked;
  boolean hasVisitors; // that write
  private int writers; // lanes, as bits
  private int enders;
  private boolean wroteAfterItsEnd; // a thread: taken if the end was on its way, and dropped
  Duration refusedAt; // a write was refused, and nothing was heard since

  // What the loop's thread has done.
  boolean closedHere;
  boolean finishing;
  boolean holds;
  boolean isMalformed;
  boolean threw;
  boolean mayDrain;
  boolean owesDrained;
  private Duration drainedSince;
  Duration deadline;
  boolean heardShutdown;

  // Tasks.
  private final int[] given = new int[Sent.LANES];
  private final int[] ran = new int[Sent.LANES];

  // Its end.
  CloseCause cause; // null before it
  long taken;
  private Duration endedAt;
  private boolean forced; // perhaps: its server or loop has ended

  private long lastTaken;
  private Duration progressAt; // the latest that it can have been
  private Duration progressAfter; // it was looked at then, and was not yet
  private Duration sampledAt;

  Talk(Ledger ledger, EventLoop loop, Setup setup, boolean isServer) {
    this.ledger = ledger;
    this.loop = loop;
    this.setup = setup;
    this.isServer = isServer;
    sim = ledger.sim;
    sent = ledger.newSent(this);
    received = new Received(ledger);
    acts = new Acts(this);
    progressIsNow();
    voice = new Voice(this);
    ledger.talks.add(this);
  }

  boolean isOver() {
    return cause != null;
  }

  /** The connection has opened. */
  void stands() throws IOException {
    kernel = KernelEnd.of(connection.socket());
    progressIsNow();
    if (setup.socketBytes > 0) {
      connection.socket().setOption(SockOpt.SO_SNDBUF, setup.socketBytes);
      connection.socket().setOption(SockOpt.SO_RCVBUF, setup.socketBytes);
    }
  }

  private void progressIsNow() {
    progressAt = sim.now();
    progressAfter = progressAt;
    sampledAt = progressAt;
  }

  /** Looks how far the kernel has come. */
  void sample() {
    if (kernel != null && kernel.taken() != lastTaken) {
      lastTaken = kernel.taken();
      progressAt = sim.now();
      progressAfter = sampledAt;
    }
    sampledAt = sim.now();
  }

  private boolean isLongerThan(Duration since, Duration time) {
    return sim.now().minus(since).compareTo(time) > 0;
  }

  // ---- what was asked for

  void wroteAs(int lane) {
    wroteAfterItsEnd |= lane != Acts.LANE && (enders & 1 << lane) != 0;
    writers |= 1 << lane;
    hasVisitors |= lane != Acts.LANE;
  }

  void endAsked(int lane) {
    endAsked = true;
    enders |= 1 << lane;
  }

  void closeAsked(int lane) {
    closeAsked = true;
    enders |= 1 << lane;
  }

  /** Whether a thread has ended what another was writing to: it may have come first. */
  private boolean hasRaced() {
    int others = writers & ~(1 << Acts.LANE); // the loop's thread comes before what it ends
    return wroteAfterItsEnd || (others != 0 && enders != others);
  }

  // ---- tasks

  /** Has a task run where the callbacks do, if it is taken. */
  boolean execute(int lane, Runnable task) {
    int number = given[lane];
    try {
      connection.execute(() -> runTask(lane, number, task));
    } catch (RejectedExecutionException e) {
      sim.sometimes("a task of a connection was refused");
      return false;
    }
    given[lane] = number + 1;
    return true;
  }

  private void runTask(int lane, int number, Runnable task) {
    ledger.enter(loop, "a task of " + this);
    if (isOver()) {
      ledger.fail("a task after onClosed of " + this);
    }
    if (ran[lane]++ != number) {
      ledger.fail("task %d ran as number %d of %s".formatted(number, ran[lane], this));
    }
    try {
      task.run();
    } finally {
      ledger.leave(loop);
    }
  }

  // ---- while it lives

  /** Looks, on any thread, for what should have happened long ago. */
  void watch() {
    sample();
    if (isOver() || connection == null) {
      return;
    }
    drainedSince = owesDrained && !connection.isCongested() ? orNow(drainedSince) : null;
    // Who is closed, by itself or for its peer's fault, sends first, which a cut may hold up.
    boolean isOpen = connection.isOpen();
    if (drainedSince != null && isOpen && isLongerThan(drainedSince, PATIENCE)) {
      ledger.fail("onDrained does not come: " + this);
    }
    if (refusedAt != null && isOpen && isLongerThan(refusedAt, PATIENCE)) {
      ledger.fail("a write was refused, and nothing follows: " + this);
    }
    if (deadline != null && isOpen && isLongerThan(deadline, PATIENCE)) {
      ledger.fail("onDeadline does not come: " + this);
    }
    boolean stuck = kernel != null && !holds && connection.queuedBytes() > 0;
    if (stuck && isLongerThan(progressAt, later(setup.writeStall(), setup.closeTimeout()))) {
      ledger.fail("stalled, and not ended: " + this);
    }
  }

  private Duration orNow(Duration time) {
    return time == null ? sim.now() : time;
  }

  private static Duration later(Duration one, Duration other) {
    return (one.compareTo(other) > 0 ? one : other).plus(PATIENCE);
  }

  // ---- its end

  /** The last handler has heard it. */
  void closed(CloseCause why) {
    sample();
    cause = why;
    endedAt = sim.now();
    // Of one that stood and never opened the kernel's count is not known: as it is told, then.
    taken = kernel == null ? Math.max(0, sent.submitted - why.undeliveredBytes()) : kernel.taken();
    refusedAt = null;
    forced = ledger.isEnding(loop);
    sim.sometimes("closed " + why.kind() + (why.opened() ? "" : ", never opened"));
    if (!nextVoices.isEmpty()) {
      ledger.fail("the end came, and " + nextVoices.size() + " have not taken over: " + this);
    }
    if (!isPlausible(why.kind())) {
      ledger.fail("not for this reason: " + why + " of " + this);
    }
  }

  private boolean isPlausible(Kind kind) {
    return switch (kind) {
      case LOCAL -> endAsked || closeAsked || resetAsked;
      case PEER_END -> received.ended;
      case PEER_RESET -> true; // see verifyWithoutReset
      case READ_IDLE -> !received.ended;
      case TRUNCATED ->
          cause.opened()
              ? cutter != null && cutter.kind != Cutter.Kind.RAW
              : setup.layered; // it was not ready
      case REFUSED, UNREACHABLE, CONNECT_TIMEOUT -> !cause.opened() && !isServer;
      case WRITE_STALLED ->
          cause.undeliveredBytes() > 0
              && isLongerThan(progressAfter, setup.writeStall().minus(SLACK));
      case FRAME_TOO_LONG -> cutter != null && cutter.mayExceed(setup.maxFrame);
      case MALFORMED -> isMalformed;
      case OVERFLOW -> setup.queueLimit < Setup.MUCH;
      case NO_MEMORY -> setup.memory < Setup.MUCH;
      case SHUTDOWN -> ledger.isEnding(loop);
      case HANDLER_THREW -> threw;
      case NOT_RESOLVED, LAYER, IDLE, HANDED_OVER, LEASE_TIMEOUT, POOL_EXHAUSTED -> false;
    };
  }

  /** When everything has ended. */
  void verify(Talk peer, boolean networkIsInnocent) {
    if (!isOver()) {
      ledger.fail("onClosed has not come: " + this);
      return;
    }
    for (int lane = 0; lane < Sent.LANES; lane++) {
      if (ran[lane] != given[lane]) {
        ledger.fail("%d of %d tasks ran: %s".formatted(ran[lane], given[lane], this));
      }
    }
    long left = cause.undeliveredBytes();
    long sum = taken + left;
    if (kernel != null && (sum < sent.submitted || sum > sent.submitted + sent.unsure)) {
      ledger.fail(
          "%d bytes taken and %d undelivered are not %d, perhaps %d more, submitted: %s"
              .formatted(taken, left, sent.submitted, sent.unsure, this));
    }
    if (received.from != null) {
      verifyReceived((Talk) received.from.by, networkIsInnocent);
    }
    if (networkIsInnocent && peer != null && !resetAsked && peer.isAtRest()) {
      verifyWithoutReset(peer);
    }
  }

  private boolean isOrderly() {
    return !forced
        && (cause.kind() == Kind.LOCAL || cause.kind() == Kind.PEER_END)
        && cause.opened()
        && !resetAsked;
  }

  private boolean closeTimeWasOver() {
    Duration idle = endedAt.minus(progressAt);
    return idle.compareTo(setup.closeTimeout().minus(SLACK)) >= 0;
  }

  private void verifyReceived(Talk by, boolean networkIsInnocent) {
    boolean all = received.ended && networkIsInnocent;
    if (received.bytes > by.taken || (all && received.bytes < by.taken)) {
      ledger.fail(
          "%d bytes received of %d taken%s: by %s, of %s"
              .formatted(received.bytes, by.taken, all ? ", and an end" : "", this, by));
    }
  }

  /** Whether it has ended in good order, and given up nothing. */
  private boolean isAtRest() {
    return isOver() && isOrderly() && cause.undeliveredBytes() == 0 && !closeTimeWasOver();
  }

  // A reset that nobody has sent loses what was on its way.
  private void verifyWithoutReset(Talk peer) {
    boolean lost =
        cause.undeliveredBytes() > 0 && isOrderly() && !holds && !hasRaced() && !closeTimeWasOver();
    if (cause.kind() == Kind.PEER_RESET || lost) {
      ledger.fail("reset, and nobody did it: " + this + ", the other is " + peer);
    }
  }

  @Override
  public String toString() {
    return "%s of %s, id %d, %s, %s"
        .formatted(isServer ? "server" : "client", connection, sent.id, cause, state());
  }

  private String state() {
    return "submitted %d, queued %d, taken %d, received %s, pauses %d%s%s%s%s%s"
        .formatted(
            sent.submitted,
            connection == null ? 0 : connection.queuedBytes(),
            kernel == null ? 0 : kernel.taken(),
            received.bytes,
            pauses.size(),
            endAsked ? ", end()" : "",
            closeAsked ? ", close()" : "",
            resetAsked ? ", reset()" : "",
            holds ? ", holds" : "",
            received.ended ? ", heard the end" : "");
  }
}
