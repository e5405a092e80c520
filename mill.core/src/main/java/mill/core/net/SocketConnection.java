package mill.core.net;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import mill.core.CloseReason;
import mill.core.EventLoop;
import mill.core.Registration;
import mill.core.internal.Durations;
import mill.core.net.CloseCause.Kind;
import mill.natives.Readiness;
import mill.natives.net.StreamSocket;
import org.jspecify.annotations.Nullable;

/**
 * A connection over a socket: its events, and what its users see. The loop's thread, but for what
 * says something else.
 */
final class SocketConnection extends ConnectionEvents {
  private final @Nullable ServerPart server;
  private final @Nullable Dialer dialer;

  private @Nullable SocketAddress local;
  private SocketAddress remote;
  private @Nullable SocketAddress behind; // the peer, as a layer says
  private @Nullable Object attachment;

  private @Nullable ArrayList<SocketConnection> waiters; // that do not read while this is congested

  /** Hears first what becomes of this, if anybody does. */
  @Nullable EndWatcher watcher;

  // The server's list, in the order of accepting.
  @Nullable SocketConnection nextOfServer;
  @Nullable SocketConnection previousOfServer;

  SocketConnection(
      LoopConnections home,
      ConnectionConfig config,
      ConnectionHandler handler,
      @Nullable ServerPart server,
      SocketAddress peer) {
    super(home, config, handler, server != null);
    this.server = server;
    remote = peer;
    dialer = server == null ? new Dialer(home, this, peer, config) : null;
  }

  // ---- its beginning

  /** Begins to connect. */
  @Override
  void start() {
    if (phase == Phase.NEW && dialer != null) {
      times().connects();
      dialer.start();
    }
  }

  /** Who connects it, if this end does. */
  @Nullable Dialer dialer() {
    return dialer;
  }

  @Override
  void answered() {
    if (dialer != null) {
      dialer.answered();
    }
  }

  /**
   * The socket is connected, and registered for both directions with this as its handler.
   *
   * @param readable whether something may have arrived already
   */
  void stands(StreamSocket connected, Registration registered, boolean readable)
      throws IOException {
    socket = connected;
    registration = registered;
    phase = Phase.STANDS;
    if (local == null) {
      local = connected.localAddress();
    }
    if (readable) {
      reads.ready(true);
    }
    if (config.layers.isEmpty()) {
      if (dialer != null) {
        times().stands();
      }
      opensSoon();
    } else {
      beginLayers();
      home.agenda.add(this);
    }
  }

  /** Whose connection it is, if it is not that of who has connected. */
  void comesFor(SocketAddress address) {
    behind = address;
  }

  /** The address of the socket's peer, whatever a layer says. */
  SocketAddress peerAddress() {
    return remote;
  }

  /** The address that has answered, of those of its target. */
  void connected(SocketAddress peer) {
    remote = peer;
  }

  /** The address of this end, if it is known before it stands. */
  void comesFrom(SocketAddress here) {
    local = here;
  }

  @Override
  void resumeWaiters() {
    ArrayList<SocketConnection> waiting = waiters;
    waiters = null;
    for (int i = 0; waiting != null && i < waiting.size(); i++) {
      waiting.get(i).resumeHere(queue);
    }
  }

  @Override
  void attemptReady(Registration ready, Readiness readiness) {
    if (dialer != null) {
      dialer.onReady(ready, readiness);
    }
  }

  // ---- its end

  @Override
  void cancelConnect() {
    if (dialer != null) {
      dialer.cancel();
    }
  }

  @Override
  @SuppressWarnings("ReferenceEquality") // whether it is the very same
  public void onClosed(Registration ended, CloseReason reason) {
    if (ended == registration) {
      registrationEnded(reason);
    } else if (dialer != null) {
      dialer.attemptClosed(ended, reason);
    }
  }

  @Override
  boolean isGivenBack() {
    return watcher != null && watcher.isGivenBack();
  }

  @Override
  void takesOver() {
    if (watcher != null) {
      watcher.handsOver(this);
    }
  }

  @Override
  void ends(Kind kind, @Nullable Throwable why) {
    if (watcher != null) {
      watcher.ends(this, kind, why);
    }
  }

  @Override
  void leaves(long undelivered) {
    if (server != null) {
      server.left(this, undelivered);
    }
  }

  // ---- shutdown

