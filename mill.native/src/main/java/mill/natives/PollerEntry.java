package mill.natives;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import org.jspecify.annotations.Nullable;

/**
 * What a poller knows of a pollable, and the lock for it. The poller alone writes.
 *
 * <p>The lock is not the pollable: its user may lock that, and hold it for long.
 */
final class PollerEntry {
  /** Null while it is not registered. */
  @GuardedBy("this")
  @Nullable Poller poller;

  @GuardedBy("this")
  long token;

  /** What the kernel reports; {@link Interest#NONE} when the descriptor is not in its set. */
  @GuardedBy("this")
  Interest interest = Interest.NONE;
}
