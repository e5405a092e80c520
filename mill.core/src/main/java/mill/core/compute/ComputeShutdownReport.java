package mill.core.compute;

import java.util.List;

/**
 * How the shutdown of a {@link ComputePool} went. It tells of everything since the pool stopped
 * accepting, so that a second call of {@link ComputePool#shutdown} tells of the first one's doings
 * too.
 *
 * @param ended tasks that were accepted before and ended since: they completed, failed, or were
 *     dropped because their future was done
 * @param abandoned tasks that were accepted and will never run
 * @param abandonedRunnables those of them that came through {@code execute}, in the order in which
 *     they would have been taken; the others' futures tell of it themselves
 * @param running tasks that are still running: they have been interrupted and did not care, or the
 *     report is one of those that do not wait
 */
public record ComputeShutdownReport(
    long ended, int abandoned, List<Runnable> abandonedRunnables, int running) {

  /**
   * Makes a report.
   *
   * @param ended as the record tells
   * @param abandoned as the record tells
   * @param abandonedRunnables as the record tells; copied
   * @param running as the record tells
   */
  public ComputeShutdownReport {
    abandonedRunnables = List.copyOf(abandonedRunnables);
  }

  /**
   * Tells whether every accepted task has run to its end.
   *
   * @return true if nothing was abandoned and nothing is running
   */
  public boolean isDrained() {
    return abandoned == 0 && running == 0;
  }
}
