package mill.sim.programs.net;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Predicate;
import mill.core.EventLoop;
import mill.core.net.CloseCause;
import mill.core.net.CloseCause.Kind;
import mill.core.net.Connection;
import mill.core.net.ConnectionConfig;
import mill.core.net.ConnectionHandler;
import mill.core.net.Message;
import mill.core.net.TcpClient;
import mill.sim.Simulation;

/**
 * One connect, from its beginning to its end: it has one outcome, for a reason that there was, in
 * its time. Once it stands it sends its number, which the server is to send back.
 */
final class Dial implements ConnectionHandler {
  static final Duration SLACK = Duration.ofSeconds(2);
  private static final long HOLD_NS = 80_000_000;

  private final DialProgram program;
  private final Simulation sim;
  private final Ledger ledger;
  private final DialTargets targets;
  private final int id;
  private final EventLoop loop;
  private final boolean holds; // until it is told to leave
  private final DialNames.Question question; // null: its target is no name
  private final SocketAddress target;
  private final DialRace race = new DialRace(this);
  final Duration delay;
  private Duration timeout;

  Connection connection;
  private Duration begunAt;
  private Duration cancelledAt;
  private boolean isWritten; // its number
  private final ByteBuffer received = ByteBuffer.allocate(Integer.BYTES);
  private boolean opened;
  private boolean served;
  private boolean leaves;
  private boolean leftHere; // on the loop's thread
  private CloseCause cause;

  Dial(
      DialProgram program,
      int id,
      EventLoop loop,
      SocketAddress target,
      DialNames.Question question,
      boolean holds) {
    this.program = program;
    this.id = id;
    this.loop = loop;
    this.target = target;
    this.question = question;
    this.holds = holds;
    ledger = program.ledger();
    sim = ledger.sim;
    targets = program.targets();
    delay = Duration.ofMillis(sim.chance(0.2) ? 3_000 : sim.between(10, 250));
  }

  // ---- what is done

  void begin(ConnectionConfig config, Duration connectTimeout) {
    timeout = connectTimeout;
    begunAt = sim.now();
    ConnectionConfig mine = config.connectTimeout(timeout).attemptDelay(delay);
    Connection made = TcpClient.connect(loop, target, mine, this);
    if (connection == null) {
      connection = made;
    }
    if (sim.chance(0.5)) {
      writeNumber(); // goes out first
    }
    if (!holds && sim.chance(0.05)) {
      leave();
    } else if (!holds && sim.chance(0.2)) {
      ledger.later(loop, 2 * timeout.toNanos(), this::leave);
    }
  }

  private void writeNumber() {
    if (!isWritten) {
      isWritten = true;
      var bytes = MemorySegment.ofArray(ByteBuffer.allocate(Integer.BYTES).putInt(id).array());
      Message message = Message.copyOf(bytes, 0, bytes.byteSize());
      connection.write(message);
      message.release();
    }
  }

  /** Nobody wants it any more. Any thread. */
  void leave() {
    if (isOver() || connection == null) {
      return; // or connect() is about to return
    }
    leaves = true;
    if (opened && sim.chance(0.3)) {
      connection.end();
      return;
    }
    cancelledAt = cancelledAt == null ? sim.now() : cancelledAt;
    leftHere |= loop.isLoopThread();
    if (sim.chance(0.6)) {
      connection.close();
    } else {
      connection.reset();
    }
  }

  // ---- what is known

  boolean isDecided() {
    return opened || isOver();
  }

  boolean isOver() {
    return cause != null;
  }

  boolean isServedOrOver() {
    return served || isOver();
  }

  boolean isServed() {
    return served;
  }

  boolean hasDescriptor() {
    return opened && !isOver();
  }

  Duration now() {
    return sim.now();
  }

  /** Since when it may dial; null if it has no address yet. */
  Duration dialsSince() {
    return question == null ? begunAt : question.hasAddresses() ? question.answeredAt : null;
  }

  /** How many addresses there are. */
  int addresses() {
    return question == null ? 1 : question.addresses.size();
  }

  private List<SocketAddress> candidates() {
    return question == null
        ? List.of(resolved())
        : question.addresses.stream().map(this::at).toList();
  }

  private SocketAddress at(InetAddress address) {
    return new InetSocketAddress(address, ((InetSocketAddress) target).getPort());
  }

  private SocketAddress resolved() {
    return target instanceof InetSocketAddress inet && inet.isUnresolved()
        ? at(InetAddress.ofLiteral(inet.getHostString()))
        : target;
  }

  void fail(String what) {
    ledger.fail(what + ": " + this);
  }

  void noteRace() {
    sim.sometimes("a race");
  }

  // ---- what has to be true meanwhile

  /** Looks at it, from outside. */
  void watch() {
    if (isDecided() || ledger.isEnding(loop)) {
      return;
    }
    if (now().compareTo(begunAt.plus(timeout).plus(SLACK)) > 0) {
      fail("has no outcome in its time");
    }
    if (cancelledAt != null && now().compareTo(cancelledAt.plus(SLACK)) > 0) {
      fail("is not told that it was cancelled");
    }
    try {
      loop.execute(this::look);
    } catch (RejectedExecutionException e) {
      sim.sometimes("a loop has ended");
    }
  }

