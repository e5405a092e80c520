package mill.core.net;

import static java.util.Objects.requireNonNull;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.net.SocketAddress;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The right to use a connection of a {@link ConnectionPool} for a while. Can be asked for again and
 * again, one at a time, which makes no garbage. Any thread.
 *
 * <pre>
 *          request()          first in first out            release(), discard(), it ended
 *   FREE ─────────────▶ ASKED ──────────────────▶ LENT ────────────────────────────────────▶ FREE
 *     ▲                   │ cancel(), time over,    onOpen                           onClosed
 *     └───────────────────┘ no connection
 *            onClosed, never opened
 * </pre>
 *
 * <p>The handler hears of it on the thread of the connection's loop, never inside of a call: of one
 * outcome for each request. It may ask again from its {@link ConnectionHandler#onClosed} on.
 */
public final class Lease extends Posted {
  private static final int FREE = 0;
  private static final int ASKING = 1; // it has no place to wait at yet
  private static final int ASKED = 2;
  private static final int CANCELLED = 3;
  private static final int FAILED = 4;
  private static final int LENT = 5;
  private static final int RELEASED = 6;
  private static final int DISCARDED = 7;

  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Lease.class, "state", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** How far the loop has come with it. */
  enum Step {
    NONE,
    WAITS,
    HAS,
    TOLD
  }

  final SocketAddress target;
  final ConnectionHandler handler;
  private final ConnectionPool pool;

  @SuppressWarnings("FieldMayBeFinal") // through STATE
  private volatile int state;

  private @Nullable PoolPart part; // written before ASKED, read after the state

  // The loop's.
  Step step = Step.NONE;
  long ticket;
  @Nullable Lease next;
  @Nullable Lease previous;
  @Nullable PooledConnection entry;
  @Nullable PoolTarget place; // where it waited last
  long waitsUntilNs;

  Lease(ConnectionPool pool, SocketAddress target, ConnectionHandler handler) {
    this.pool = pool;
    this.target = target;
    this.handler = handler;
  }

  /** One that has a connection from the beginning: that of a trial. */
  Lease(
      PoolPart part,
      SocketAddress target,
      Function<? super Lease, ? extends ConnectionHandler> validator) {
    this.pool = part.pool;
    this.part = part;
    this.target = target;
    handler = requireNonNull(validator.apply(this), "the validator gave no handler");
  }

  // ---- any thread

  /**
   * Asks for a connection. The handler hears {@link ConnectionHandler#onOpen} when it has one, and
   * {@link ConnectionHandler#onClosed} with {@link CloseCause.Kind#HANDED_OVER} when it was given
   * back; or {@code onClosed} with a cause that was never {@linkplain CloseCause#opened() opened}.
   * That is {@link CloseCause.Kind#LEASE_TIMEOUT}, {@link CloseCause.Kind#POOL_EXHAUSTED}, {@link
   * CloseCause.Kind#SHUTDOWN} if the pool is closed, {@link CloseCause.Kind#LOCAL} if it was
   * cancelled, or why no connection could be made.
   *
   * @throws IllegalStateException if it is asked for already
   */
  public void request() {
    if (!STATE.compareAndSet(this, FREE, ASKING)) {
      throw new IllegalStateException("it is asked for already, or lent: " + this);
    }
    PoolPart chosen = pool.choose();
    part = chosen;
    STATE.setRelease(this, ASKED);
    chosen.send(this);
  }

  /**
   * Takes the request back.
   *
   * @return true if it will have no connection, and is told so; false if there is none to take
   *     back: it has a connection, or is about to hear that it has none
   */
  public boolean cancel() {
    return decide(ASKED, CANCELLED);
  }

  /**
   * Gives the connection back, for others to use. The pool takes framer, deadline, attachment and
   * pauses away; it closes the connection instead if anything is unread, queued, or ended. No frame
   * comes any more, whatever thread this is: what has come meanwhile is unread. Do not touch the
   * connection any more.
   *
   * @return true if it was given back; false if there was none to give: it was given back or
   *     discarded before, or has ended
   */
  public boolean release() {
    return decide(LENT, RELEASED);
  }

  /**
   * Gives the connection back as one that nobody should use again: it is closed.
   *
   * @return as for {@link #release}
   */
  public boolean discard() {
    return decide(LENT, DISCARDED);
  }

  private boolean decide(int from, int to) {
    if (!STATE.compareAndSet(this, from, to)) {
      return false;
    }
    requireNonNull(part).send(this);
    return true;
  }

  // ---- the loop's thread

  /** Something has been decided, here or elsewhere. */
  @Override
  void arrived() {
    int now = state;
    PoolPart current = requireNonNull(part);
    if (!current.home.isHere()) { // it was over while it was sent here, and asked for elsewhere
      current.home.post(this);
      return;
    }
    switch (now) {
      case ASKED -> {
        if (step == Step.NONE) {
          current.enqueue(this);
        }
      }
      case CANCELLED -> {
        if (step != Step.TOLD) {
          current.cancelled(this);
        }
      }
      case RELEASED -> comesBack(current, false);
      case DISCARDED -> comesBack(current, true);
      default -> {} // it came to nothing meanwhile
    }
  }

  private void comesBack(PoolPart current, boolean discarded) {
    if (step == Step.HAS) {
      step = Step.TOLD;
      current.cameBack(this, discarded);
    }
  }

  /** Decides that it has a connection; false if it was cancelled. */
  boolean lend(PooledConnection with) {
    if (!STATE.compareAndSet(this, ASKED, LENT)) {
      return false;
    }
    has(with);
    return true;
  }

  /** Whether it was given back, which has perhaps not arrived here. */
  boolean isGivenBack() {
    int now = state;
    return now == RELEASED || now == DISCARDED;
  }

  /** The same for a trial. */
  void lendForTrial(PooledConnection with) {
    state = LENT;
    has(with);
  }

  private void has(PooledConnection with) {
    entry = with;
    step = Step.HAS;
  }

  /** Decides that it has no connection; false if it was cancelled. */
  boolean refuse() {
    return STATE.compareAndSet(this, ASKED, FAILED);
  }

  /** It is over, and can be asked for again. */
  void free() {
    entry = null;
    step = Step.NONE;
    STATE.setRelease(this, FREE);
  }

  /** {@return the target, and how far it has come} */
  @Override
  public String toString() {
    return "Lease[%s, %s]"
        .formatted(
            target,
            switch (state) {
              case FREE -> "free";
              case ASKING, ASKED -> "asked for";
              case CANCELLED, FAILED -> "refused";
              case LENT -> "lent";
              default -> "given back";
            });
  }
}
