package mill.core.net;

import static java.util.Objects.requireNonNull;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import mill.core.net.CloseCause.Kind;
import org.jspecify.annotations.Nullable;

/**
 * The side of a connection that calls its handler: which callbacks are due, one at a time, never
 * inside of another. The loop's thread.
 *
 * <p>They come from four places alone: a pass after an event, a pass that was owed, {@link
 * #settle}, and the timer. What a user calls inside of one only notes what is due.
 */
abstract class ConnectionCalls extends ConnectionEnds {
  private static final int OPEN = 1;
  private static final int HANDOVER = 1 << 1;
  private static final int DRAINED = 1 << 2;
  private static final int SHUTDOWN = 1 << 3;
  private static final int CALLS = OPEN | HANDOVER | DRAINED | SHUTDOWN;
  private static final int DEADLINE = 1 << 4; // not a due, but a callback, as is the next
  private static final int END = 1 << 5;
  private static final int MAX_CALLS = 8; // in one settling

  private boolean pausesWhenCongested;
  private int due;
  private boolean inPass;
  private boolean inOnClosed;
  private ConnectionHandler handler;
  private boolean handlerOpened;
  private @Nullable ConnectionHandler nextHandler;
  private @Nullable ArrayList<ConnectionHandler> furtherHandlers; // behind that one
  private boolean shutdownTold;

  ConnectionCalls(
      LoopConnections home, ConnectionConfig config, ConnectionHandler handler, boolean accepted) {
    super(home, config);
    this.handler = handler;
    pausesWhenCongested = config.pausesWhenCongested(accepted);
  }

  /** It is not congested any more, or has ended: who waits for that reads on. */
  abstract void resumeWaiters();

  /** Lets layers start and go. */
  abstract void arrangeLayers();

  /** Whether it has not opened, because a layer is not ready. */
  abstract boolean awaitsLayers();

  /** Sends what the kernel takes. */
  abstract void send();

  /** Its input and its output have nothing to do with each other: congestion never pauses it. */
  final void readsThoughCongested() {
    pausesWhenCongested = false;
    readAgain();
  }

  /** Whether its handler has heard that it is open. */
  final boolean hasOpened() {
    return handlerOpened;
  }

  /** Whether it is given back to a pool, which is on its way here: what comes is nobody's. */
  abstract boolean isGivenBack();

  /** It has ended, and its place is free. */
  abstract void leaves(long undelivered);

  /** The handler is about to be told that another takes over. */
  abstract void takesOver();

  /** It has ended, and the handler is about to be told. */
  abstract void ends(Kind kind, @Nullable Throwable why);

  /** Whether frames are delivered now. */
  final boolean mayDeliver() {
    return phase == Phase.STANDS
        && handlerOpened
        && !closing
        && (due & HANDOVER) == 0
        && (layers == null || layers.isReady())
        && (pauses == null || pauses.isEmpty())
        && !(pausesWhenCongested && queue.isCongestedHere())
        && !isGivenBack();
  }

  /** From here on what is put is sent at the end, and what is due is done there. */
  final void beginPass() {
    inPass = true;
  }

  final void endPass() {
    inPass = false;
  }

  // ---- callbacks

  /** Gives a frame to the handler. */
  final void frame(MemorySegment memory, long offset, long length) {
    home.callbackBegins();
    long mark = queue.mark();
    try {
      handler.onFrame(this, memory, offset, length);
    } catch (Throwable thrown) {
      threw(thrown, mark);
    }
    home.seam.clearInterrupt();
    handOverIfDue();
  }

  private void handOverIfDue() {
    // The onOpen of the next may hand over as well, and so on: the rest waits for its turn.
    for (int i = 0; i < MAX_CALLS && (due & HANDOVER) != 0 && !isGone(); i++) {
      handOver();
    }
  }

