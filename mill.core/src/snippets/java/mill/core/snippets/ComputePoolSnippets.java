package mill.core.snippets;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import mill.core.EventLoop;
import mill.core.compute.ComputePool;
import mill.core.compute.ComputePoolConfig;
import mill.core.compute.ComputeShutdownReport;
import mill.core.compute.TaskPriority;

/** Examples of a compute pool beside an event loop. */
public final class ComputePoolSnippets {
  private ComputePoolSnippets() {}

  /**
   * Computes beside the loop, and brings the result back to it.
   *
   * @param arguments not used
   * @throws IOException if the system refuses to open a loop
   */
  public static void main(String[] arguments) throws IOException {
    try (var loop = EventLoop.open();
        var pool = ComputePool.open(ComputePoolConfig.builder().name("primes").build())) {
      CompletableFuture<Integer> delivered =
          backOnTheLoop(
              loop,
              pool,
              () -> countPrimes(100_000),
              (count, failure) -> {
                System.out.println(failure == null ? count + " primes" : "failed: " + failure);
                loop.stop();
              });
      loop.run();
      delivered.join();
    }
  }

  static CompletableFuture<Integer> backOnTheLoop(
      EventLoop loop,
      ComputePool pool,
      Callable<Integer> work,
      BiConsumer<Integer, Throwable> callback) {
    // @start region="backOnTheLoop"
    CompletableFuture<Integer> delivered =
        pool.submit(TaskPriority.HIGH, work) // runs on one of the pool's threads
            .whenCompleteAsync(callback, loop); // called on the loop's thread
    // @end
    return delivered;
  }

  static void shutDown(ComputePool pool) {
    // @start region="shutdown"
    ComputeShutdownReport report = pool.shutdown(Duration.ofSeconds(5));
    if (!report.isDrained()) {
      System.err.println(report.abandoned() + " tasks never ran, " + report.running() + " run on");
    }
    // @end
  }

  private static int countPrimes(int below) {
    int count = 0;
    for (int candidate = 2; candidate < below; candidate++) {
      boolean prime = true;
      for (int divisor = 2; prime && divisor * divisor <= candidate; divisor++) {
        prime = candidate % divisor != 0;
      }
      count += prime ? 1 : 0;
    }
    return count;
  }
}
