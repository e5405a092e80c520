package mill.core.compute;

/**
 * How much a task of a {@link ComputePool} matters, from the least to the most.
 *
 * <p>A higher priority is served first, except that a task which has been passed over {@link
 * ComputePoolConfig#ageingLimit()} times is served next; {@link ComputePool} tells the rule.
 */
public enum TaskPriority {
  /** Work that may wait: compaction, prefetching, statistics. */
  LOW,

  /** What {@link ComputePool#execute(Runnable)} takes a task for. */
  NORMAL,

  /** Work somebody is waiting for. */
  HIGH,

  /** Work that everything else is waiting for; to be used sparingly. */
  CRITICAL
}
