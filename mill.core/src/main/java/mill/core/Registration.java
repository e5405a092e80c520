package mill.core;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import mill.core.internal.PlatformFuture;
import mill.core.internal.RegistrationTable;
import mill.core.internal.TaskQueue;
import mill.core.internal.UncaughtExceptions;
import mill.natives.Interest;
import mill.natives.Pollable;
import mill.natives.Readiness;
import mill.natives.Trigger;
import org.jspecify.annotations.Nullable;

/**
 * A pollable's place in an {@link EventLoop}: what it waits for, and the handler that is called.
 * Any thread. It ends once, whoever ends it; its handler hears that last.
 */
public final class Registration extends Registered {
  /** How many tasks of {@link #execute} wait at most. */
  public static final int MAX_TASKS = 128;

  private static final CompletionStage<Void> DONE = CompletableFuture.completedStage(null);

  private final EventLoop loop;
  private final Pollable pollable;
  private final EventHandler handler;

  // Held while the kernel is told, so that it and these never disagree, and that what a cancelled
  // registration still wants never reaches its successor. Taken before the pollable's lock, and
  // after a throttle's.
  private final Object lock = new Object();

  @GuardedBy("lock")
  private Interest interest;

  @GuardedBy("lock")
  private Trigger trigger;

  @GuardedBy("lock")
  private @Nullable RegistrationExtras extras;

  private volatile @Nullable Object attachment;

  /** Set before the kernel is armed with it. */
  long token = RegistrationTable.NO_TOKEN;

  Registration(
      EventLoop loop, Pollable pollable, EventHandler handler, Interest interest, Trigger trigger) {
    this.loop = loop;
    this.pollable = pollable;
    this.handler = handler;
    this.interest = interest;
    this.trigger = trigger;
    if (trigger == Trigger.ONESHOT) {
      setOneShotArmed(true);
    }
  }

  /** {@return the loop} Any thread. */
  public EventLoop loop() {
    return loop;
  }

  // Not a field: there are many of these.
  private Reactor reactor() {
    return loop.reactor();
  }

  /** {@return what is registered} Any thread. */
  @Override
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
   * @throws IllegalStateException if this is cancelled or the loop has ended
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
   * @throws IllegalStateException if this is cancelled or the loop has ended
   */
  public void setInterest(Interest newInterest, Trigger newTrigger) throws IOException {
    change(newInterest, requireNonNull(newTrigger, "newTrigger"));
  }

  private void change(Interest newInterest, @Nullable Trigger newTrigger) throws IOException {
    reactor().requireNotEnded();
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
    throw new IllegalStateException(cancelled());
  }

  private String cancelled() {
    return "cancelled: register " + pollable + " anew";
  }