  /** The time of the server's shutdown is over. */
  void forceShutdown() {
    fail(Kind.SHUTDOWN, null);
  }

  /** There will be no turn any more, and no registration that the loop closes. */
  void loopEnds() {
    if (phase == Phase.NEW) {
      fail(Kind.SHUTDOWN, null);
    }
  }

  @Override
  public void onShutdown(Registration ending) {
    if (phase == Phase.NEW) {
      fail(Kind.SHUTDOWN, null);
    } else {
      tellOfShutdown();
    }
  }

  @Override
  public long undeliveredBytes(Registration of) {
    return queuedBytes();
  }

  // ---- the rest of what its users see

  /** Whether the peer's end was read. */
  boolean hasEnded() {
    return reads.hasEnded();
  }

  @Override
  public void deadline(@Nullable Duration fromNow) {
    requireHere("deadline()");
    if (fromNow != null && !isGone()) {
      times().deadline(Durations.saturatedNs(fromNow));
    } else if (timesIfAny() != null) {
      times().noDeadline();
    }
  }

  @Override
  void overflows() {
    if (queue.isClosed()) {
      return; // another thread's write, which the end has overtaken: it is refused, and no more
    }
    fail(Kind.OVERFLOW, null);
  }

  @Override
  void outOfMemory() {
    fail(Kind.NO_MEMORY, null);
  }

  @Override
  public void flush() {
    requireHere("flush()");
    send();
  }

  @Override
  public void framer(Framer framer) {
    requireHere("framer()");
    reads.framer(requireNonNull(framer, "framer"));
    readAgain();
  }

  /**
   * Lets somebody else read, in place of the framer and the handler, from the first unread byte on;
   * or null for them again. Where a relay plugs in.
   */
  void taker(@Nullable ReadTaker taker) {
    reads.taker(taker);
    readAgain();
  }

  /** Whether nothing is on its way in it that belongs to its past, so that a pool can lend it. */
  boolean isClean() {
    return phase == Phase.STANDS
        && isOpen
        && !reads.isPending()
        && !reads.hasEnded()
        && queue.queuedBytes() == 0
        && !queue.isCongested()
        && !hasCommands();
  }

  /** Forgets what a handler has set: deadline, attachment, pauses. */
  void forget() {
    attachment = null;
    if (timesIfAny() != null) {
      times().noDeadline();
    }
    if (pauses != null && !pauses.isEmpty()) {
      pauses.clear();
      readAgain();
    }
  }

  @Override
  void pauseHere(Object reason) {
    if (closing || isGone()) {
      return;
    }
    if (pauses == null) {
      pauses = new Pauses();
    }
    pauses.add(reason);
  }

  @Override
  void resumeHere(Object reason) {
    if (pauses != null && pauses.remove(reason) && pauses.isEmpty()) {
      hasRead(); // the time that nothing is read begins now
      readAgain();
    }
  }

  @Override
  public void pauseWhile(Connection other) {
    requireHere("pauseWhile()");
    var that = (SocketConnection) other;
    if (!that.home.equals(home)) {
      throw new IllegalArgumentException("a connection of another loop: " + other);
    }
    if (equals(that) || that.phase != Phase.STANDS || !that.queue.isCongestedHere()) {
      return;
    }
    if (that.waiters == null) {
      that.waiters = new ArrayList<>();
    }
    if (!that.waiters.contains(this)) {
      that.waiters.add(this);
    }
    pauseHere(that.queue);
  }

  @Override
  public EventLoop loop() {
    return home.loop;
  }

  @Override
  public StreamSocket socket() {
    StreamSocket known = socket;
    if (known == null) {
      throw new IllegalStateException("it is not connected yet: " + this);
    }
    return known;
  }

  @Override
  public SocketAddress localAddress() {
    SocketAddress known = local;
    if (known == null) {
      throw new IllegalStateException("it is not connected yet: " + this);
    }
    return known;
  }

  @Override
  public SocketAddress remoteAddress() {
    SocketAddress known = behind;
    return known == null ? remote : known;
  }

  @Override
  public void attach(@Nullable Object object) {
    attachment = object;
  }

  @Override
  public @Nullable Object attachment() {
    return attachment;
  }

  /** {@return the addresses, and what has become of it} */
  @Override
  public String toString() {
    return "Connection[%s, from %s%s]"
        .formatted(remoteAddress(), local, isOpen ? "" : ", " + phase);
  }
}
