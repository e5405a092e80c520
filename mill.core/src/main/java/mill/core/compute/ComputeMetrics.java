package mill.core.compute;

/**
 * What a {@link ComputePool} has done until one moment. All numbers are of the same moment, so in
 * every snapshot, not only in a quiet pool,
 *
 * <pre>{@code
 * submitted == rejected + queued + active + completed + failed + cancelled + abandoned
 * }</pre>
 *
 * <p>A task is active until everything that depends on its future has run on the worker too. So a
 * snapshot that is taken right after {@link java.util.concurrent.CompletableFuture#join()} may
 * still count the task as active. Counts are since the pool was opened.
 *
 * @param submitted tasks that were handed in, accepted or not
 * @param rejected tasks that were refused, because their priority was full or the pool closed
 * @param completed tasks that ran and returned
 * @param failed tasks that ran and threw
 * @param cancelled tasks that did not run because their future was done before, by {@code cancel}
 *     for instance; they are counted when a worker comes to them, and are queued until then
 * @param abandoned tasks that did not run because a shutdown ran out of time
 * @param active tasks that are running
 * @param queuedLow tasks of priority {@link TaskPriority#LOW} that wait
 * @param queuedNormal tasks of priority {@link TaskPriority#NORMAL} that wait
 * @param queuedHigh tasks of priority {@link TaskPriority#HIGH} that wait
 * @param queuedCritical tasks of priority {@link TaskPriority#CRITICAL} that wait
 * @param totalExecutionNs how long all tasks that completed or failed have run together, in
 *     nanoseconds, with what a busy worker takes to get from one to the next
 * @param maxExecutionNs how long the longest of them has run, in nanoseconds
 */
public record ComputeMetrics(
    long submitted,
    long rejected,
    long completed,
    long failed,
    long cancelled,
    long abandoned,
    int active,
    int queuedLow,
    int queuedNormal,
    int queuedHigh,
    int queuedCritical,
    long totalExecutionNs,
    long maxExecutionNs) {

  /** {@return how many tasks of all priorities wait} */
  public int queued() {
    return queuedLow + queuedNormal + queuedHigh + queuedCritical;
  }

  /**
   * Tells how many tasks of one priority wait.
   *
   * @param priority which
   * @return the number of tasks
   */
  public int queued(TaskPriority priority) {
    return switch (priority) {
      case LOW -> queuedLow;
      case NORMAL -> queuedNormal;
      case HIGH -> queuedHigh;
      case CRITICAL -> queuedCritical;
    };
  }
}
