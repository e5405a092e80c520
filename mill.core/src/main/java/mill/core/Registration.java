package mill.core;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.CompletionStage;
import mill.core.internal.UncaughtExceptions;
import mill.natives.Interest;
import mill.natives.Pollable;
import mill.natives.Readiness;
import mill.natives.Trigger;
import org.jspecify.annotations.Nullable;

/**
 * A pollable's place in an {@link EventLoop}: what it waits for, and the handler that is called.
 * Any thread.
 *
 * <p>What the loop and the workers share is one word:
 *
 * <pre>
 *            event                    a worker takes it
 *   IDLE ───────────▶ SCHEDULED|bits ──────────────────▶ SCHEDULED ──▶ callback
 *     ▲                                 event: |= bits       │
 *     └──────────────────────────────────────────────────────┘ no bits came meanwhile
 *
 *   CANCELLED is added in any state and never taken away: no callback starts after it.
 * </pre>
 */
public final class Registration {
  /** Beside the bits of {@link Readiness}: calls {@link EventHandler#onShutdown}. */
  static final int SHUTDOWN = 1 << 6;

  private static final int READINESS_MASK = 0x3f;
  private static final int EVENTS_MASK = READINESS_MASK | SHUTDOWN;
  private static final int SCHEDULED = 1 << 8;
  private static final int CANCELLED = 1 << 9;
  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Registration.class, "state", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final EventLoop loop;
  private final Reactor reactor;
  private final Pollable pollable;
  private final EventHandler handler;

  // Held while the kernel is told, so that it and these never disagree, and that what a cancelled
  // registration still wants never reaches its successor. Taken before the pollable's lock, and
  // after a throttle's.
  private final Object lock = new Object();

  // Guarded by lock. The annotation that says so is for classes that users do not compile against:
  // it stays in the class file, and javac -Xlint:all misses its definition there.
  private Interest interest;
  private Trigger trigger;
  private Interest suspended = Interest.NONE; // not asked for meanwhile, whatever the interest
  private @Nullable Throttle readThrottle; // made when it is first needed, as are the next two
  private @Nullable Throttle writeThrottle;
  private Quiescence.@Nullable Stage quiet;

  @SuppressWarnings("FieldMayBeFinal") // written through STATE
  private volatile int state;

  private volatile @Nullable Object attachment;
  private volatile @Nullable Thread runner;

  /** Set before the kernel is armed with it. */
  long token;

  Registration(
      EventLoop loop,
      Reactor reactor,
      Pollable pollable,
      EventHandler handler,
      Interest interest,
      Trigger trigger) {
    this.loop = loop;
    this.reactor = reactor;
    this.pollable = pollable;
    this.handler = handler;
    this.interest = interest;
    this.trigger = trigger;
  }

  /** {@return the loop} Any thread. */
  public EventLoop loop() {
    return loop;
  }

  /** {@return what is registered} Any thread. */
  public Pollable pollable() {
    return pollable;
  }

  /** {@return what is reported at present} Any thread. */
  public Interest interest() {
    synchronized (lock) {
      return interest;
    }
  }

  /**
   * Changes what is reported. See {@link #setInterest(Interest, Trigger)}.
   *
   * @param newInterest what to report from now on
   * @throws IOException if the kernel refuses; the old interest stays
   */
  public void setInterest(Interest newInterest) throws IOException {
    change(newInterest, null);
  }

  /**
   * Changes what is reported and how often, and re-arms a one-shot that has fired. Takes effect at
   * once; an event that was on its way already may still arrive.
   *
   * @param newInterest what to report from now on; {@link Interest#NONE} for nothing at all, not
   *     even errors
   * @param newTrigger how often
   * @throws IOException if the kernel refuses; the old interest stays
   * @throws ClosedChannelException if the pollable is closed
   * @throws IllegalStateException if this is cancelled
   */
  public void setInterest(Interest newInterest, Trigger newTrigger) throws IOException {
    change(newInterest, requireNonNull(newTrigger, "newTrigger"));
  }

  private void change(Interest newInterest, @Nullable Trigger newTrigger) throws IOException {
    synchronized (lock) {
      if (!isCancelled()) {
        changeLocked(newInterest, newTrigger == null ? trigger : newTrigger);
        return;
      }
    }
    // Without the lock: the text is a user's toString.
    if (!pollable.isOpen()) {
      throw new ClosedChannelException();
    }
    throw new IllegalStateException("cancelled: register " + pollable + " anew");
  }

  private void changeLocked(Interest newInterest, Trigger newTrigger) throws IOException {
    assert Thread.holdsLock(lock);
    if (newInterest == interest && newTrigger == trigger && trigger == Trigger.LEVEL) {
      return;
    }
    reactor.change(pollable, newInterest.without(suspended), newTrigger);
    interest = newInterest;
    trigger = newTrigger;
  }

