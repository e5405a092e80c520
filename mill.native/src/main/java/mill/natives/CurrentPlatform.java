package mill.natives;

import static java.util.Objects.requireNonNull;

import java.util.function.LongSupplier;
import mill.natives.backend.SystemPlatform;
import mill.natives.platform.Platform;
import mill.natives.platform.Threads;

/**
 * The {@link Platform} that sockets, pollers and loops are made on when none is named: the system's
 * own, unless the calling thread runs inside of {@link #run}.
 */
public final class CurrentPlatform {
  private static final ScopedValue<Platform> SCOPED = ScopedValue.newInstance();

  private CurrentPlatform() {}

  /**
   * {@return the platform of the scope that the calling thread is in, or else that of this system,
   * always the same} Any thread. mill chooses the backend by {@code os.name} and {@code os.arch}
   * when it is first asked.
   *
   * @throws IllegalStateException outside of a scope, if native access is not granted to {@code
   *     mill.natives}; the message says what to type
   * @throws UnsupportedOperationException outside of a scope, if mill has no backend for this
   *     system or architecture, which the message names
   */
  public static Platform get() {
    // Not orElseGet: its lambda would be linked at every start.
    return SCOPED.isBound() ? SCOPED.get() : SystemPlatform.get();
  }

  /**
   * {@return the threads of the scope's platform, or else the JDK's} Any thread. Unlike {@link
   * #get} it needs no native access: for what has threads and no sockets.
   */
  public static Threads threads() {
    return SCOPED.isBound() ? SCOPED.get().threads() : Threads.system();
  }

  /**
   * {@return the clock of the scope's platform, or else {@link System#nanoTime}} Any thread. Unlike
   * {@link #get} it needs no native access: for what measures time and has no sockets.
   */
  public static LongSupplier clock() {
    return SCOPED.isBound() ? SCOPED.get()::nanoTime : System::nanoTime;
  }

  /**
   * Runs code for which another platform is the current one, a simulated one for instance. Any
   * thread.
   *
   * <p>The scope is that of the calling thread, and ends with the code: what the code makes stays
   * on the platform; threads that the code starts are outside of it, unless the platform made them
   * ({@link mill.natives.platform.Threads}).
   *
   * @param <X> what the code throws
   * @param platform the platform
   * @param code the code
   * @throws X if the code does
   */
  public static <X extends Throwable> void run(Platform platform, Code<X> code) throws X {
    ScopedValue.where(SCOPED, requireNonNull(platform, "platform"))
        .call(() -> {
          code.run();
          return true;
        });
  }

  /**
   * Code that may throw.
   *
   * @param <X> what it throws
   */
  @FunctionalInterface
  public interface Code<X extends Throwable> {
    /**
     * Runs.
     *
     * @throws X whenever it wants to
     */
    void run() throws X;
  }
}
