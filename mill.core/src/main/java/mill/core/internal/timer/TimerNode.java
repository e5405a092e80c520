package mill.core.internal.timer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link TimerWheel} links: a timer with its own links, so that the wheel allocates nothing.
 *
 * <p>Only {@code deadline} is shared: it says when the timer is wanted, and any thread may exchange
 * it. Where the timer is linked says only when somebody will look at that; both agree again once
 * the loop has been through its inbox.
 *
 * <pre>
 *            exchange(d)                        exchange(e)
 *   NONE ────────────────▶ d, scheduled ───────────────────▶ e, scheduled
 *    ▲                       │        │
 *    └── exchange(NONE) ─────┘        └── compareAndSet(d, NONE) ──▶ NONE, the loop runs the task
 * </pre>
 */
abstract class TimerNode {
  /** The deadline of a timer that is not scheduled. */
  static final long NONE = Long.MAX_VALUE;

  static final int UNLINKED = -1;

  private static final VarHandle DEADLINE;
  private static final VarHandle QUEUED;

  static {
    try {
      var lookup = MethodHandles.lookup();
      DEADLINE = lookup.findVarHandle(TimerNode.class, "deadline", long.class);
      QUEUED = lookup.findVarHandle(TimerNode.class, "queued", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  // The loop's thread.
  @Nullable TimerNode next;
  @Nullable TimerNode previous;
  int slot = UNLINKED;

  // Written by the thread that raised queued, read by the loop.
  @Nullable TimerNode inboxNext;

  private volatile long deadline = NONE;

  // 0, or the depth of the inbox from this node down: the node is in it, or about to be.
  // Lowered with a store where a call might overflow the stack.
  volatile int queued;

  /** Makes a timer that is not scheduled. */
  TimerNode() {}

  /**
   * {@return when the timer is wanted: nanoseconds after the wheel's origin, or {@link #NONE}} Any
   * thread.
   */
  final long deadline() {
    return deadline;
  }

  /**
   * Says when the timer is wanted. Any thread.
   *
   * @param wanted nanoseconds after the wheel's origin, or {@link #NONE}
   * @return what was wanted before
   */
  final long exchange(long wanted) {
    return (long) DEADLINE.getAndSet(this, wanted);
  }

  /**
   * Says when the timer is wanted, unless another thread did so meanwhile.
   *
   * @param expected what was wanted before
   * @param wanted nanoseconds after the wheel's origin, or {@link #NONE}
   * @return true if it is so now
   */
  final boolean compareAndSet(long expected, long wanted) {
    return DEADLINE.compareAndSet(this, expected, wanted);
  }

  /**
   * Rounds a deadline up to a tick: a timer is never early.
   *
   * @param deadlineNs not negative
   * @param tickShift a tick is {@code 1 << tickShift} ns
   * @return the tick
   */
  static long tickOf(long deadlineNs, int tickShift) {
    return -(-deadlineNs >> tickShift);
  }

  /** Raises the mark of the inbox; the one thread that gets true adds the node. */
  final boolean raiseQueued() {
    return queued == 0 && QUEUED.compareAndSet(this, 0, 1);
  }

  final int queued() {
    return queued;
  }

  /** Before the node is published. */
  final void setDepth(int depth) {
    QUEUED.set(this, depth);
  }

  /** Lowers the mark. Whoever still saw it raised has exchanged the deadline before. */
  final void lowerQueued() {
    queued = 0;
  }
}