  /**
   * Holds one direction to the rate of one or more limiters. Any thread.
   *
   * <p>A limiter may be this registration's own, or shared with others, also of other loops. What
   * the handler reads, writes or accepts it asks the throttle for. Cancelling gives back what was
   * reserved.
   *
   * {@snippet class=mill.core.snippets.ThrottleSnippets region=read}
   *
   * @param direction {@link Interest#READABLE}, for reading and accepting, or {@link
   *     Interest#WRITABLE}
   * @param own the first limiter
   * @param shared others that have to permit it as well
   * @return the throttle
   * @throws IllegalArgumentException if the direction is another
   * @throws IllegalStateException if this direction has a throttle already, or this is cancelled
   */
  public Throttle throttle(Interest direction, RateLimiter own, RateLimiter... shared) {
    if (direction != Interest.READABLE && direction != Interest.WRITABLE) {
      throw new IllegalArgumentException(
          "the direction must be READABLE or WRITABLE, not " + direction);
    }
    boolean reads = direction == Interest.READABLE;
    Throttle made;
    synchronized (lock) {
      if ((reads ? readThrottle : writeThrottle) != null) {
        throw new IllegalStateException(
            direction + " has a throttle already: give it all limiters at once");
      }
      made = new Throttle(onTime -> gate(direction, onTime), own, shared);
      if (reads) {
        readThrottle = made;
      } else {
        writeThrottle = made;
      }
    }
    if (isCancelled()) {
      made.close();
      throw new IllegalStateException("cancelled: register " + pollable + " anew");
    }
    return made;
  }

  private ThrottleGate gate(Interest direction, Runnable onTime) {
    return new DirectionGate(
        on -> setSuspended(direction, on), this::close, loop::newTimeout, onTime);
  }

  /** {@return the object that was attached, or null} Any thread. */
  @SuppressWarnings("exports") // see module-info
  public @Nullable Object attachment() {
    return attachment;
  }

  /**
   * Attaches an object, in place of the one before. Any thread.
   *
   * @param object any object, or null
   */
  @SuppressWarnings("exports") // see module-info
  public void attach(@Nullable Object object) {
    attachment = object;
  }

  /**
   * Takes the pollable out of the loop; it stays open. A second call does nothing more.
   *
   * <p>The kernel forgets it before this returns. A callback may be under way on another thread
   * just then: the stage completes when there is none any more and none will come. Called on the
   * thread that runs this registration's callbacks, it is complete at once; the callback that calls
   * it, of course, still runs to its end.
   *
   * @return completes, normally, when no callback runs or will run. Do not block on it in a handler
   */
  public CompletionStage<Void> cancel() {
    if (markCancelled()) {
      try {
        synchronized (lock) {
          deregister();
        }
      } finally {
        reactor.removed(this);
      }
    }
    return reactor.whenQuiet(this);
  }

  // Whoever changes the interest at this moment has done so before: it is not a successor's.
  private void deregister() {
    assert Thread.holdsLock(lock);
    reactor.deregister(pollable);
  }

  /** Cancels, and closes the pollable. Any thread. */
  public void close() {
    try {
      cancel();
    } finally {
      pollable.close();
    }
  }

  /**
   * {@return whether no callback will start any more: {@link #cancel()} was called, the pollable
   * was closed, the handler threw or the loop was closed} Any thread.
   */
  public boolean isCancelled() {
    return (state & CANCELLED) != 0;
  }

  /** {@return pollable, interest and whether it is cancelled} */
  @Override
  public String toString() {
    return "Registration[" + pollable + ", " + interest() + (isCancelled() ? ", cancelled]" : "]");
  }

  /** Stops asking for a part of the interest, or asks for it again; what is left of it stays. */
  void setSuspended(Interest direction, boolean on) throws IOException {
    synchronized (lock) {
      if (isCancelled() || !pollable.isOpen()) {
        return;
      }
      Interest now = on ? suspended.with(direction) : suspended.without(direction);
      if (interest.without(now) != interest.without(suspended)) {
        reactor.change(pollable, interest.without(now), trigger);
      }
      suspended = now;
    }
  }

  /** Gives back what the throttles have reserved. After this was marked cancelled. */
  void closeThrottles() {
    Throttle reads;
    Throttle writes;
    synchronized (lock) {
      reads = readThrottle;
      writes = writeThrottle;
    }
    if (reads != null) {
      reads.close();
    }
    if (writes != null) {
      writes.close();
    }
  }

