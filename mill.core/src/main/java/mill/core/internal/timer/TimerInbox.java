package mill.core.internal.timer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * The timers that other threads have changed, for the loop to look at. Each timer is in it once,
 * and brings the link with it.
 */
final class TimerInbox {
  /** What became of an addition. */
  enum Added {
    /** The loop will see it. */
    YES,
    /** The loop will see it, and should do so now, since so many have gathered. */
    CROWDED,
    /**
     * The inbox takes nothing more. Another thread may have relied on this one to add the timer: it
     * is this one's to cancel, whatever is wanted of it.
     */
    CLOSED
  }

  /**
   * At every multiple of this many timers the loop is told to empty the inbox: those that are
   * cancelled keep alive what their tasks refer to, and that may be large.
   */
  static final int CROWD = 64;

  private static final VarHandle NEWEST;

  static {
    try {
      NEWEST = MethodHandles.lookup().findVarHandle(TimerInbox.class, "newest", TimerNode.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final class End extends TimerNode {}

  private static final TimerNode END = new End();

  private volatile @Nullable TimerNode newest;

  /** Makes an empty inbox. */
  TimerInbox() {}

  /**
   * Adds a timer, if it is not in the inbox already. Any thread, after it has exchanged the
   * deadline.
   *
   * @param node the timer
   * @return what became of it
   */
  Added add(TimerNode node) {
    if (!node.raiseQueued()) {
      return newest == END ? Added.CLOSED : Added.YES;
    }
    Added added = null;
    try {
      added = push(node);
    } finally {
      if (added == null) { // the stack has overflowed: somebody else may still bring the timer
        node.queued = 0;
      }
    }
    return added;
  }

  private Added push(TimerNode node) {
    while (true) {
      TimerNode head = newest;
      if (head == END) {
        return Added.CLOSED;
      }
      int depth = head == null ? 1 : head.queued() + 1;
      node.inboxNext = head;
      node.setDepth(depth);
      if (NEWEST.compareAndSet(this, head, node)) {
        return depth % CROWD == 0 ? Added.CROWDED : Added.YES;
      }
    }
  }

  /**
   * {@return whether there is nothing to take} The loop's thread, which sees what was added before
   * it looked.
   */
  boolean isEmpty() {
    TimerNode head = newest;
    return head == null || head == END;
  }

  /**
   * Takes everything.
   *
   * @return the oldest timer, to be passed to {@link #takeNext}, or null
   */
  @Nullable TimerNode takeAll() {
    return isEmpty() ? null : reversed((TimerNode) NEWEST.getAndSet(this, null));
  }

  /**
   * Refuses all further timers and takes everything.
   *
   * @return as {@link #takeAll}
   */
  @Nullable TimerNode close() {
    TimerNode head = (TimerNode) NEWEST.getAndSet(this, END);
    return reversed(head == END ? null : head);
  }

  /**
   * Lets go of a timer that was taken: from here on it can be added again, and the deadline must be
   * read after this.
   *
   * @param node the timer
   * @return the one that was added after it, or null
   */
  @Nullable TimerNode takeNext(TimerNode node) {
    TimerNode next = node.inboxNext;
    node.inboxNext = null;
    node.lowerQueued();
    return next;
  }

  private static @Nullable TimerNode reversed(@Nullable TimerNode newest) {
    TimerNode oldest = null;
    TimerNode node = newest;
    while (node != null) {
      TimerNode older = node.inboxNext;
      node.inboxNext = oldest;
      oldest = node;
      node = older;
    }
    return oldest;
  }
}
