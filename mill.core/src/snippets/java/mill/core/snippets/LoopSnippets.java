package mill.core.snippets;

import java.io.IOException;
import java.time.Duration;
import mill.core.EventLoop;
import mill.core.IdleStrategy;
import mill.core.LoopConfig;

/** Examples of how a loop is set up. */
final class LoopSnippets {
  private LoopSnippets() {}

  static void idle() throws IOException {
    // @start region="idle"
    // Never sleeps while something comes every 100 microseconds, and gives its processor back
    // when nothing has come for a millisecond.
    var backOff = new IdleStrategy(Duration.ofNanos(100_000), Duration.ofMillis(1));
    try (var loop = EventLoop.open(LoopConfig.builder().idleStrategy(backOff).build())) {
      loop.run();
    }
    // @end
  }
}
