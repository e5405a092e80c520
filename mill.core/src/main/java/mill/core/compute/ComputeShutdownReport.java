package mill.core.compute;

import java.util.List;

/**
 * How the shutdown of a {@link ComputePool} went. It covers everything since the pool stopped
 * accepting, so a second call of {@link ComputePool#shutdown} reports what happened during the
 * first one too.
 *
 * @param ended tasks that were accepted before and ended since: they completed, failed, or were
 *     dropped because their future was done
 * @param abandoned tasks that were accepted and will never run
 * @param abandonedRunnables those of them that came through {@code execute}, in the order in which
 *     they would have been taken; the others' futures tell of it themselves
 * @param running tasks that are still running: they ignored the interrupt, or the call that made
 *     this report did not wait for them
 */
public record ComputeShutdownReport(
    long ended, int abandoned, List<Runnable> abandonedRunnables, int running) {

  /**
   * Makes a report.
   *
   * @throws NullPointerException if {@code abandonedRunnables} is null
   */
  public ComputeShutdownReport {
    abandonedRunnables = List.copyOf(abandonedRunnables);
  }

  /**
   * {@return whether every accepted task has run to its end: nothing was abandoned, nothing is
   * running}
   */
  public boolean isDrained() {
    return abandoned == 0 && running == 0;
  }
}
