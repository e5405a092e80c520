package mill.core.internal;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A future that certain threads bring about: they must not wait for it, and are told so instead of
 * hanging. That holds for what is derived from it as well, for as long as it is not done.
 *
 * @param <T> what it completes with
 */
public class OwnThreadFuture<T extends @Nullable Object> extends PlatformFuture<T> {
  private final BooleanSupplier isOwnThread;
  private final String message;
  private final CompletableFuture<?> origin;

  /**
   * Makes one that is not complete.
   *
   * @param isOwnThread whether the calling thread is one that must not wait
   * @param message what it is told, and what to do instead
   */
  public OwnThreadFuture(BooleanSupplier isOwnThread, String message) {
    this.isOwnThread = isOwnThread;
    this.message = message;
    origin = this;
  }

  private OwnThreadFuture(OwnThreadFuture<?> from) {
    isOwnThread = from.isOwnThread;
    message = from.message;
    origin = from.origin;
  }

  @Override
  public <U extends @Nullable Object> CompletableFuture<U> newIncompleteFuture() {
    return new OwnThreadFuture<>(this);
  }

  @Override
  public T join() {
    refuseToHang();
    return super.join();
  }

  @Override
  public T get() throws InterruptedException, ExecutionException {
    refuseToHang();
    return super.get();
  }

  @Override
  public T get(long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, TimeoutException {
    refuseToHang();
    return super.get(timeout, unit);
  }

  private void refuseToHang() {
    if (!isDone() && !origin.isDone() && isOwnThread.getAsBoolean()) {
      throw new IllegalStateException(message);
    }
  }
}
