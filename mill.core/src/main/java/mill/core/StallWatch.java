package mill.core;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Tells when a turn takes too long: once when it exceeds the threshold, and again each time it has
 * doubled since.
 *
 * <p>Reads what the loop publishes, and its stack, and nothing else. One thread at a time.
 */
final class StallWatch {
  private final LoopTelemetry telemetry;
  private final String loop;
  private final long thresholdNs;
  private final Consumer<StallReport> onStall;
  private final Function<Object, String> describe;

  // The turn that was seen last, and after how long it is to be reported.
  private long turnNs = LoopTelemetry.IDLE;
  private long reportAtNs;

  /**
   * Makes a watch.
   *
   * @param telemetry what the loop publishes
   * @param config name, threshold and listener
   * @param describe names what the loop does, given what {@link LoopTelemetry#doing} was given
   */
  StallWatch(LoopTelemetry telemetry, LoopConfig config, Function<Object, String> describe) {
    this.telemetry = telemetry;
    this.describe = describe;
    loop = config.name();
    thresholdNs = config.stallThresholdNs();
    onStall = config.onStall();
  }

  /** Looks, and reports if there is something to report. */
  void check(Thread loopThread) {
    long sinceNs = telemetry.workingSinceNs();
    if (sinceNs != turnNs) {
      turnNs = sinceNs;
      reportAtNs = thresholdNs;
    }
    if (sinceNs == LoopTelemetry.IDLE) {
      return;
    }
    long lastedNs = telemetry.nanoTime() - sinceNs;
    if (lastedNs < reportAtNs) {
      return;
    }
    Object activity = telemetry.activity();
    String text = activity == null ? "between two steps of the turn" : describe.apply(activity);
    List<StackTraceElement> stack = List.of(loopThread.getStackTrace());
    // What is over meanwhile was no stall for long, and the stack is that of something else.
    if (telemetry.workingSinceNs() == sinceNs) {
      reportAtNs = lastedNs > Long.MAX_VALUE >> 1 ? Long.MAX_VALUE : 2 * lastedNs;
      tell(new StallReport(loop, text, Duration.ofNanos(lastedNs), stack));
    }
  }

  private void tell(StallReport report) {
    try {
      onStall.accept(report);
    } catch (Throwable thrown) { // also an Error: the loop is to be watched on
      System.getLogger("mill.core").log(Level.ERROR, "onStall has thrown for: " + report, thrown);
    }
  }
}
