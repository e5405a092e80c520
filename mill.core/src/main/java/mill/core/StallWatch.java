package mill.core;

import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Tells when a turn takes too long: once when it exceeds the threshold, and again each time it has
 * doubled since.
 *
 * <p>Reads what the loop publishes, and its stack, and nothing else. One thread at a time.
 */
final class StallWatch {
  private static final System.Logger LOGGER = System.getLogger("mill.core");

  private final LoopSight sight;
  private final String loop;
  private final long thresholdNs;
  private final Consumer<StallReport> onStall;

  // The turn that was seen last, and after how long it is to be reported.
  private long turnNs = LoopSight.IDLE;
  private long reportAtNs;

  /**
   * Makes a watch.
   *
   * @param sight what the loop publishes
   * @param config name, threshold and listener
   */
  StallWatch(LoopSight sight, LoopConfig config) {
    this.sight = sight;
    loop = config.name();
    thresholdNs = config.stallThresholdNs();
    onStall = config.onStall();
  }

  /** The listener that is used unless the user sets another. */
  static void log(StallReport report) {
    LOGGER.log(System.Logger.Level.WARNING, report.toString());
  }

  /** Looks, and reports if there is something to report. */
  void check(Thread loopThread) {
    long sinceNs = sight.workingSinceNs();
    if (sinceNs != turnNs) {
      turnNs = sinceNs;
      reportAtNs = thresholdNs;
    }
    if (sinceNs == LoopSight.IDLE) {
      return;
    }
    long lastedNs = sight.nanoTime() - sinceNs;
    if (lastedNs < reportAtNs) {
      return;
    }
    String activity = describe(sight.activity());
    List<StackTraceElement> stack = List.of(loopThread.getStackTrace());
    // What is over meanwhile was no stall for long, and the stack is that of something else.
    if (sight.workingSinceNs() == sinceNs) {
      reportAtNs = lastedNs > Long.MAX_VALUE >> 1 ? Long.MAX_VALUE : 2 * lastedNs;
      tell(new StallReport(loop, activity, Duration.ofNanos(lastedNs), stack));
    }
  }

  private void tell(StallReport report) {
    try {
      onStall.accept(report);
    } catch (RuntimeException e) {
      LOGGER.log(System.Logger.Level.ERROR, "onStall has thrown for: " + report, e);
    }
  }

  // Takes no lock, or it would wait for the very handler that it is to name.
  private static String describe(@Nullable Object activity) {
    return switch (activity) {
      case null -> "between two steps of the turn";
      case Registration registration ->
          "handler " + registration.handlerClass().getName() + " of " + registration.pollableText();
      case LoopTimeout timer -> "timer " + timer.task.getClass().getName();
      case String step -> step;
      default -> "task " + activity.getClass().getName();
    };
  }
}
