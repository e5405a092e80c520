package mill.core.snippets;

import java.time.Duration;
import mill.core.EventLoop;
import mill.core.ShutdownReport;

/** Examples of {@link EventLoop#shutdown}. */
final class ShutdownSnippets {
  private ShutdownSnippets() {}

  static void atTheEndOfTheProcess(EventLoop loop) {
    // @start region="shutdown"
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(() -> {
              // Is there in 6 seconds at the latest, whatever a handler does.
              ShutdownReport report =
                  loop.shutdown(Duration.ofSeconds(5)).toCompletableFuture().join();
              if (!report.inTime()) {
                System.err.println("not delivered: " + report.undelivered());
                System.err.println("still running: " + report.stillRunning());
              }
            }));
    // @end
  }
}