  @GuardedBy("lock")
  private void changeLocked(Interest newInterest, Trigger newTrigger) throws IOException {
    assert Thread.holdsLock(lock);
    if (newInterest == interest && newTrigger == trigger && trigger == Trigger.LEVEL) {
      return;
    }
    boolean armed = isOneShotArmed();
    boolean arms = newTrigger == Trigger.ONESHOT;
    if (arms != armed) {
      setOneShotArmed(arms);
    }
    boolean changed = false;
    try {
      reactor().change(pollable, newInterest.without(suspended()), newTrigger);
      changed = true;
    } finally {
      if (!changed && arms != armed) {
        setOneShotArmed(armed);
      }
    }
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
   * @throws IllegalStateException if this direction has a throttle already, this is cancelled or
   *     the loop has ended
   */
  public Throttle throttle(Interest direction, RateLimiter own, RateLimiter... shared) {
    if (direction != Interest.READABLE && direction != Interest.WRITABLE) {
      throw new IllegalArgumentException(
          "the direction must be READABLE or WRITABLE, not " + direction);
    }
    reactor().requireNotEnded();
    boolean reads = direction == Interest.READABLE;
    Throttle made;
    synchronized (lock) {
      RegistrationExtras more = extras();
      Throttle before = reads ? more.readThrottle : more.writeThrottle;
      if (before != null && !before.isClosed()) {
        throw new IllegalStateException(
            direction
                + " has a throttle already: close that one first, or give it all limiters at once");
      }
      made = new Throttle(onTime -> gate(direction, onTime), own, shared);
      if (reads) {
        more.readThrottle = made;
      } else {
        more.writeThrottle = made;
      }
    }
    if (isCancelled()) {
      made.close();
      throw new IllegalStateException(cancelled());
    }
    return made;
  }

  private ThrottleGate gate(Interest direction, Runnable onTime) {
    return new DirectionGate(
        on -> setSuspended(direction, on),
        () -> close(CloseReason.FAILED),
        loop::newTimeout,
        onTime);
  }

  @GuardedBy("lock")
  private RegistrationExtras extras() {
    assert Thread.holdsLock(lock);
    RegistrationExtras made = extras;
    if (made == null) {
      made = new RegistrationExtras();
      extras = made;
    }
    return made;
  }

  @GuardedBy("lock")
  private Interest suspended() {
    assert Thread.holdsLock(lock);
    return extras == null ? Interest.NONE : extras.suspended;
  }

  /**
   * Runs a task where this registration's callbacks run, never at the same time as one of them:
   * with {@link DispatchMode#INLINE} on the loop's thread, with {@link DispatchMode#WORKERS} on a
   * worker. Any thread; in the order of the calls.
   *
   * <p>A task that is accepted runs exactly once: also if this is cancelled meanwhile, and before
   * {@link EventHandler#onClosed}; if the loop never runs or has just ended, as it is closed. What
   * it throws goes to the thread's uncaught-exception handler, and this registration goes on.
   *
   * @param task what to run
   * @throws RejectedExecutionException if {@link #MAX_TASKS} tasks of this registration wait, it is
   *     cancelled or the loop has ended; the task will not run then
   */
  public void execute(Runnable task) {
    requireNonNull(task, "task");
    switch (offer(task)) {
      case ACCEPTED -> {}
      case FULL ->
          throw new RejectedExecutionException(
              MAX_TASKS + " tasks of this registration wait already: submit more slowly");
      case CLOSED -> throw refused();
    }
  }

  /**
   * Runs a task when a time has passed, as {@link #execute} does. Any thread.
   *
   * <p>It does not run any more when this has been cancelled, nor when the loop has ended. A timer
   * of a long delay keeps its task until then: cancel it in {@link EventHandler#onClosed} if that
   * matters. It can be scheduled again and again without garbage.
   *
   * @param delay how long to wait; negative counts as 0
   * @param task what to run
   * @return the timer. With {@link DispatchMode#WORKERS} a task that is due and waits for a worker
   *     counts as one that runs: it cannot be called back
   * @throws RejectedExecutionException if this is cancelled or the loop has ended
   */
  public Timeout schedule(Duration delay, Runnable task) {
    requireNonNull(task, "task");
    if (isCancelled()) {
      throw refused();
    }
    Timeout timer = new SerialTask(this, reactor().callsInline(), loop::newTimeout, task).timer();
    timer.reschedule(delay);
    return timer;
  }

  private RejectedExecutionException refused() {
    return new RejectedExecutionException(isCancelled() ? cancelled() : reactor().endedMessage());
  }

  @Override
  TaskQueue.Offer offer(Runnable task) {
    if (!reactor().takesTasks()) {
      return TaskQueue.Offer.CLOSED;
    }
    TaskQueue tasks;
    synchronized (lock) {
      if (isCancelled()) {
        return TaskQueue.Offer.CLOSED;
      }
      RegistrationExtras more = extras();
      tasks = more.tasks == null ? new TaskQueue(MAX_TASKS) : more.tasks;
      more.tasks = tasks;
    }
    TaskQueue.Offer offer = tasks.offer(task);
    if (offer == TaskQueue.Offer.ACCEPTED) {
      reactor().hasTasks(this);
    }
    return offer;
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
   * just then: the stage completes when there is none any more, {@link EventHandler#onClosed} has
   * been called and nothing more will come. Called on the thread that runs this registration's
   * callbacks, it is complete at once; the callback that calls it, of course, still runs to its
   * end, and {@code onClosed} comes after it.
   *
   * @return completes, normally, when no callback runs or will run. Do not block on it in a handler
   */
  public CompletionStage<Void> cancel() {
    cancel(CloseReason.CANCELLED);
    return whenQuiet();
  }

  private void cancel(CloseReason reason) {
    if (markCancelled(reason)) {
      try {
        synchronized (lock) {
          deregister();
        }
      } finally {
        reactor().removed(this);
      }
    }
  }

  // Whoever changes the interest at this moment has done so before: it is not a successor's.
  @GuardedBy("lock")
  private void deregister() {
    assert Thread.holdsLock(lock);
    reactor().deregister(pollable);
  }

  /** Cancels, and closes the pollable. Any thread. */
  public void close() {
    close(CloseReason.CANCELLED);
  }

  @Override
  void close(CloseReason reason) {
    try {
      cancel(reason);
    } finally {
      pollable.close();
    }
  }

  /**
   * The kernel has refused to arm this, which is not in the table any more. The caller's thread.
   */
  void refuse() {
    if (markCancelled(CloseReason.REFUSED)) {
      closeTasks();
      schedule(CLOSING);
      runCalls();
    }
  }

  /**
   * {@return whether no callback will start any more: {@link #cancel()} was called, the pollable
   * was closed, the handler threw or the loop was closed} Any thread.
   */
  public boolean isCancelled() {
    return isMarkedCancelled();
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
      RegistrationExtras more = extras();
      Interest now = on ? more.suspended.with(direction) : more.suspended.without(direction);
      // A one-shot that has fired is the user's to arm: nothing is reported that had to be held.
      boolean hasFired = trigger == Trigger.ONESHOT && !isOneShotArmed();
      if (!hasFired && interest.without(now) != interest.without(more.suspended)) {
        reactor().change(pollable, interest.without(now), trigger);
      }
      more.suspended = now;
    }
  }

  /** Gives back what the throttles have reserved. After this was marked cancelled. */
  void closeThrottles() {
    Throttle reads;
    Throttle writes;
    synchronized (lock) {
      reads = extras == null ? null : extras.readThrottle;
      writes = extras == null ? null : extras.writeThrottle;
    }
    if (reads != null) {
      reads.close();
    }
    if (writes != null) {
      writes.close();
    }
  }

  /** Accepts no more tasks. After this was marked cancelled. */
  void closeTasks() {
    synchronized (lock) {
      if (extras != null && extras.tasks != null) {
        extras.tasks.close();
      }
    }
  }

  @Override
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
      reactor().handlerThrew();
      fail(thrown);
    }
  }

