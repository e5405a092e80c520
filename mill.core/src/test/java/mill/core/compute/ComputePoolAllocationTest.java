package mill.core.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.module.ModuleFinder;
import java.lang.reflect.Method;
import java.util.concurrent.locks.LockSupport;
import mill.testing.ChildJvm;
import org.junit.jupiter.api.Test;

/** Promise 7, for the compute pool: a task that is handed in again makes no garbage. */
class ComputePoolAllocationTest {
  @Test
  void executeOfAReusedTaskAllocatesNothingOnTheSubmittersAndTheWorkersThread() throws Exception {
    assumeTrue(
        ModuleFinder.ofSystem().find("jdk.management").isPresent(),
        "this JDK has no module jdk.management, which counts allocations");
    ChildJvm.Outcome outcome =
        ChildJvm.of(Main.class)
            .with("--add-modules=jdk.management", "-XX:TieredStopAtLevel=4")
            .run();
    assertThat(outcome.exitCode()).as("%s", outcome).isZero();
    assertThat(outcome.out()).contains("no garbage");
  }

  /** Counts what this thread and the worker allocate. */
  static final class Main {
    private static final int TASKS = 20_000;
    private static final int BATCH = 50;
    private static final int MAX_WINDOWS = 100;

    private static volatile long ran;

    private Main() {}

    public static void main(String[] arguments) throws Exception {
      Object threads =
          Class.forName("java.lang.management.ManagementFactory")
              .getMethod("getThreadMXBean")
              .invoke(null);
      // By reflection, since mill.core does not read jdk.management.
      Method allocated =
          Class.forName("com.sun.management.ThreadMXBean")
              .getMethod("getThreadAllocatedBytes", long.class);
      try (var pool = ComputePool.open(ComputePools.config(1).build())) {
        long submitter = Thread.currentThread().threadId();
        long worker = pool.submit(() -> Thread.currentThread().threadId()).join();
        long fewest = Long.MAX_VALUE;
        // The first windows are interpreted and compiled; what allocates for each task does so in
        // every window. Reading the counters allocates a little itself.
        for (int window = 0; window < MAX_WINDOWS && fewest >= TASKS; window++) {
          long before =
              (long) allocated.invoke(threads, submitter)
                  + (long) allocated.invoke(threads, worker);
          submitAndWait(pool);
          long after =
              (long) allocated.invoke(threads, submitter)
                  + (long) allocated.invoke(threads, worker);
          fewest = Math.min(fewest, after - before);
        }
        if (fewest >= TASKS) {
          throw new AssertionError(fewest + " bytes in " + TASKS + " tasks");
        }
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
