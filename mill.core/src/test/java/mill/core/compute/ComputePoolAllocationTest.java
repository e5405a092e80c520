package mill.core.compute;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.locks.LockSupport;
import mill.testing.Allocations;
import mill.testing.ChildJvm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Promise 7, for the compute pool: a task that is handed in again makes no garbage. */
class ComputePoolAllocationTest {
  @Timeout(600) // the child is bounded: it has much to do
  @Test
  void executeOfAReusedTaskAllocatesNothingOnTheSubmittersAndTheWorkersThread() throws Exception {
    ChildJvm.Outcome outcome =
        ChildJvm.of(Main.class)
            .with(Allocations.assumedModule(), "-XX:TieredStopAtLevel=4")
            .working()
            .run();
    assertThat(outcome.exitCode()).as("%s", outcome).isZero();
    assertThat(outcome.out()).contains("no garbage");
  }

  /** Counts what this thread and the worker allocate. */
  static final class Main {
    private static final int TASKS = 20_000;
    private static final int BATCH = 50;

    private static volatile long ran;

    private Main() {}

    public static void main(String[] arguments) throws Exception {
      try (var pool = ComputePool.open(ComputePools.config(1).build())) {
        long submitter = Thread.currentThread().threadId();
        long worker = pool.submit(() -> Thread.currentThread().threadId()).join();
        Allocations.requireNone(TASKS, () -> submitAndWait(pool), submitter, worker);
      }
      System.out.println("no garbage");
    }

    // In batches, so that the worker goes to sleep and is woken, too.
    private static void submitAndWait(ComputePool pool) {
      Thread submitter = Thread.currentThread();
      Runnable task =
          () -> {
            long now = ran + 1;
            ran = now;
            if (now % BATCH == 0) {
              LockSupport.unpark(submitter);
            }
          };
      TaskPriority[] priorities = TaskPriority.values();
      for (int i = 0; i < TASKS / BATCH; i++) {
        long target = ran + BATCH;
        for (int j = 0; j < BATCH; j++) {
          pool.execute(priorities[j & 3], task);
        }
        while (ran < target) {
          LockSupport.park();
        }
      }
    }
  }
}
