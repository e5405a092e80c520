package mill.core.compute;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import mill.testing.Await;

/** What tests of a compute pool have in common. */
final class ComputePools {
  private static final List<TaskPriority> PRIORITIES = List.of(TaskPriority.values());

  private ComputePools() {}

  /** One priority after the other. */
  static TaskPriority priority(int number) {
    return PRIORITIES.get(number % PRIORITIES.size());
  }

  static ComputePoolConfig.Builder config(int threads) {
    return ComputePoolConfig.builder().name("pool").threads(threads);
  }

  /** Waits until nothing runs and nothing waits. */
  static ComputeMetrics quiet(ComputePool pool) {
    long start = System.nanoTime();
    ComputeMetrics now = pool.metrics();
    while (now.active() + now.queued() > 0) {
      Await.requirePatience(start, "never quiet: " + now);
      Thread.onSpinWait();
      now = pool.metrics();
    }
    return now;
  }

  /** Keeps workers busy until it is opened. */
  static final class Gate {
    private final CountDownLatch entered;
    private final CountDownLatch open = new CountDownLatch(1);
    final List<Thread> workers = new CopyOnWriteArrayList<>();

    private Gate(int workers) {
      entered = new CountDownLatch(workers);
    }

    /** Occupies that many workers; returns when they are. Interrupts do not open it. */
    static Gate shut(ComputePool pool, int workers) {
      var gate = new Gate(workers);
      for (int i = 0; i < workers; i++) {
        pool.execute(TaskPriority.CRITICAL, gate::pass);
      }
      Await.await(gate.entered);
      return gate;
    }

    void open() {
      open.countDown();
    }

    private void pass() {
      workers.add(Thread.currentThread());
      entered.countDown();
      boolean closed = true;
      while (closed) {
        try {
          open.await();
          closed = false;
        } catch (InterruptedException e) {
          closed = true; // a task that does not care
        }
      }
    }
  }
}
