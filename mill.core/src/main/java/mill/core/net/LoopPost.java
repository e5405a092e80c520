package mill.core.net;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * Brings objects of other threads to a loop's thread, in their order, without garbage: a linked
 * list that is taken as a whole. As long as it can get, it holds each object once, so that nothing
 * is ever refused.
 */
final class LoopPost {
  private static final VarHandle LAST;
  private static final VarHandle IS_POSTED;

  static {
    try {
      var lookup = MethodHandles.lookup();
      LAST = lookup.findVarHandle(LoopPost.class, "last", Posted.class);
      IS_POSTED = lookup.findVarHandle(Posted.class, "isPosted", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @SuppressWarnings({"unused", "FieldMayBeFinal"}) // through LAST
  private volatile @Nullable Posted last;

  /** Whether nothing is on its way. Any thread. */
  boolean isEmpty() {
    return last == null;
  }

  /** Sends something; false if it is on its way already. Any thread. */
  boolean send(Posted what) {
    if ((boolean) IS_POSTED.getAndSet(what, true)) {
      return false;
    }
    Posted before;
    do {
      before = last;
      what.nextPosted = before;
    } while (!LAST.compareAndSet(this, before, what));
    return true;
  }

  /** Lets everything arrive that is on its way; false if nothing is. The loop's thread. */
  boolean take() {
    if (last == null) {
      return false;
    }
    Posted newest = (Posted) LAST.getAndSet(this, null);
    Posted oldest = null;
    while (newest != null) {
      Posted before = newest.nextPosted;
      newest.nextPosted = oldest;
      oldest = newest;
      newest = before;
    }
    while (oldest != null) {
      Posted one = oldest;
      oldest = one.nextPosted;
      one.nextPosted = null;
      one.isPosted = false; // before it looks: what changes from now on is posted anew
      one.arrived();
    }
    return true;
  }
}