  /** Calls the handler for events. On the thread that runs this registration's callbacks. */
  void fire(int events) {
    int readiness = events & READINESS_MASK;
    try {
      if (readiness != 0 && !isCancelled()) {
        handler.onReady(this, Readiness.of(readiness));
      }
      if ((events & SHUTDOWN) != 0 && !isCancelled()) {
        handler.onShutdown(this);
      }
    } catch (Throwable thrown) {
      reactor.handlerThrew();
      fail(thrown);
    }
  }

  /** The handler. Any thread; takes no lock. */
  EventHandler handler() {
    return handler;
  }

  /** How many bytes the handler says it has not delivered. Any thread. */
  long undeliveredBytes() {
    try {
      return Math.max(0, handler.undeliveredBytes(this));
    } catch (Throwable thrown) {
      UncaughtExceptions.report(thrown);
      return 0;
    }
  }

  /** Notes an event for a worker; true if this is now to be submitted. */
  boolean schedule(int events) {
    int before = (int) STATE.getAndBitwiseOr(this, events | SCHEDULED);
    return (before & SCHEDULED) == 0;
  }

  /**
   * Calls the handler on a worker's thread; true if events came meanwhile and this is to be
   * submitted again.
   */
  boolean runScheduled() {
    int taken = (int) STATE.getAndBitwiseAnd(this, ~EVENTS_MASK);
    if ((taken & EVENTS_MASK) != 0 && (taken & CANCELLED) == 0) {
      runner = Thread.currentThread();
      try {
        fire(taken & EVENTS_MASK);
        rearm();
      } finally {
        runner = null;
      }
    }
    while (true) {
      int seen = state;
      boolean more = (seen & EVENTS_MASK) != 0 && (seen & CANCELLED) == 0;
      if (more) {
        return true;
      }
      if (STATE.compareAndSet(this, seen, seen & CANCELLED)) {
        if ((seen & CANCELLED) != 0) {
          completeQuiet();
        }
        return false;
      }
    }
  }

  /** Gives up what was noted for a worker, when none comes any more. Whoever has this instead. */
  void dropScheduled() {
    int before = (int) STATE.getAndBitwiseAnd(this, ~(EVENTS_MASK | SCHEDULED));
    if ((before & CANCELLED) != 0) {
      completeQuiet();
    }
  }

  /** Marks; true for the first time. */
  boolean markCancelled() {
    return ((int) STATE.getAndBitwiseOr(this, CANCELLED) & CANCELLED) == 0;
  }

  /** Whether a worker has this, or will have. */
  private boolean isScheduled() {
    return (state & SCHEDULED) != 0;
  }

  /** Completes when no worker has this any more, nor will. After this was marked cancelled. */
  CompletionStage<Void> whenNotScheduled() {
    if (runner == Thread.currentThread() || !isScheduled()) {
      return Quiescence.DONE;
    }
    Quiescence.Stage stage = quiet();
    if (!isScheduled()) {
      stage.complete(null); // the worker finished before it could see that somebody waits
    }
    return stage.minimalCompletionStage();
  }

  /**
   * The stage of those who wait until no callback runs. One for each registration, however many
   * wait.
   */
  Quiescence.Stage quiet() {
    synchronized (lock) {
      if (quiet == null) {
        quiet = new Quiescence.Stage();
      }
      return quiet;
    }
  }

  private void completeQuiet() {
    Quiescence.Stage waiting;
    synchronized (lock) {
      waiting = quiet;
    }
    if (waiting != null) {
      waiting.complete(null);
    }
  }

  // What a worker has handled was armed as a one-shot, whatever the user asked for, or the loop
  // would spin on it meanwhile.
  private void rearm() {
    try {
      synchronized (lock) {
        Interest armed = interest.without(suspended);
        if (!isCancelled() && trigger == Trigger.LEVEL && armed != Interest.NONE) {
          reactor.change(pollable, armed, trigger);
        }
      }
    } catch (ClosedChannelException | IllegalStateException e) {
      // Closed or cancelled by another thread between the question and the change: there is nothing
      // to re-arm.
      if (!isCancelled() && pollable.isOpen()) {
        fail(e);
      }
    } catch (IOException e) {
      fail(e);
    }
  }

  @SuppressWarnings("ReferenceEquality") // whether it is the very same
  private void fail(Throwable thrown) {
    try {
      close();
    } catch (RuntimeException e) {
      thrown.addSuppressed(e);
    }
    try {
      handler.onError(this, thrown);
    } catch (Throwable second) {
      if (second != thrown) { // nothing suppresses itself: that would be thrown, and end the loop
        second.addSuppressed(thrown);
      }
      UncaughtExceptions.report(second);
    }
  }
}
