package mill.core;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Says what a loop that does not end is held up by: which of its threads runs what, and where.
 *
 * @param <T> what is registered
 */
final class RunningCallbacks<T extends SerialCalls> {
  /** How much of a stack is told. */
  static final int MAX_FRAMES = 12;

  private final LoopLifecycle lifecycle;
  private final @Nullable WorkerPool<T> workers;
  private final @Nullable LoopTelemetry telemetry;
  private final Function<Object, String> describe;

  /**
   * Makes it.
   *
   * @param telemetry knows what the loop does, if the loop is watched
   * @param describe names what the loop or a worker does
   */
  RunningCallbacks(
      LoopLifecycle lifecycle,
      @Nullable WorkerPool<T> workers,
      @Nullable LoopTelemetry telemetry,
      Function<Object, String> describe) {
    this.lifecycle = lifecycle;
    this.workers = workers;
    this.telemetry = telemetry;
    this.describe = describe;
  }

  /**
   * Lists them. Any thread.
   *
   * @param loopWaits whether the loop's thread waits for its workers at this moment: then it is not
   *     what has to be told of
   */
  List<String> list(boolean loopWaits) {
    var texts = new ArrayList<String>();
    if (workers != null) {
      for (WorkerPool.Running<T> running : workers.running()) {
        texts.add(text(running.thread(), running.item()));
      }
    }
    Thread loop = lifecycle.thread();
    if (loop != null && !(loopWaits && !texts.isEmpty())) {
      texts.add(text(loop, telemetry == null ? null : telemetry.activity()));
    }
    return texts;
  }

  private String text(Thread thread, @Nullable Object activity) {
    String what = activity == null ? "" : describe.apply(activity) + ", ";
    String where =
        Arrays.stream(thread.getStackTrace())
            .limit(MAX_FRAMES)
            .map(StackTraceElement::toString)
            .collect(Collectors.joining(" < "));
    return thread.getName() + ": " + what + "at " + where;
  }
}
