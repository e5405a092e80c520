package mill.testing;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
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

  /** The id of the thread that owns what a blocked one waits for. */
  public static long blockerOf(Thread blocked) {
    return ManagementFactory.getThreadMXBean().getThreadInfo(blocked.threadId()).getLockOwnerId();
  }
}
