package mill.core.internal;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import mill.natives.CurrentPlatform;
import mill.natives.platform.Threads;
import org.jspecify.annotations.Nullable;

/**
 * A future whose holder waits as the threads of his platform do: in a simulation the others have
 * their turn meanwhile. The same holds for what is derived from it.
 *
 * @param <T> what it completes with
 */
public class PlatformFuture<T extends @Nullable Object> extends CompletableFuture<T> {
  /** Makes one that is not complete. */
  public PlatformFuture() {}

  @Override
  public <U extends @Nullable Object> CompletableFuture<U> newIncompleteFuture() {
    return new PlatformFuture<>();
  }

  @Override
  public T join() {
    Threads threads = CurrentPlatform.threads();
    if (waitsElsewhere(threads)) {
      Waits.await(threads, CurrentPlatform.clock(), whenDone(), Threads.FOREVER);
    }
    return super.join();
  }

  @Override
  public T get() throws InterruptedException, ExecutionException {
    Threads threads = CurrentPlatform.threads();
    if (waitsElsewhere(threads)) {
      var _ = threads.await(whenDone(), Threads.FOREVER);
    }
    return super.get();
  }

  @Override
  public T get(long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, TimeoutException {
    Threads threads = CurrentPlatform.threads();
    if (waitsElsewhere(threads) && !threads.await(whenDone(), unit.toNanos(timeout))) {
      throw new TimeoutException();
    }
    return super.get(timeout, unit);
  }

  @SuppressWarnings("ReferenceEquality") // whether they are the very ones
  private boolean waitsElsewhere(Threads threads) {
    return threads != Threads.system() && !isDone();
  }

  // Not this one: platforms that ask the JDK's threads to wait would come back here.
  private CompletableFuture<Void> whenDone() {
    var done = new CompletableFuture<Void>();
    var _ = whenComplete((value, thrown) -> done.complete(null));
    return done;
  }
}