  @Override
  final void lastWord(Kind kind) {
    if (phase != Phase.STANDS || !handlerOpened) {
      return;
    }
    home.callbackBegins();
    long mark = queue.mark();
    try {
      handler.onClosing(this, kind);
    } catch (Throwable thrown) {
      threw(thrown, mark);
    }
    home.seam.clearInterrupt();
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
  final void threw(Throwable thrown, long mark) {
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
  final void settle() {
    if (layers != null) {
      arrangeLayers();
    }
    for (int i = 0; callsAreDue(); i++) {
      if (i == MAX_CALLS) {
        home.agenda.add(self());
        break;
      }
      inPass = true;
      settleOne();
      inPass = false;
    }
    if (queue.isDirty() || (layers != null && layers.down.isDirty())) {
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
        taker.drained(self());
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
    isOpen = !ending;
    if (config.readIdleNs != 0 || config.idleNs != 0) {
      times().opens();
    }
    call(OPEN);
    readAgain();
  }

  /** The peer sends no more, and the handler has had every frame. */
  final void peerEnded() {
    peerFirst = !ending;
    call(END);
    handOverIfDue();
  }

  private void handOver() {
    due &= ~HANDOVER;
    ConnectionHandler next = nextHandler;
    ArrayList<ConnectionHandler> further = furtherHandlers;
    nextHandler = null;
    furtherHandlers = null;
    if (next != null) {
      handOver(next);
    }
    for (int i = 0; further != null && i < further.size(); i++) {
      handOver(further.get(i));
    }
    if (phase == Phase.STANDS && !closing && (due & OPEN) == 0 && !awaitsLayers()) {
      handlerOpened = true;
      call(OPEN);
      readAgain();
    }
  }

  private void handOver(ConnectionHandler next) {
    takesOver();
    tellClosed(CloseCause.handedOver(handlerOpened));
    handler = next;
    handlerOpened = false;
  }

  @Override
  void isFinished(Kind kind, @Nullable Throwable why, long undelivered) {
    resumeWaiters();
    if ((due & HANDOVER) != 0) {
      handOver();
    }
    ends(kind, why);
    tellClosed(new CloseCause(kind, handlerOpened, why, undelivered));
    leaves(undelivered); // the report of a shutdown is of those whose handlers have heard
  }

  private void tellClosed(CloseCause why) {
    home.callbackBegins();
    inOnClosed = true;
    try {
      handler.onClosed(this, why);
    } catch (Throwable thrown) {
      home.seam.handlerThrew(thrown);
      ConnectionLog.threw(this, handler, thrown);
    }
    inOnClosed = false;
    home.seam.clearInterrupt();
  }

  // ---- what becomes due

  /** The connection stands. */
  final void opensSoon() {
    due |= OPEN;
    home.agenda.add(self());
  }

  @Override
  void wake() {
    if (!inPass) {
      home.agenda.add(self());
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

  /** The loop or the server shuts down. */
  final void tellOfShutdown() {
    if (awaitsLayers()) {
      fail(Kind.SHUTDOWN, null);
    } else if (!shutdownTold) {
      shutdownTold = true;
      due |= SHUTDOWN;
      home.agenda.add(self());
    }
  }

  /** The time of {@link #deadline} is over. */
  final void deadlineIsOver() {
    if ((due & CALLS) != 0) {
      settle();
    }
    if (phase == Phase.STANDS && handlerOpened && !closing) {
      call(DEADLINE);
    }
  }

  @Override
  void refused() {
    if (!isGone() && !queue.isClosed()) {
      due |= DRAINED;
      home.agenda.add(self());
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
  public void handler(ConnectionHandler next) {
    requireHere("handler()");
    requireNonNull(next, "handler");
    if (phase == Phase.TOLD || inOnClosed) {
      throw new IllegalStateException(
          phase == Phase.TOLD
              ? "it has ended, and no handler takes over: " + this
              : "another has taken over, and what becomes of the connection is his: " + this);
    }
    handOverTo(next);
  }

  /** The same, whenever it is. */
  final void handOverTo(ConnectionHandler next) {
    if (nextHandler == null) {
      nextHandler = next;
    } else {
      if (furtherHandlers == null) {
        furtherHandlers = new ArrayList<>(1);
      }
      furtherHandlers.add(next);
    }
    due |= HANDOVER;
    wake();
  }
}