  private void look() {
    if (connection != null && !isDecided() && !leaves && !ledger.isEnding(loop)) {
      race.look();
    }
  }

  // ---- what it hears

  @SuppressWarnings("ReferenceEquality") // the very same
  private void enter(String what, Connection c) {
    ledger.enter(loop, what + " of " + this);
    if (connection == null) {
      connection = c;
      sim.sometimes("called before connect() has returned");
    }
    if (c != connection || isOver()) {
      fail(what + " after onClosed, or of another connection");
    }
  }

  @Override
  public void onOpen(Connection c) {
    enter("onOpen", c);
    if (opened || leftHere) {
      fail("onOpen again, or nobody wants it");
    }
    if (!candidates().contains(c.remoteAddress())) {
      fail("is no address that it has: " + c.remoteAddress());
    }
    race.requireOver();
    opened = true;
    writeNumber();
    ledger.leave(loop);
  }

  @Override
  public void onFrame(Connection c, MemorySegment memory, long offset, long length) {
    enter("onFrame", c);
    if (!opened || length > received.remaining()) {
      fail("a frame before onOpen, or what nobody has sent");
    }
    for (long i = 0; i < length; i++) {
      received.put(memory.get(ValueLayout.JAVA_BYTE, offset + i));
    }
    if (!received.hasRemaining()) {
      if (received.getInt(0) != id) {
        fail("is served as another: " + received.getInt(0));
      }
      served = true;
      if (!holds) {
        ledger.later(loop, HOLD_NS, this::leave);
      }
    }
    ledger.leave(loop);
  }

  @Override
  public void onClosed(Connection c, CloseCause why) {
    enter("onClosed", c);
    cause = why;
    if (why.opened() != opened) {
      fail("opened is wrong");
    }
    race.requireOver();
    if (question != null) {
      question.requireOver();
    }
    sim.sometimes((opened ? "closed " : "never opened ") + why.kind());
    if (opened) {
      verifyEnd(why.kind());
    } else {
      verifyOutcome(why.kind());
    }
    program.again(loop);
    ledger.leave(loop);
  }

  // ---- the reasons that there may be

  private void verifyEnd(Kind kind) {
    boolean right =
        switch (kind) {
          case LOCAL -> leaves || ledger.isEnding(loop);
          case PEER_END, PEER_RESET, TRUNCATED -> !holds || !program.isCalm();
          case READ_IDLE -> !program.isInnocent() || served;
          case SHUTDOWN -> ledger.isEnding(loop);
          default -> false;
        };
    if (!right) {
      fail("was open, and is not to end so");
    }
  }

  private void verifyOutcome(Kind kind) {
    boolean right =
        switch (kind) {
          case LOCAL -> cancelledAt != null;
          case NOT_RESOLVED -> question != null && question.isWithoutAddress();
          case REFUSED -> mayFail(targets::refuses) || program.mayRefuse();
          case UNREACHABLE -> mayFail(targets::isUnreachable) || program.isClientShort();
          case CONNECT_TIMEOUT -> now().compareTo(begunAt.plus(timeout)) >= 0;
          case SHUTDOWN -> ledger.isEnding(loop);
          default -> false;
        };
    if (!right) {
      fail("was never open, and not for this reason");
    }
    boolean failed = kind == Kind.REFUSED || kind == Kind.UNREACHABLE;
    if (failed && !isUnfounded() && hasGoodAddress() && !program.mayRefuse()) {
      fail("somebody listens at one of its addresses");
    }
    if (kind == Kind.CONNECT_TIMEOUT && hasGoodAddress() && program.isInnocent() && isInTime()) {
      fail("there was time to reach one of its addresses");
    }
  }

  private boolean mayFail(Predicate<SocketAddress> so) {
    return dialsSince() != null && candidates().stream().anyMatch(so);
  }

  private boolean isUnfounded() {
    return program.isClientShort() || addresses() > 32;
  }

  private boolean hasGoodAddress() {
    return dialsSince() != null && candidates().stream().anyMatch(targets::isGood);
  }

  // All of its addresses can have been tried, and asked again, long before.
  private boolean isInTime() {
    Duration needed = delay.multipliedBy(addresses()).plus(SLACK);
    return dialsSince().plus(needed).compareTo(begunAt.plus(timeout)) < 0 && !isUnfounded();
  }

  @Override
  public String toString() {
    return "dial %d to %s%s, begun at %s with %s, %s%s%s%s, %s"
        .formatted(
            id,
            target,
            question == null ? "" : " (" + question + ")",
            begunAt,
            timeout,
            opened ? "opened" : "not opened",
            served ? ", served" : "",
            leaves ? ", leaves" : "",
            cancelledAt == null ? "" : ", cancelled at " + cancelledAt,
            cause);
  }
}
