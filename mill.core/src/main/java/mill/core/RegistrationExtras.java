package mill.core;

import java.util.concurrent.CompletableFuture;
import mill.core.internal.TaskQueue;
import mill.natives.Interest;
import org.jspecify.annotations.Nullable;

/**
 * What only some registrations need, made when it is asked for the first time. Its fields are
 * guarded by the registration's lock.
 */
final class RegistrationExtras {
  /** Not asked for meanwhile, whatever the interest. */
  Interest suspended = Interest.NONE;

  @Nullable Throttle readThrottle;
  @Nullable Throttle writeThrottle;

  /** What was given to {@link Registration#execute}. Closed when the registration ends. */
  @Nullable TaskQueue tasks;

  /** Of those who wait until no callback runs. One, however many wait. */
  @Nullable CompletableFuture<Void> quiet;

  RegistrationExtras() {}
}
