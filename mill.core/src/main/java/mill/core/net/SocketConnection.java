package mill.core.net;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.function.Supplier;
import mill.core.CloseReason;
import mill.core.EventHandler;
import mill.core.EventLoop;
import mill.core.Registration;
import mill.core.internal.Durations;
import mill.core.net.CloseCause.Kind;
import mill.natives.Readiness;
import mill.natives.net.StreamSocket;
import org.jspecify.annotations.Nullable;

/**
 * A connection over a socket. The loop's thread, but for what says something else.
 *
 * <pre>
 *   NEW ──▶ STANDS ──▶ GONE: descriptor closed ──▶ TOLD: onClosed called
 *    └───────────────────▲
 * </pre>
 *
 * <p>Callbacks come from four places alone, none of them inside of another: a pass after an event
 * ({@link #onReady}), a pass that was owed ({@link #readOwed}), what is due ({@link #settle}), and
 * the timer. What a user calls inside of one only notes what is due.
 */
final class SocketConnection extends ConnectionEnds implements EventHandler {
  private static final int OPEN = 1;
  private static final int HANDOVER = 1 << 1;
  private static final int DRAINED = 1 << 2;
  private static final int SHUTDOWN = 1 << 3;
  private static final int CALLS = OPEN | HANDOVER | DRAINED | SHUTDOWN;
  private static final int DEADLINE = 1 << 4; // not a due, but a callback, as is the next
  private static final int END = 1 << 5;
  private static final int MAX_CALLS = 8; // in one settling

  private boolean pausesWhenCongested;
  private final @Nullable ServerPart server;
  private final @Nullable Dialer dialer;

  private int due;
  private boolean inPass;
  private ConnectionHandler handler;
  private boolean handlerOpened;
  private @Nullable ArrayList<ConnectionHandler> nextHandlers;
  private @Nullable SocketAddress local;
  private SocketAddress remote;
  private @Nullable SocketAddress behind; // the peer, as a layer says
  private @Nullable Object attachment;

  private @Nullable ArrayList<SocketConnection> waiters; // that do not read while this is congested

  private boolean shutdownTold;

  // The server's list, in the order of accepting.
  @Nullable SocketConnection nextOfServer;
  @Nullable SocketConnection previousOfServer;

