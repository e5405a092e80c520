package mill.core.net;

import org.jspecify.annotations.Nullable;

/**
 * What {@link LoopPost} brings to a loop's thread; posted again while it is on its way, it comes
 * once.
 */
abstract class Posted {
  @SuppressWarnings("unused") // through LoopPost
  volatile boolean isPosted;

  @Nullable Posted nextPosted; // handed over with the list

  /** Looks what is to be done. The loop's thread. */
  abstract void arrived();
}
