package mill.core;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import mill.natives.Interest;
import mill.natives.net.UnixStream;
import mill.testing.Await;

/** Runs a loop on a thread of its own, and tells how that ended. */
public final class LoopRunner {
  private final EventLoop loop;
  private final FutureTask<Void> run;
  private final Thread thread;
  private final List<Throwable> uncaught = new CopyOnWriteArrayList<>();

  private LoopRunner(EventLoop loop) {
    this.loop = loop;
    run =
        new FutureTask<>(() -> {
          loop.run();
          return null;
        });
    thread =
        Thread.ofPlatform()
            .daemon()
            .name(loop.config().name())
            .uncaughtExceptionHandler((where, thrown) -> uncaught.add(thrown))
            .start(run);
  }

  /** Starts a thread that runs the loop; it may not have got there when this returns. */
  public static LoopRunner start(EventLoop loop) {
    return new LoopRunner(loop);
  }

  /** Starts a thread that runs the loop, and waits until it does. */
  public static LoopRunner startAndAwait(EventLoop loop) {
    var running = new CountDownLatch(1);
    loop.execute(running::countDown);
    LoopRunner runner = new LoopRunner(loop);
    Await.await(running);
    return runner;
  }

  /** Holds a loop up in a task, as it does when this returns, until the latch is counted down. */
  public static CountDownLatch hold(EventLoop loop) {
    var held = new CountDownLatch(1);
    var released = new CountDownLatch(1);
    loop.execute(() -> {
      held.countDown();
      Await.await(released);
    });
    Await.await(held);
    return released;
  }

  /**
   * Holds up all workers of a loop of this system in tasks, as they are when this returns, until
   * the latch is counted down: nobody polls. An inline loop has none.
   */
  public static CountDownLatch holdWorkers(EventLoop loop) throws IOException {
    boolean has = loop.config().dispatch() == DispatchMode.WORKERS;
    int workers = has ? loop.config().workers() : 0;
    var held = new CountDownLatch(workers);
    var released = new CountDownLatch(1);
    for (int i = 0; i < workers; i++) {
      UnixStream.Pair pair = UnixStream.pair();
      pair.second().close();
      Registration registration =
          loop.register(pair.first(), Interest.NONE, (mine, readiness) -> {});
      registration.execute(() -> {
        registration.close();
        held.countDown();
        Await.await(released);
      });
    }
    Await.await(held);
    return released;
  }

  public Thread thread() {
    return thread;
  }

  /** What reached the loop thread's uncaught-exception handler. */
  public List<Throwable> uncaught() {
    return uncaught;
  }

  /** Waits until the loop has ended; what {@code run} threw is thrown here. */
  public void join() throws Exception {
    Await.outcome(run);
  }

  public void stopAndJoin() throws Exception {
    loop.stop();
    join();
  }
}
