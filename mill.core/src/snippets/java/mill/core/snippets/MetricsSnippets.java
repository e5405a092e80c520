package mill.core.snippets;

import java.io.IOException;
import java.time.Duration;
import mill.core.EventLoop;
import mill.core.LoopConfig;
import mill.core.LoopMetrics;

/** Examples of {@link EventLoop#metrics} and of the stall watchdog. */
final class MetricsSnippets {
  private MetricsSnippets() {}

  // @start region="metrics"
  /** Prints once a second how busy a loop is and whether work piles up. */
  static void watch(EventLoop loop) {
    var before = new LoopMetrics[] {loop.metrics()};
    loop.scheduleAtFixedRate(
        Duration.ofSeconds(1),
        Duration.ofSeconds(1),
        () -> {
          LoopMetrics now = loop.metrics();
          LoopMetrics lately = now.since(before[0]);
          before[0] = now;
          System.out.printf(
              "%d events, %.0f %% busy, %d tasks wait, %d registrations%n",
              lately.events().dispatched(),
              100 * lately.utilization(),
              lately.tasks().queued(),
              lately.registrations());
        });
  }

  // @end

  static EventLoop watched() throws IOException {
    // @start region="stall"
    LoopConfig config =
        LoopConfig.builder()
            .name("http")
            .stallThreshold(Duration.ofMillis(100))
            .onStall(report -> System.err.println(report)) // or leave it out: a warning is logged
            .build();
    // @end
    return EventLoop.open(config);
  }
}