  @Override
  boolean reported(int events) {
    return isScheduled() ? reportedMeanwhile(events) : schedule(events);
  }

  // By level it would be reported in every poll until the handler has dealt with it, and those who
  // poll would spin. To hold it only then is dear, but most events come while nobody calls the
  // handler.
  private boolean reportedMeanwhile(int events) {
    synchronized (lock) {
      if (trigger != Trigger.LEVEL || isCancelled() || !hold(events)) {
        return schedule(events);
      }
      try {
        reactor().change(pollable, Interest.NONE, Trigger.LEVEL);
      } catch (IOException | IllegalStateException e) {
        // Closed by another thread meanwhile; or else it is reported once more, and held then.
      }
      return false;
    }
  }

  @Override
  void rearm() {
    try {
      synchronized (lock) {
        letGo();
        Interest armed = interest.without(suspended());
        if (!isCancelled() && trigger == Trigger.LEVEL && armed != Interest.NONE) {
          reactor().change(pollable, armed, trigger);
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

  private void fail(Throwable thrown) {
    try {
      close(CloseReason.FAILED);
    } catch (Throwable second) {
      UncaughtExceptions.suppress(second, thrown);
    }
    try {
      reactor().threw(thrown);
      handler.onError(this, thrown);
    } catch (Throwable second) {
      UncaughtExceptions.suppress(thrown, second);
      UncaughtExceptions.report(second);
    }
  }

  @Override
  void call(Runnable task) {
    try {
      task.run();
    } catch (Throwable thrown) {
      reactor().taskThrew(thrown);
    }
  }

  @Override
  void callOnClosed(CloseReason reason) {
    try {
      handler.onClosed(this, reason);
    } catch (Throwable thrown) {
      UncaughtExceptions.report(thrown);
    }
  }

  @Override
  long undeliveredBytes() {
    try {
      return Math.max(0, handler.undeliveredBytes(this));
    } catch (Throwable thrown) {
      UncaughtExceptions.report(thrown);
      return 0;
    }
  }

  /** The handler. Any thread; takes no lock. */
  EventHandler handler() {
    return handler;
  }

  @Override
  Class<?> handlerClass() {
    return handler.getClass();
  }

  @Override
  boolean closesWhenTold() {
    return handler instanceof EventLoop.ListenerPlace;
  }

  @Override
  @Nullable TaskQueue tasks() {
    synchronized (lock) {
      return extras == null ? null : extras.tasks;
    }
  }

  /** Completes when nothing is called any more, nor will be. After this was marked cancelled. */
  private CompletionStage<Void> whenQuiet() {
    if (isClosed() || isCalledHere() || reactor().callsOnThisThread()) {
      return DONE;
    }
    CompletableFuture<Void> waiting;
    synchronized (lock) {
      RegistrationExtras more = extras();
      waiting = more.quiet == null ? new PlatformFuture<>() : more.quiet;
      more.quiet = waiting;
    }
    if (isClosed()) {
      waiting.complete(null); // it was told before it could be seen that somebody waits
    }
    return waiting.copy(); // what its holder does to the copy is his own business
  }

  @Override
  void completeQuiet() {
    CompletableFuture<Void> waiting;
    synchronized (lock) {
      waiting = extras == null ? null : extras.quiet;
    }
    if (waiting != null) {
      waiting.complete(null);
    }
  }
}