  SocketConnection(
      LoopConnections home,
      ConnectionConfig config,
      ConnectionHandler handler,
      @Nullable ServerPart server,
      SocketAddress peer) {
    super(home, config);
    this.handler = handler;
    this.server = server;
    pausesWhenCongested = config.pausesWhenCongested(server != null);
    remote = peer;
    dialer = server == null ? new Dialer(home, this, peer) : null;
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
      due |= OPEN;
    } else {
      beginLayers();
    }
    home.onAgenda(this);
  }

  // ---- layers

  // The connect timeout goes on until they are ready, or begins.
  private void beginLayers() {
    if (dialer == null) {
      times().connects();
    }
    try {
      for (Supplier<? extends Layer> made : config.layers) {
        LayerStack stack = layers == null ? new LayerStack(home, this) : layers;
        layers = stack;
        stack.add(requireNonNull(made.get(), "a layer"));
      }
    } catch (Throwable thrown) {
      fail(Kind.LAYER, thrown);
    }
  }

  @Override
  public void layer(Layer layer) {
    requireHere("layer()");
    requireNonNull(layer, "layer");
    if (phase != Phase.STANDS || closing) {
      throw new IllegalStateException("no layer can begin on it: " + this);
    }
    if (reads.hasUnread()) {
      throw new IllegalStateException(
          "bytes are unread that came before the layer: it has to begin at the end of a frame, and"
              + " the peer must not send more before it knows: "
              + this);
    }
    LayerStack stack = layers == null ? new LayerStack(home, this) : layers;
    layers = stack;
    stack.addLater(layer);
  }

  /** All layers are ready. */
  void layersAreReady() {
    if (!handlerOpened) {
      due |= OPEN;
      times().stands();
    }
    readAgain();
    wake();
  }

  /** The last layer has gone. */
  void withoutLayers() {
    layers = null;
    queue.soil();
    readAgain();
    wake();
  }

  /** Whether it has not opened, because a layer is not ready. */
  boolean awaitsLayers() {
    return !handlerOpened && layers != null && !layers.isReady();
  }

  @Override
  void lookAtLayers() {
    if (layers != null) {
      layers.look();
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

  /** What is sent to the socket. */
  WriteQueue wire() {
    LayerStack stack = layers;
    return stack == null ? queue : stack.wire();
  }

  private boolean isLayered() {
    return layers != null && !closing;
  }


  /** The address that has answered, of those of its target. */
  void connected(SocketAddress peer) {
    remote = peer;
  }

  /** The address of this end, if it is known before it stands. */
  void comesFrom(SocketAddress here) {
    local = here;
  }

  // ---- events

  @Override
  @SuppressWarnings("ReferenceEquality") // whether it is the very same
  public void onReady(Registration ready, Readiness readiness) {
    if (ready != registration) {
      if (dialer != null) {
        dialer.onReady(ready, readiness);
      }
      return;
    }
    int bits = readiness.bits();
    boolean broken = (bits & (Readiness.ERROR | Readiness.WRITE_CLOSED)) != 0;
    if ((bits & Readiness.WRITABLE) != 0 && wire().isBlocked()) {
      wire().unblock();
      if (!broken) {
        send();
      }
    }
    if ((bits & (Readiness.READABLE | Readiness.READ_CLOSED)) != 0) {
      boolean end = broken || (bits & Readiness.READ_CLOSED) != 0;
      if (isLayered()) {
        requireNonNull(layers).ready(end);
      } else {
        reads.ready(end);
      }
      readPass();
    }
    if ((bits & Readiness.ERROR) != 0 && phase == Phase.STANDS && !mayDeliver() && !closing) {
      fail(Kind.PEER_RESET, null); // who does not read would not hear of it
    }
    settle();
  }

  /** A read that was owed. */
  void readOwed() {
    readPass();
    settle();
  }

  private void readPass() {
    if (phase != Phase.STANDS) {
      return;
    }
    inPass = true;
    try {
      if (isLayered()) {
        requireNonNull(layers).pass(requireNonNull(socket));
      } else {
        reads.pass(requireNonNull(socket));
      }
    } catch (IOException e) {
      fail(Kind.PEER_RESET, e);
    } finally {
      inPass = false;
    }
  }

  void hasRead() {
    ConnectionTimes known = timesIfAny();
    if (known != null) {
      known.hasRead();
    }
  }

  /** Whether frames are delivered now. */
  boolean mayDeliver() {
    return phase == Phase.STANDS
        && handlerOpened
        && !closing
        && (layers == null || layers.isReady())
        && (pauses == null || pauses.isEmpty())
        && !(pausesWhenCongested && queue.isCongestedHere());
  }

  // ---- callbacks

  /** Gives a frame to the handler. */
  void frame(MemorySegment memory, long offset, long length) {
    home.callbackBegins();
    long mark = queue.mark();
    try {
      handler.onFrame(this, memory, offset, length);
    } catch (Throwable thrown) {
      threw(thrown, mark);
    }
    home.seam.clearInterrupt();
    if ((due & HANDOVER) != 0) {
      handOver();
    }
  }

  private void call(int what) {
    home.callbackBegins();
    long mark = queue.mark();
    try {
      switch (what) {
        case OPEN -> handler.onOpen(this);
        case DRAINED -> handler.onDrained(this);
        case SHUTDOWN -> handler.onShutdown(this);
        case DEADLINE -> handler.onDeadline(this);
        case END -> handler.onEnd(this);
        default -> throw new IllegalStateException("not a callback: " + what);
      }
    } catch (Throwable thrown) {
      threw(thrown, mark);
    }
    home.seam.clearInterrupt();
  }

  /** A callback has thrown: what it has put from a mark on is dropped. */
  void threw(Throwable thrown, long mark) {
    home.seam.handlerThrew(thrown);
    ConnectionLog.threw(this, handler, thrown);
    if (phase != Phase.TOLD) {
      if (phase != Phase.GONE) {
        queue.truncate(mark);
      }
      fail(Kind.HANDLER_THREW, thrown);
    }
  }

  /** Does what is due. Not inside of a callback. */
  void settle() {
    if (isLayered() && phase == Phase.STANDS) {
      requireNonNull(layers).arrange();
    }
    for (int i = 0; callsAreDue(); i++) {
      if (i == MAX_CALLS) {
        home.onAgenda(this);
        break;
      }
      inPass = true;
      settleOne();
      inPass = false;
    }
    if (queue.isDirty() || (layers != null && layers.isDirty())) {
      send();
    }
    advance();
    finishIfDue();
  }

  private boolean callsAreDue() {
    return switch (phase) {
      case NEW -> (due & HANDOVER) != 0;
      case STANDS -> (due & (awaitsLayers() ? HANDOVER : CALLS)) != 0;
      case GONE, TOLD -> false;
    };
  }

  private void settleOne() {
    if ((due & HANDOVER) != 0) {
      handOver();
    } else if (closing) {
      due &= ~CALLS;
    } else if ((due & OPEN) != 0) {
      due &= ~OPEN;
      open();
    } else if ((due & DRAINED) != 0) {
      due &= ~DRAINED;
      ReadTaker taker = reads.taker();
      if (taker != null) {
        taker.drained(this);
      } else {
        call(DRAINED);
      }
    } else if ((due & SHUTDOWN) != 0) {
      due &= ~SHUTDOWN;
      call(SHUTDOWN);
    }
  }

  private void open() {
    handlerOpened = true;
    isOpen = true;
    if (config.readIdleNs != 0) {
      times().opens();
    }
    call(OPEN);
    readAgain();
  }

  /** The peer sends no more, and the handler has had every frame. */
  void peerEnded() {
    peerFirst = !ending;
    call(END);
    if ((due & HANDOVER) != 0) {
      handOver();
    }
  }

  private void handOver() {
    due &= ~HANDOVER;
    ArrayList<ConnectionHandler> next = nextHandlers;
    nextHandlers = null;
    for (int i = 0; next != null && i < next.size(); i++) {
      tellClosed(new CloseCause(Kind.HANDED_OVER, handlerOpened, null, 0));
      handler = next.get(i);
      handlerOpened = false;
    }
    if (phase == Phase.STANDS && !closing && (due & OPEN) == 0 && !awaitsLayers()) {
      handlerOpened = true;
      call(OPEN);
      readAgain();
    }
  }

  @Override
  void readAgain() {
    if (phase == Phase.STANDS
        && (isLayered() ? requireNonNull(layers).isPending() : reads.isPending())) {
      home.owes(this);
    }
  }

  @Override
  void wake() {
    if (!inPass) {
      home.onAgenda(this);
    }
  }

  // ---- sending

  @Override
  void hasOutput() {
    wake();
  }

  @Override
  void sendAtOnce() {
    send();
  }

  private void send() {
    queue.clean();
    StreamSocket to = socket;
    LayerStack between = layers;
    if (phase != Phase.STANDS || to == null || wire().isBlocked()) {
      return;
    }
    try {
      if (between == null ? !queue.send(to) : !between.send(to)) {
        queue.soil();
        home.onAgenda(this);
      }
    } catch (IOException e) {
      fail(Kind.PEER_RESET, e);
    }
  }

  @Override
  void isBlocked() {
    times().blocks();
  }

  @Override
  void madeProgress() {
    ConnectionTimes known = timesIfAny();
    if (known != null) {
      known.goesOn();
    }
  }

  /** The queue has fallen to the low mark. */
  @Override
  void drained() {
    due |= DRAINED;
    resumeWaiters();
    if (pausesWhenCongested) {
      readAgain();
    }
    wake();
  }

  private void resumeWaiters() {
    ArrayList<SocketConnection> waiting = waiters;
    waiters = null;
    for (int i = 0; waiting != null && i < waiting.size(); i++) {
      waiting.get(i).resumeHere(queue);
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
  void isFinished(Kind kind, @Nullable Throwable why, long undelivered) {
    resumeWaiters();
    if (server != null) {
      server.left(this, undelivered);
    }
    if ((due & HANDOVER) != 0) {
      handOver();
    }
    tellClosed(new CloseCause(kind, handlerOpened, why, undelivered));
  }

  private void tellClosed(CloseCause why) {
    home.callbackBegins();
    try {
      handler.onClosed(this, why);
    } catch (Throwable thrown) {
      home.seam.handlerThrew(thrown);
      ConnectionLog.threw(this, handler, thrown);
    }
    home.seam.clearInterrupt();
  }

  // ---- shutdown

  /** The loop or the server shuts down. */
  void tellOfShutdown() {
    if (awaitsLayers()) {
      fail(Kind.SHUTDOWN, null);
    } else if (!shutdownTold) {
      shutdownTold = true;
      due |= SHUTDOWN;
      home.onAgenda(this);
    }
  }

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

  /** The time of {@link #deadline} is over. */
  void deadlineIsOver() {
    if (phase == Phase.STANDS && handlerOpened && !closing) {
      call(DEADLINE);
    }
  }

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
    fail(Kind.OVERFLOW, null);
  }

  @Override
  void outOfMemory() {
    fail(Kind.NO_MEMORY, null);
  }

  @Override
  void refused() {
    if (!isGone() && !queue.isClosed()) {
      due |= DRAINED;
      home.onAgenda(this);
    }
  }

  @Override
  void run(Runnable task) {
    if ((due & CALLS) != 0) {
      settle();
    }
    long mark = queue.mark();
    try {
      task.run();
    } catch (Throwable thrown) {
      threw(thrown, mark);
    }
    home.seam.clearInterrupt();
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

  @Override
  public void handler(ConnectionHandler next) {
    requireHere("handler()");
    requireNonNull(next, "handler");
    if (phase == Phase.TOLD) {
      throw new IllegalStateException("it has ended, and no handler takes over: " + this);
    }
    if (nextHandlers == null) {
      nextHandlers = new ArrayList<>(1);
    }
    nextHandlers.add(next);
    due |= HANDOVER;
    wake();
  }

  /**
   * Lets somebody else read, in place of the framer and the handler, from the first unread byte on;
   * or null for them again. Where a relay plugs in.
   */
  void taker(@Nullable ReadTaker taker) {
    reads.taker(taker);
    readAgain();
  }

  /** Its input and its output have nothing to do with each other: it is never paused by congestion. */
  void readsThoughCongested() {
    pausesWhenCongested = false;
    readAgain();
  }

  /** Whether its handler has heard that it is open. */
  boolean hasOpened() {
    return handlerOpened;
  }

  /** Whether bytes were read that nobody has taken, for a pool that will not lend such a one. */
  boolean hasUnread() {
    return reads.hasUnread();
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
    return "Connection[%s, from %s%s]".formatted(remoteAddress(), local, isOpen ? "" : ", " + phase);
  }
}
