package mill.core;

import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.FutureTask;

/** Several threads that do the same thing at the same time. */
public final class Threads {
  /** Work of one thread. */
  @FunctionalInterface
  public interface Work {
    void run() throws Exception;
  }

  private Threads() {}

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

  /** Lets several threads begin at once, and waits for all. */
  public static void together(int count, Work work) throws Exception {
    var barrier = new CyclicBarrier(count);
    var threads = new ArrayList<FutureTask<Void>>();
    for (int i = 0; i < count; i++) {
      threads.add(
          Await.inBackground(
              "together " + i,
              () -> {
                barrier.await();
                work.run();
                return null;
              }));
    }
    for (FutureTask<Void> thread : threads) {
      Await.outcome(thread);
    }
  }
}
