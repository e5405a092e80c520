package mill.core.group;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import mill.core.EventLoop;
import mill.core.internal.Waits;
import mill.natives.CurrentPlatform;
import mill.natives.platform.Platform;

/** The thread that runs one loop of a group. */
final class LoopThread {
  /** Of a thread that is not bound to a processor. */
  static final int ANY_CPU = -1;

  private final EventLoop loop;
  private final int cpu;
  private final Runnable afterRun;
  private final Consumer<Throwable> failed;
  private final Thread thread;
  private final CompletableFuture<Void> started = new CompletableFuture<>();
  private final CompletableFuture<Void> ended = new CompletableFuture<>();

  /**
   * Makes the thread.
   *
   * @param afterRun called on the thread when the loop has ended without a failure
   * @param failed hears, on the thread, why the loop could not run (on)
   */
  LoopThread(EventLoop loop, int cpu, Runnable afterRun, Consumer<Throwable> failed) {
    this.loop = loop;
    this.cpu = cpu;
    this.afterRun = afterRun;
    this.failed = failed;
    // Not a daemon: a server lives as long as its loops.
    thread = platformOf(loop).threads().unstarted(loop.config().name(), false, this::run);
  }

  void start() {
    thread.start();
  }

  /** Lets nobody wait any more: the thread has ended, or never will be started. */
  void releaseWaiters() {
    started.complete(null);
    ended.complete(null);
  }

  /** Waits for the thread to end, if it was started. */
  void join() {
    Waits.join(platformOf(loop).threads(), thread);
  }

  Thread thread() {
    return thread;
  }

  /** Completes when the loop is in its first turn, or never will be. */
  CompletableFuture<Void> started() {
    return started;
  }

  /** Completes as the thread's last act. */
  CompletableFuture<Void> ended() {
    return ended;
  }

  private void run() {
    try {
      if (cpu != ANY_CPU) {
        pin();
      }
      loop.schedule(Duration.ZERO, () -> started.complete(null));
      loop.run();
      afterRun.run();
    } catch (Throwable thrown) {
      failed.accept(thrown);
    } finally {
      releaseWaiters();
    }
  }

  private void pin() throws IOException {
    Platform platform = platformOf(loop);
    int result = platform.pinCurrentThread(cpu);
    if (result < 0) {
      throw platform
          .errnos()
          .exception("binding thread " + thread.getName() + " to cpu " + cpu, result);
    }
  }

  static Platform platformOf(EventLoop loop) {
    return loop.config().platform().orElseGet(CurrentPlatform::get);
  }
}
